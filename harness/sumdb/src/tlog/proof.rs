//! Inclusion and consistency proofs (RFC 6962 §2.1.1 and §2.1.2): making and checking them.
//!
//! Both walk from the root down to a place in the tree, and note the subtree not taken at every
//! fork. The proof is the hashes of those, from the bottom up; checking folds them back.

use super::hash::{Hash, node_hash};
use super::index::{split_point, subtree_indexes};
use super::tree::{HashReader, TlogError, join, read};

/// Records `lo..hi`, beside the way down.
struct Sibling {
    lo: u64,
    hi: u64,
    left: bool,
}

/// The siblings on the way from the root of a tree of `size` records to the place where
/// `go_left(end of the left half)` has led to `stop(hi)`, from the root down, with that place.
fn descend(
    size: u64,
    stop: impl Fn(u64, u64) -> bool,
    go_left: impl Fn(u64) -> bool,
) -> (Vec<Sibling>, u64, u64) {
    let (mut lo, mut hi) = (0, size);
    let mut siblings = Vec::new();
    while hi - lo > 1 && !stop(lo, hi) {
        let middle = lo + split_point(hi - lo).0;
        if go_left(middle) {
            siblings.push(Sibling { lo: middle, hi, left: false });
            hi = middle;
        } else {
            siblings.push(Sibling { lo, hi: middle, left: true });
            lo = middle;
        }
    }
    (siblings, lo, hi)
}

/// The hashes of the given ranges, read in one go.
fn range_hashes<R: HashReader + ?Sized>(
    ranges: impl Iterator<Item = (u64, u64)>,
    reader: &R,
) -> Result<Vec<Hash>, R::Error> {
    let mut indexes = Vec::new();
    let mut ends = Vec::new();
    for (lo, hi) in ranges {
        indexes.extend(subtree_indexes(lo, hi));
        ends.push(indexes.len());
    }
    let hashes = read(reader, &indexes)?;
    let mut start = 0;
    let mut joined = Vec::with_capacity(ends.len());
    for end in ends {
        joined.push(join(hashes.get(start..end).unwrap_or_default()));
        start = end;
    }
    Ok(joined)
}

fn record_siblings(size: u64, n: u64) -> Result<Vec<Sibling>, TlogError> {
    if n >= size {
        return Err(TlogError::OutOfRange { what: "record", n, size });
    }
    Ok(descend(size, |_, _| false, |middle| n < middle).0)
}

fn tree_siblings(size: u64, n: u64) -> Result<(Vec<Sibling>, u64), TlogError> {
    if n == 0 || n > size {
        return Err(TlogError::OutOfRange { what: "older tree", n, size });
    }
    let (siblings, lo, _) = descend(size, |_, hi| hi == n, |middle| n <= middle);
    Ok((siblings, lo))
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
    let siblings = record_siblings(size, n)?;
    range_hashes(siblings.iter().rev().map(|s| (s.lo, s.hi)), reader)
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
    let siblings = record_siblings(size, n)?;
    if proof.len() != siblings.len() {
        return Err(TlogError::InvalidProof);
    }
    let hash = siblings.iter().rev().zip(proof).fold(*record, |hash, (sibling, other)| {
        if sibling.left { node_hash(other, &hash) } else { node_hash(&hash, other) }
    });
    if hash == *root { Ok(()) } else { Err(TlogError::InvalidProof) }
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
    let (siblings, lo) = tree_siblings(size, n)?;
    // When the way down ends at record 0 it has led to the older tree, whose hash is known.
    let common = (lo > 0).then_some((lo, n));
    range_hashes(common.into_iter().chain(siblings.iter().rev().map(|s| (s.lo, s.hi))), reader)
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
    let (siblings, lo) = tree_siblings(size, n)?;
    let (start, rest) = match proof.split_first() {
        Some((common, rest)) if lo > 0 => (*common, rest),
        None if lo > 0 => return Err(TlogError::InvalidProof),
        _ => (*older, proof),
    };
    if rest.len() != siblings.len() {
        return Err(TlogError::InvalidProof);
    }
    let (mut old, mut new) = (start, start);
    for (sibling, other) in siblings.iter().rev().zip(rest) {
        if sibling.left {
            old = node_hash(other, &old);
            new = node_hash(other, &new);
        } else {
            new = node_hash(&new, other);
        }
    }
    if new == *root && old == *older { Ok(()) } else { Err(TlogError::InvalidProof) }
}
