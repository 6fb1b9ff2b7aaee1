//! Reading stored hashes, the hash of a whole tree, and what a new record adds.

use super::hash::Hash;
use super::index::{stored_hash_index, subtree_indexes};
use super::sha::{node_hash, record_hash};

/// An error of a tree operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlogError {
    /// The sizes asked for make no sense together.
    #[error("{what}: {n} is out of range for a tree of {size} records")]
    OutOfRange {
        /// The name of the requested number.
        what: &'static str,
        /// The record number or smaller tree size.
        n: u64,
        /// The tree size.
        size: u64,
    },
    /// A [`HashReader`] has no hash at this index.
    #[error("no hash is stored at index {0}")]
    NoHash(u64),
    /// A [`HashReader`] returned another number of hashes than it was asked for.
    #[error("asked for {asked} hashes and was given {given}")]
    WrongCount {
        /// Hashes asked for.
        asked: usize,
        /// Hashes returned.
        given: usize,
    },
    /// The proof does not lead from the given hash to the given root.
    #[error("invalid transparency proof")]
    InvalidProof,
}

/// A source of stored hashes. It need not be trusted unless it says so itself.
pub trait HashReader {
    /// The error of reading, tree errors included.
    type Error: From<TlogError>;

    /// The hashes at `indexes` (see [`stored_hash_index`]), in that order, all of them.
    ///
    /// # Errors
    /// When any of them cannot be had.
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Self::Error>;
}

impl HashReader for [Hash] {
    type Error = TlogError;

    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, TlogError> {
        let mut hashes = Vec::with_capacity(indexes.len());
        for &index in indexes {
            let hash = usize::try_from(index).ok().and_then(|i| self.get(i));
            hashes.push(*hash.ok_or(TlogError::NoHash(index))?);
        }
        Ok(hashes)
    }
}

/// Reads, and holds the reader to the number of hashes.
pub(super) fn read<R: HashReader + ?Sized>(
    reader: &R,
    indexes: &[u64],
) -> Result<Vec<Hash>, R::Error> {
    if indexes.is_empty() {
        return Ok(Vec::new());
    }
    let hashes = reader.read_hashes(indexes)?;
    if hashes.len() != indexes.len() {
        return Err(TlogError::WrongCount { asked: indexes.len(), given: hashes.len() }.into());
    }
    Ok(hashes)
}

/// A list of indexes, as long as any that a proof needs: a subtree for each level, twice.
pub(super) struct Indexes {
    list: [u64; 2 * Self::LEVELS],
    length: usize,
}

impl Indexes {
    const LEVELS: usize = 64;

    pub(super) fn as_slice(&self) -> &[u64] {
        self.list.get(..self.length).unwrap_or_default()
    }
}

impl Default for Indexes {
    fn default() -> Self {
        Self { list: [0; 2 * Self::LEVELS], length: 0 }
    }
}

impl Extend<u64> for Indexes {
    fn extend<I: IntoIterator<Item = u64>>(&mut self, indexes: I) {
        for index in indexes {
            if let Some(place) = self.list.get_mut(self.length) {
                *place = index;
                self.length += 1;
            }
        }
    }
}

/// Joins complete subtrees, left to right, into the hash of the tree they make up.
pub(crate) fn join(subtrees: &[Hash]) -> Hash {
    subtrees
        .iter()
        .copied()
        .rev()
        .reduce(|right, left| node_hash(&left, &right))
        .unwrap_or(Hash::EMPTY)
}

/// The root hash of the tree of the first `size` records. One call to the reader.
///
/// # Errors
/// The error of the reader.
pub fn tree_hash<R: HashReader + ?Sized>(size: u64, reader: &R) -> Result<Hash, R::Error> {
    let mut indexes = Indexes::default();
    indexes.extend(subtree_indexes(0, size));
    Ok(join(&read(reader, indexes.as_slice())?))
}

/// The hashes to store behind the others when record number `n` with text `data` is added.
///
/// # Errors
/// The error of the reader of the hashes stored so far.
pub fn stored_hashes<R: HashReader + ?Sized>(
    n: u64,
    data: &[u8],
    reader: &R,
) -> Result<Vec<Hash>, R::Error> {
    stored_hashes_for_record_hash(n, record_hash(data), reader)
}

/// As [`stored_hashes`], from the record's hash.
///
/// # Errors
/// The error of the reader of the hashes stored so far.
pub fn stored_hashes_for_record_hash<R: HashReader + ?Sized>(
    n: u64,
    hash: Hash,
    reader: &R,
) -> Result<Vec<Hash>, R::Error> {
    // Each trailing one of n completes a subtree with the neighbour on its left.
    let mut indexes = Indexes::default();
    indexes.extend((0..n.trailing_ones()).map(|level| stored_hash_index(level, (n >> level) - 1)));
    let mut hashes = read(reader, indexes.as_slice())?;
    let mut last = hash;
    for place in &mut hashes {
        let left = std::mem::replace(place, last);
        last = node_hash(&left, &last);
    }
    hashes.push(last);
    Ok(hashes)
}
