//! Judging a module zip: all at once, and as it arrives.
//!
//! `cargo bench -p twinproof-gomod`
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use twinproof_gomod::zip::{Limits, Stream, check, create};

const MODULE: &str = "example.com/m";
const VERSION: &str = "v1.0.0";

/// A module's zip of so many files of about so many bytes each.
fn zip_of(files: usize, size: usize) -> Vec<u8> {
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
                check(black_box(zip.as_slice()), MODULE, VERSION, Limits::default()).unwrap()
            });
        });
        group.bench_function("as it arrives", |b| {
            b.iter(|| {
                let mut stream = Stream::new(MODULE, VERSION, Limits::default()).unwrap();
                for chunk in black_box(zip.as_slice()).chunks(32 << 10) {
                    stream.push(chunk).unwrap();
                }
                stream.finish(zip.as_slice()).unwrap()
            });
        });
        group.finish();
    }
}

criterion_group!(benches, validation);
criterion_main!(benches);
