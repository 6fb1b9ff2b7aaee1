//! The hot paths: the h1 of a zip, reading a hash through tiles, proofs, opening a note.
//!
//! `cargo bench -p twinproof-sumdb`
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::io::{Cursor, Write};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use twinproof_sumdb::client::{Client, MemoryStore};
use twinproof_sumdb::dirhash::hash_zip_reader;
use twinproof_sumdb::note::{Note, Signer, open, sign};
use twinproof_sumdb::server::{Local, MemoryLog, ServerOps};
use twinproof_sumdb::tile::{Tile, hash_from_tile};
use twinproof_sumdb::tlog::{
    Hash, check_record, prove_record, record_hash, stored_hash_index, stored_hashes, tree_hash,
};
use zip::write::{SimpleFileOptions, ZipWriter};

const RECORDS: u64 = 10_000;

fn zip_of(files: usize, size: usize) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let line = b"func compress(text string) string { return text }\n";
    for i in 0..files {
        zip.start_file(format!("m@v1.0.0/file{i}.go"), SimpleFileOptions::default()).unwrap();
        zip.write_all(&line.repeat(size / line.len())).unwrap();
    }
    zip.finish().unwrap().into_inner()
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

fn log() -> MemoryLog {
    let log = MemoryLog::new(Signer::from_seed("example.com/sumdb", [1; 32]).unwrap());
    for n in 0..RECORDS {
        let module = format!("example.com/m{n}");
        log.add(&module, "v1.0.0", &format!("{module} v1.0.0 h1:x\n")).unwrap();
    }
    log
}

fn tree(c: &mut Criterion) {
    let mut stored: Vec<Hash> = Vec::new();
    for n in 0..RECORDS {
        let more = stored_hashes(n, &n.to_be_bytes(), stored.as_slice()).unwrap();
        stored.extend(more);
    }
    let root = tree_hash(RECORDS, stored.as_slice()).unwrap();
    let proof = prove_record(RECORDS, 1234, stored.as_slice()).unwrap();
    let record = record_hash(&1234u64.to_be_bytes());
    c.bench_function("make an inclusion proof in 10,000 records", |b| {
        b.iter(|| prove_record(RECORDS, black_box(1234), stored.as_slice()).unwrap());
    });
    c.bench_function("check an inclusion proof in 10,000 records", |b| {
        b.iter(|| check_record(black_box(&proof), RECORDS, &root, 1234, &record).unwrap());
    });
}

fn tile(c: &mut Criterion) {
    let tile = Tile::parse("tile/8/0/000").unwrap();
    let data = log().tile(tile).unwrap();
    let top = stored_hash_index(8, 0);
    c.bench_function("hash of a full tile of height 8", |b| {
        b.iter(|| hash_from_tile(tile, black_box(&data), top).unwrap());
    });
}

fn note(c: &mut Criterion) {
    let signer = Signer::from_seed("example.com/sumdb", [1; 32]).unwrap();
    let text = log().head().unwrap().to_string();
    let message = sign(&Note { text, ..Note::default() }, &[&signer]).unwrap();
    let known = [signer.verifier().clone()];
    c.bench_function("open a note", |b| {
        b.iter(|| open(black_box(message.as_bytes()), &known).unwrap());
    });
}

fn lookup(c: &mut Criterion) {
    let log = log();
    let client = Client::new(&log.key(), Local(&log), MemoryStore::default()).unwrap();
    c.bench_function("look up with warm tiles", |b| {
        b.iter(|| client.lookup(black_box("example.com/m1234"), "v1.0.0").unwrap());
    });
}

criterion_group!(benches, dirhash, tree, tile, note, lookup);
criterion_main!(benches);
