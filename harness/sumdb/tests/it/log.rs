//! Logs for tests.

use twinproof_sumdb::tlog::{Hash, stored_hashes, tree_hash};

/// The stored hashes of a log of `size` records, `record 0` and so on.
pub fn stored(size: u64) -> Vec<Hash> {
    let mut hashes = Vec::new();
    for n in 0..size {
        let more = stored_hashes(n, record(n).as_bytes(), hashes.as_slice()).expect("in memory");
        hashes.extend(more);
    }
    hashes
}

/// The text of record `n` of such a log.
pub fn record(n: u64) -> String {
    format!("record {n}\n")
}

/// The root hash of the tree of the first `size` records.
pub fn root(size: u64, stored: &[Hash]) -> Hash {
    tree_hash(size, stored).expect("in memory")
}
