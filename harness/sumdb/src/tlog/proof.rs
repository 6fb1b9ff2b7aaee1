//! Inclusion and consistency proofs (RFC 6962 §2.1.1 and §2.1.2): making and checking them.
//!
//! Both walk from a place in the tree up to the root, and note the subtree at the other side of
//! every fork. The proof is the hashes of those; checking folds them back.

use super::hash::Hash;
use super::index::subtree_indexes;
use super::sha::{node_hash, node_hashes};
use super::tree::{HashReader, Indexes, TlogError, join, read};

/// Records `lo..hi`, at the other side of a fork.
#[derive(Clone, Copy)]
struct Sibling {
    lo: u64,
    hi: u64,
    left: bool,
}

/// The siblings on the way from a complete subtree up to the root of a tree of `size` records.
#[derive(Clone, Copy)]
struct Up {
    size: u64,
    level: u32,
    number: u64,
}

impl Up {
    /// The most siblings that there are: every step doubles a number of records that has 64 bits.
    const MAX: usize = 64;

    /// From record `n`.
    fn from_record(size: u64, n: u64) -> Result<Self, TlogError> {
        if n >= size {
            return Err(TlogError::OutOfRange { what: "record", n, size });
        }
        Ok(Self { size, level: 0, number: n })
    }

    /// From the largest subtree that the tree of the first `n` records ends in, and where that
    /// begins.
    fn from_tree(size: u64, n: u64) -> Result<(Self, u64), TlogError> {
        if n == 0 || n > size {
            return Err(TlogError::OutOfRange { what: "older tree", n, size });
        }
        if n == size {
            return Ok((Self { size, level: u64::BITS, number: 0 }, 0));
        }
        let level = n.trailing_zeros();
        let number = (n >> level) - 1;
        Ok((Self { size, level, number }, number << level))
    }
}

impl Iterator for Up {
    type Item = Sibling;

    fn next(&mut self) -> Option<Sibling> {
        loop {
            let width = 1u64.checked_shl(self.level)?;
            if self.number == 0 && width >= self.size {
                return None;
            }
            let start = self.number << self.level;
            let left = self.number % 2 == 1;
            self.number /= 2;
            self.level += 1;
            if left {
                return Some(Sibling { lo: start - width, hi: start, left });
            }
            // On the right edge of the tree there may be less, or nothing.
            let lo = start.saturating_add(width);
            if lo < self.size {
                let hi = lo.saturating_add(width).min(self.size);
                return Some(Sibling { lo, hi, left });
            }
        }
    }
}

/// The hashes of the given ranges, read in one go.
fn range_hashes<R: HashReader + ?Sized>(
    ranges: impl Iterator<Item = (u64, u64)>,
    reader: &R,
) -> Result<Vec<Hash>, R::Error> {
    let mut indexes = Indexes::default();
    let mut ends = [0u8; Up::MAX + 1];
    let mut count = 0;
    for ((lo, hi), end) in ranges.zip(&mut ends) {
        indexes.extend(subtree_indexes(lo, hi));
        *end = u8::try_from(indexes.as_slice().len()).unwrap_or(u8::MAX);
        count += 1;
    }
    let mut hashes = read(reader, indexes.as_slice())?;
    if hashes.len() == count {
        return Ok(hashes);
    }
    // Each range is joined into one hash, which stands no later than the range did.
    let mut start = 0;
    for (place, end) in ends.iter().take(count).map(|end| usize::from(*end)).enumerate() {
        let joined = join(hashes.get(start..end).unwrap_or_default());
        if let Some(place) = hashes.get_mut(place) {
            *place = joined;
        }
        start = end;
    }
    hashes.truncate(count);
    Ok(hashes)
}

/// The proof that the tree of `size` records contains record number `n`: its audit path.
///
/// # Errors
/// [`TlogError::OutOfRange`] unless `n < size`, and what the reader returns.
pub fn prove_record<R: HashReader + ?Sized>(
    size: u64,
    n: u64,
    reader: &R,
) -> Result<Vec<Hash>, R::Error> {
    range_hashes(Up::from_record(size, n)?.map(|s| (s.lo, s.hi)), reader)
}

/// The pair to hash at a fork, in its order.
fn ordered<'a>(sibling: &Sibling, hash: &'a Hash, other: &'a Hash) -> [&'a Hash; 2] {
    // Which side it is cannot be foretold: a choice of places costs less than a wrong guess.
    let both = [hash, other];
    let first = usize::from(sibling.left);
    [both.get(first).unwrap_or(&hash), both.get(1 - first).unwrap_or(&other)]
}

/// Checks that the tree of `size` records with hash `root` has record number `n` with hash `record`.
///
/// # Errors
/// [`TlogError::OutOfRange`] unless `n < size`, [`TlogError::InvalidProof`] when it does not prove that.
pub fn check_record(
    proof: &[Hash],
    size: u64,
    root: &Hash,
    n: u64,
    record: &Hash,
) -> Result<(), TlogError> {
    let up = Up::from_record(size, n)?;
    if proof.len() != up.count() {
        return Err(TlogError::InvalidProof);
    }
    let hash = up.zip(proof).fold(*record, |hash, (sibling, other)| {
        let [left, right] = ordered(&sibling, &hash, other);
        node_hash(left, right)
    });
    if hash == *root { Ok(()) } else { Err(TlogError::InvalidProof) }
}

/// A record that a proof is to show in a tree.
#[derive(Clone, Copy, Debug)]
pub struct Inclusion<'a> {
    /// The record's number in the log, from 0.
    pub n: u64,
    /// The record's hash.
    pub record: &'a Hash,
    /// The proof, as [`prove_record`] makes it.
    pub proof: &'a [Hash],
}

/// Checks many proofs for one tree: [`check_record`] for each, in little more than half the time.
///
/// # Errors
/// As [`check_record`], for the first in `inclusions` that fails, with its place there.
pub fn check_records(
    size: u64,
    root: &Hash,
    inclusions: &[Inclusion<'_>],
) -> Result<(), (usize, TlogError)> {
    let single = |place: usize, it: &Inclusion<'_>| {
        check_record(it.proof, size, root, it.n, it.record).map_err(|error| (place, error))
    };
    let (pairs, rest) = inclusions.as_chunks::<2>();
    for (i, pair) in pairs.iter().enumerate() {
        if !check_two(size, root, pair) {
            // Checked one by one, the pair shows which proof is wrong and why; or both are good but
            // of different lengths.
            for (place, it) in (2 * i..).zip(pair) {
                single(place, it)?;
            }
        }
    }
    rest.iter().try_for_each(|it| single(inclusions.len() - 1, it))
}

/// Whether both proofs are good, which are as long as each other.
fn check_two(size: u64, root: &Hash, [a, b]: &[Inclusion<'_>; 2]) -> bool {
    let (Ok(up_a), Ok(up_b)) = (Up::from_record(size, a.n), Up::from_record(size, b.n)) else {
        return false;
    };
    let length = up_a.count();
    if a.proof.len() != length || b.proof.len() != length || up_b.count() != length {
        return false;
    }
    let mut hashes = [*a.record, *b.record];
    for ((a, other_a), (b, other_b)) in up_a.zip(a.proof).zip(up_b.zip(b.proof)) {
        let [hash_a, hash_b] = &hashes;
        hashes = node_hashes([ordered(&a, hash_a, other_a), ordered(&b, hash_b, other_b)]);
    }
    hashes == [*root; 2]
}

/// The proof that the tree of `size` records begins with the tree of `n` records.
///
/// # Errors
/// [`TlogError::OutOfRange`] unless `0 < n <= size`, and what the reader returns.
pub fn prove_tree<R: HashReader + ?Sized>(
    size: u64,
    n: u64,
    reader: &R,
) -> Result<Vec<Hash>, R::Error> {
    let (up, lo) = Up::from_tree(size, n)?;
    // When the subtree begins at record 0 it is the older tree, whose hash is known.
    let common = (lo > 0).then_some((lo, n));
    range_hashes(common.into_iter().chain(up.map(|s| (s.lo, s.hi))), reader)
}

/// Checks that the tree of `size` records with hash `root` begins with the tree of `n` records
/// with hash `older`.
///
/// # Errors
/// [`TlogError::OutOfRange`] unless `0 < n <= size`, [`TlogError::InvalidProof`] when it does not
/// prove that.
pub fn check_tree(
    proof: &[Hash],
    size: u64,
    root: &Hash,
    n: u64,
    older: &Hash,
) -> Result<(), TlogError> {
    let (up, lo) = Up::from_tree(size, n)?;
    let (start, rest) = match proof.split_first() {
        Some((common, rest)) if lo > 0 => (*common, rest),
        None if lo > 0 => return Err(TlogError::InvalidProof),
        _ => (*older, proof),
    };
    if rest.len() != up.count() {
        return Err(TlogError::InvalidProof);
    }
    let (mut old, mut new) = (start, start);
    for (sibling, other) in up.zip(rest) {
        if sibling.left {
            // They part at the first sibling on the right.
            [old, new] = if old == new {
                [node_hash(other, &old); 2]
            } else {
                node_hashes([[other, &old], [other, &new]])
            };
        } else {
            new = node_hash(&new, other);
        }
    }
    if new == *root && old == *older { Ok(()) } else { Err(TlogError::InvalidProof) }
}
