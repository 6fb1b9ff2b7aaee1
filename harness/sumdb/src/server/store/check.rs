//! Reading a whole store and comparing everything with everything.

use super::error::StoreError;
use super::layout::{HASHES_AT_ONCE, MAX_LEVELS, level_count, level_path};
use super::view::{Tree, View, batch, find, named};
use crate::tlog::{HASH_SIZE, Hash, node_hash, record_hash};

/// Checks every record, hash and index entry of the published tree.
pub(super) fn check(view: &View) -> Result<(), StoreError> {
    let tree = view.tree();
    let size = tree.head.size;
    let mut at = 0;
    while at < size {
        let count = batch(at, size);
        check_records(view, &tree, at, count)?;
        at += count;
    }
    for level in 1..MAX_LEVELS {
        check_level(view, level, level_count(size, level))?;
    }
    for run in &tree.runs {
        run.is_sorted()?;
    }
    Ok(())
}

fn hashes(bytes: &[u8]) -> impl Iterator<Item = Hash> {
    bytes.as_chunks::<HASH_SIZE>().0.iter().map(|hash| Hash(*hash))
}

fn check_records(view: &View, tree: &Tree, start: u64, count: u64) -> Result<(), StoreError> {
    let files = &view.files;
    let leaves = files.hashes(0, start, usize::try_from(count).unwrap_or(usize::MAX))?;
    for ((id, record), leaf) in (start..).zip(named(files, start, count)?).zip(hashes(&leaves)) {
        if record_hash(record.text.as_bytes()) != leaf {
            let at = id * HASH_SIZE as u64;
            let found = format!("the hash is not that of record {id}");
            return Err(StoreError::damaged(&level_path(files.dir(), 0), at, found));
        }
        if find(files, tree, &record.name)? != Some(id) {
            let run = tree.runs.iter().find(|run| (run.start..run.end).contains(&id));
            let found = format!("record {id}, {}, is not found through the index", record.name);
            return Err(match run {
                Some(run) => run.damaged(0, &found),
                None => StoreError::damaged(&files.records_path(), 0, found),
            });
        }
    }
    Ok(())
}

fn check_level(view: &View, level: usize, count: u64) -> Result<(), StoreError> {
    let mut at = 0;
    while at < count {
        let step = (count - at).min(HASHES_AT_ONCE);
        let length = usize::try_from(step).unwrap_or(usize::MAX);
        let nodes = view.files.hashes(level, at, length)?;
        let children = view.files.hashes(level - 1, 2 * at, 2 * length)?;
        let pairs = children.as_chunks::<{ 2 * HASH_SIZE }>().0.iter();
        for ((n, node), pair) in (at..).zip(hashes(&nodes)).zip(pairs) {
            let mut sides = hashes(pair);
            let (left, right) = (sides.next(), sides.next());
            if left.zip(right).map(|(left, right)| node_hash(&left, &right)) != Some(node) {
                let path = level_path(view.files.dir(), level);
                let found = format!("hash {n} is not that of the two below it");
                return Err(StoreError::damaged(&path, n * HASH_SIZE as u64, found));
            }
        }
        at += step;
    }
    Ok(())
}
