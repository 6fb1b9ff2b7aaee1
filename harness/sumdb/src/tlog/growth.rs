//! The hashes that many new records add to a log at once.
//!
//! They are hashed level by level, some hundred at a time, so that two hashes can be made at once
//! and all that a level needs is still at hand.

use super::hash::Hash;
use super::index::stored_hash_index;
use super::sha::{join_pairs, record_hash, two_record_hashes};
use super::tree::{HashReader, Indexes, read};

/// The records that are hashed at a time.
const CHUNK: usize = 256;

/// The levels of the largest tree.
const LEVELS: u32 = u64::BITS;

/// As [`stored_hashes`](super::stored_hashes) for each of `records` in turn, of which the first gets
/// number `n`: the hashes to store for all of them, in less time.
///
/// # Errors
/// The error of the reader of the hashes stored so far.
pub fn stored_hashes_of_all<R: HashReader + ?Sized>(
    n: u64,
    records: &[impl AsRef<[u8]>],
    reader: &R,
) -> Result<Vec<Hash>, R::Error> {
    let complete = |level: &u32| is_odd(n, *level);
    let mut indexes = Indexes::default();
    indexes.extend(
        (0..LEVELS).filter(complete).map(|level| stored_hash_index(level, (n >> level) - 1)),
    );
    let edge = read(reader, indexes.as_slice())?;
    let mut growth = Growth {
        size: n,
        levels: (0..LEVELS).map(|_| Level::default()).collect(),
        stored: Vec::with_capacity(2 * records.len()),
    };
    for (level, hash) in (0..LEVELS).filter(complete).zip(edge) {
        if let Some(level) = growth.levels.get_mut(level as usize) {
            level.left = Some(hash);
        }
    }
    records.chunks(CHUNK).for_each(|chunk| growth.add(chunk));
    Ok(growth.stored)
}

/// Whether the tree of `n` records ends in a complete subtree at `level` that has no sibling yet.
fn is_odd(n: u64, level: u32) -> bool {
    n.checked_shr(level).is_some_and(|number| number % 2 == 1)
}

/// The hashes of a level that the last chunk has made.
#[derive(Default)]
struct Level {
    /// The last hash of the level, if it still waits for its sibling.
    left: Option<Hash>,
    /// That hash, if there is one, and the new ones.
    hashes: Vec<Hash>,
    /// Number of `hashes` already in the list of stored hashes.
    stored: usize,
}

struct Growth {
    size: u64,
    levels: Vec<Level>,
    stored: Vec<Hash>,
}

impl Growth {
    fn add(&mut self, records: &[impl AsRef<[u8]>]) {
        let mut below: &[Hash] = &[];
        for (number, level) in self.levels.iter_mut().enumerate() {
            level.hashes.clear();
            level.hashes.extend(level.left);
            level.stored = level.hashes.len();
            if number == 0 {
                hash_records(records, &mut level.hashes);
            } else {
                join_pairs(below, &mut level.hashes);
            }
            // Each pair is one of the next level now.
            level.left = level.hashes.last().copied().filter(|_| level.hashes.len() % 2 == 1);
            below = &level.hashes;
        }
        let end = self.size.saturating_add(records.len() as u64);
        for record in self.size..end {
            // Record `r` completes a subtree of each level that the number r + 1 is a multiple of.
            let completed = (record + 1).trailing_zeros() as usize + 1;
            for level in self.levels.iter_mut().take(completed) {
                self.stored.extend(level.hashes.get(level.stored));
                level.stored += 1;
            }
        }
        self.size = end;
    }
}

/// Puts the records' hashes behind those in `hashes`.
fn hash_records(records: &[impl AsRef<[u8]>], hashes: &mut Vec<Hash>) {
    let (pairs, rest) = records.as_chunks::<2>();
    for [a, b] in pairs {
        hashes.extend(two_record_hashes([a.as_ref(), b.as_ref()]));
    }
    hashes.extend(rest.iter().map(|record| record_hash(record.as_ref())));
}
