//! Judging a module zip, all at once and as it arrives; the h1 of a zip and of a directory.
//!
//! `cargo bench -p twinproof-gomod`
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::io::Cursor;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use twinproof_gomod::dirhash::{hash_dir, hash_zip_reader};
use twinproof_gomod::zip::{Stream, ZipLimits, check, create};

const MODULE: &str = "example.com/m";
const VERSION: &str = "v1.0.0";

/// A module's zip of so many files of about so many bytes each.
fn zip_of(files: usize, size: usize) -> Vec<u8> {
    // Source code, because the speed of inflating depends on what is compressed.
    let line = "func compress(text string) string { return text }\n";
    let mut tree = vec![("go.mod".to_owned(), format!("module {MODULE}\n\ngo 1.21\n"))];
    tree.extend((0..files).map(|i| {
        let text = format!("package p{i}\n\n{}", line.repeat(size / line.len()));
        (format!("p{}/file{i}.go", i % 50), text)
    }));
    create(MODULE, VERSION, &tree).unwrap().zip
}

fn validation(c: &mut Criterion) {
    for (name, files, size) in
        [("1000 files of 8 KiB", 1000, 8 << 10), ("1 file of 8 MiB", 1, 8 << 20)]
    {
        let zip = zip_of(files, size);
        let mut group = c.benchmark_group(format!("module zip of {name}"));
        group.throughput(Throughput::Bytes((files * size) as u64));
        group.bench_function("all at once", |b| {
            b.iter(|| {
                check(black_box(zip.as_slice()), MODULE, VERSION, ZipLimits::default()).unwrap()
            });
        });
        group.bench_function("as it arrives", |b| {
            b.iter(|| {
                // 32 KiB, as they come from a socket.
                let mut stream = Stream::new(MODULE, VERSION, ZipLimits::default()).unwrap();
                for chunk in black_box(zip.as_slice()).chunks(32 << 10) {
                    stream.push(chunk).unwrap();
                }
                stream.finish(zip.as_slice()).unwrap()
            });
        });
        group.finish();
    }
}

fn dirhash(c: &mut Criterion) {
    let mut group = c.benchmark_group("h1 of a zip");
    for (name, files, size) in
        [("1000 files of 8 KiB", 1000, 8 << 10), ("1 file of 8 MiB", 1, 8 << 20)]
    {
        let zip = zip_of(files, size);
        group.throughput(Throughput::Bytes((files * size) as u64));
        group.bench_function(name, |b| {
            b.iter(|| hash_zip_reader(Cursor::new(black_box(zip.as_slice()))).unwrap());
        });
    }
}

fn directory(c: &mut Criterion) {
    let dir = tempfile::tempdir().unwrap();
    // Many small files, where opening them costs more than hashing.
    for i in 0..200 {
        std::fs::write(dir.path().join(format!("file{i}.go")), "package p\n".repeat(800)).unwrap();
    }
    c.bench_function("h1 of a directory of 200 files of 8 KB", |b| {
        b.iter(|| hash_dir(black_box(dir.path()), "m@v1.0.0").unwrap());
    });
}

criterion_group!(benches, validation, dirhash, directory);
criterion_main!(benches);
