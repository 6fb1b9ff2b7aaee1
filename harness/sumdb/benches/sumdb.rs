//! The hot paths: tiles, proofs, publishing, opening a note, a lookup.
//!
//! `cargo bench -p twinproof-sumdb`
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use twinproof_sumdb::client::{Client, MemoryStore};
use twinproof_sumdb::note::{Note, Signer, open, sign};
use twinproof_sumdb::server::{Local, MemoryLog, ServerOps};
use twinproof_sumdb::tile::{HashedTile, Tile};
use twinproof_sumdb::tlog::{
    Inclusion, check_record, check_records, check_tree, prove_record, prove_tree, record_hash,
    stored_hashes_of_all, tree_hash,
};

const RECORDS: u64 = 10_000;

fn log() -> MemoryLog {
    let log = MemoryLog::new(Signer::from_seed("example.com/sumdb", [1; 32]).unwrap());
    // Through `add` as a server does, which checks each record.
    for n in 0..RECORDS {
        let module = format!("example.com/m{n}");
        log.add(&module, "v1.0.0", &format!("{module} v1.0.0 h1:x\n")).unwrap();
    }
    log
}

fn proofs(c: &mut Criterion) {
    let records: Vec<_> = (0..RECORDS).map(u64::to_be_bytes).collect();
    c.bench_function("hashes of 10,000 new records", |b| {
        b.iter(|| stored_hashes_of_all(0, black_box(&records), [].as_slice()).unwrap());
    });
    let stored = stored_hashes_of_all(0, &records, [].as_slice()).unwrap();
    let root = tree_hash(RECORDS, stored.as_slice()).unwrap();
    let prove = |n| prove_record(RECORDS, n, stored.as_slice()).unwrap();
    c.bench_function("make an inclusion proof in 10,000 records", |b| {
        b.iter(|| prove(black_box(1234)));
    });
    let (proof, record) = (prove(1234), record_hash(&records[1234]));
    // The verifier works on what a stranger sent, so that this is what a client waits for.
    c.bench_function("check an inclusion proof in 10,000 records", |b| {
        b.iter(|| check_record(black_box(&proof), RECORDS, &root, 1234, &record).unwrap());
    });
    let proofs: Vec<_> = (0..64).map(|n| (prove(n), record_hash(&records[n as usize]))).collect();
    let many: Vec<_> =
        (0..).zip(&proofs).map(|(n, (proof, record))| Inclusion { n, record, proof }).collect();
    c.bench_function("check 64 inclusion proofs in 10,000 records", |b| {
        b.iter(|| check_records(RECORDS, &root, black_box(&many)).unwrap());
    });
    let proof = prove_tree(RECORDS, 1234, stored.as_slice()).unwrap();
    let older = tree_hash(1234, stored.as_slice()).unwrap();
    c.bench_function("check a consistency proof from 1234 to 10,000 records", |b| {
        b.iter(|| check_tree(black_box(&proof), RECORDS, &root, 1234, &older).unwrap());
    });
}

fn tile(c: &mut Criterion) {
    let tile = Tile::parse("tile/8/0/000").unwrap();
    let data = log().tile(tile).unwrap();
    c.bench_function("hash of a full tile of height 8", |b| {
        b.iter(|| HashedTile::new(tile, black_box(&data)).unwrap());
    });
    c.bench_function("path of a tile, written and parsed", |b| {
        b.iter(|| Tile::parse(&black_box(tile).to_string()).unwrap());
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
    // One client for all iterations: the first lookup fills its tiles.
    let client = Client::new(&log.key(), Local(&log), MemoryStore::default()).unwrap();
    c.bench_function("look up with warm tiles", |b| {
        b.iter(|| client.lookup(black_box("example.com/m1234"), "v1.0.0").unwrap());
    });
}

criterion_group!(benches, proofs, tile, note, lookup);
criterion_main!(benches);
