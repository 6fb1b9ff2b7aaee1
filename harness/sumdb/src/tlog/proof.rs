//! Inclusion and consistency proofs (RFC 6962 §2.1.1 and §2.1.2): making and checking them.
//!
//! Both walk from the root down to a place in the tree, and note the subtree not taken at every
//! fork. The proof is the hashes of those, from the bottom up; checking folds them back.

use super::hash::{Hash, node_hash, two_node_hashes};
use super::index::{split_point, subtree_indexes};
use super::tree::{HashReader, Indexes, TlogError, join, read};

/// Records `lo..hi`, beside the way down.
#[derive(Clone, Copy, Default)]
struct Sibling {
    lo: u64,
    hi: u64,
    left: bool,
}

/// The siblings on a way down, from the root on.
#[derive(Clone, Copy)]
struct Siblings {
    list: [Sibling; Self::MAX],
    length: usize,
}

impl Siblings {
    /// Every step halves a range of records whose number has 64 bits.
    const MAX: usize = 64;

    fn push(&mut self, sibling: Sibling) {
        if let Some(place) = self.list.get_mut(self.length) {
            *place = sibling;
            self.length += 1;
        }
    }

    /// From the bottom up, as proofs have them.
    fn up(&self) -> impl Iterator<Item = &Sibling> {
        self.list.get(..self.length).unwrap_or_default().iter().rev()
    }
}

/// The siblings on the way from the root of a tree of `size` records to the place where
/// `go_left(end of the left half)` has led to `stop(hi)`, from the root down, with that place.
fn descend(
    size: u64,
    stop: impl Fn(u64, u64) -> bool,
    go_left: impl Fn(u64) -> bool,
) -> (Siblings, u64) {
    let (mut lo, mut hi) = (0, size);
    let mut siblings = Siblings { list: [Sibling::default(); Siblings::MAX], length: 0 };
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
    (siblings, lo)
}

/// The hashes of the given ranges, read in one go.
fn range_hashes<R: HashReader + ?Sized>(
    ranges: impl Iterator<Item = (u64, u64)>,
    reader: &R,
) -> Result<Vec<Hash>, R::Error> {
    let mut indexes = Indexes::default();
    let mut ends = [0u8; Siblings::MAX + 1];
    let mut count = 0;
    for ((lo, hi), end) in ranges.zip(&mut ends) {
        indexes.extend(subtree_indexes(lo, hi));
        *end = u8::try_from(indexes.as_slice().len()).unwrap_or(u8::MAX);
        count += 1;
    }
    let mut hashes = read(reader, indexes.as_slice())?;
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

fn record_siblings(size: u64, n: u64) -> Result<Siblings, TlogError> {
    if n >= size {
        return Err(TlogError::OutOfRange { what: "record", n, size });
    }
    Ok(descend(size, |_, _| false, |middle| n < middle).0)
}

fn tree_siblings(size: u64, n: u64) -> Result<(Siblings, u64), TlogError> {
    if n == 0 || n > size {
        return Err(TlogError::OutOfRange { what: "older tree", n, size });
    }
    Ok(descend(size, |_, hi| hi == n, |middle| n <= middle))
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
    range_hashes(siblings.up().map(|s| (s.lo, s.hi)), reader)
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
    if proof.len() != siblings.length {
        return Err(TlogError::InvalidProof);
    }
    let hash = siblings.up().zip(proof).fold(*record, |hash, (sibling, other)| {
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
    range_hashes(common.into_iter().chain(siblings.up().map(|s| (s.lo, s.hi))), reader)
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
    if rest.len() != siblings.length {
        return Err(TlogError::InvalidProof);
    }
    let (mut old, mut new) = (start, start);
    for (sibling, other) in siblings.up().zip(rest) {
        if sibling.left {
            // They part at the first sibling on the right.
            [old, new] = if old == new {
                [node_hash(other, &old); 2]
            } else {
                two_node_hashes([[other, &old], [other, &new]])
            };
        } else {
            new = node_hash(&new, other);
        }
    }
    if new == *root && old == *older { Ok(()) } else { Err(TlogError::InvalidProof) }
}
