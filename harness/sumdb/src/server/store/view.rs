//! The published records, as readers see them: one tree at a time, in whole.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use super::error::StoreError;
use super::frame;
use super::index::{IndexEntry, Run, print_of};
use super::layout::{Files, level_count, level_path};
use crate::note::{self, NoteError, Verifier};
use crate::tile::{Level, Tile, TileError};
use crate::tlog::{
    HASH_SIZE, Hash, HashReader, TlogError, TreeHead, node_hash, record_hash,
    split_stored_hash_index,
};

/// The most bytes that are given out at once: a full tile of height 19, or as much of records.
// Clients choose tile heights; one of height 30 would be 32 GiB.
const MAX_ANSWER: u64 = 16 << 20;

/// A published tree.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) head: TreeHead,
    pub(super) note: String,
    pub(super) runs: Vec<Arc<Run>>,
    /// The entries of the records behind the last run, sorted.
    pub(super) tail: Vec<IndexEntry>,
}

/// The files, and the newest tree in them that is known to be published.
#[derive(Debug)]
pub(super) struct View {
    pub(super) files: Files,
    tree: RwLock<Arc<Tree>>,
}

/// A record with its name.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) text: String,
}

impl View {
    pub(super) fn new(files: Files, tree: Tree) -> Self {
        Self { files, tree: RwLock::new(Arc::new(tree)) }
    }

    pub(super) fn tree(&self) -> Arc<Tree> {
        Arc::clone(&self.tree.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn replace(&self, tree: Tree) {
        *self.tree.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tree);
    }

    /// Puts a newer tree in the place of the one that there is, unless that one is newer.
    pub(super) fn advance(&self, tree: Tree) -> bool {
        let mut current = self.tree.write().unwrap_or_else(PoisonError::into_inner);
        let newer = tree.head.size > current.head.size;
        if newer {
            *current = Arc::new(tree);
        }
        newer
    }

    pub(super) fn texts(&self, start: u64, count: u64) -> Result<Vec<String>, StoreError> {
        let size = self.tree().head.size;
        if start.checked_add(count).is_none_or(|end| end > size) {
            return Err(StoreError::NotFound(format!("records {start} to {start}+{count}")));
        }
        let records = named(&self.files, start, count)?;
        let leaves = self.files.hashes(0, start, records.len())?;
        for ((id, record), leaf) in (start..).zip(&records).zip(leaves.as_chunks::<HASH_SIZE>().0) {
            // A record that a failing disk has changed must not be served: clients would report the
            // database as misbehaving.
            if record_hash(record.text.as_bytes()) != Hash(*leaf) {
                let at = id * HASH_SIZE as u64;
                let found = format!("the hash is not that of record {id}");
                return Err(StoreError::damaged(&level_path(self.files.dir(), 0), at, found));
            }
        }
        Ok(records.into_iter().map(|record| record.text).collect())
    }

    pub(super) fn lookup(&self, name: &str) -> Result<u64, StoreError> {
        let found = find(&self.files, &self.tree(), name)?;
        found.ok_or_else(|| StoreError::NotFound(name.to_owned()))
    }

    pub(super) fn tile(&self, tile: Tile) -> Result<Vec<u8>, StoreError> {
        let Level::Hashes(level) = tile.level() else {
            return Err(TileError::NotHashes { tile }.into());
        };
        let level = usize::from(tile.height()) * usize::from(level);
        let start = tile.number().checked_mul(1 << tile.height());
        let end = start.and_then(|start| start.checked_add(u64::from(tile.width())));
        let there = level_count(self.tree().head.size, level);
        match (start, end) {
            (Some(start), Some(end)) if end <= there => {
                limit((end - start) * HASH_SIZE as u64, &tile.to_string())?;
                let bytes = self.files.hashes(level, start, tile.width() as usize)?;
                compare(&self.files, self.tree().head.size, level, start, &bytes)?;
                Ok(bytes)
            }
            _ => Err(StoreError::NotFound(tile.to_string())),
        }
    }
}

impl HashReader for View {
    type Error = StoreError;

    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, StoreError> {
        let size = self.tree().head.size;
        let read = |&index: &u64| {
            let (level, n) = split_stored_hash_index(index);
            let level = usize::try_from(level).unwrap_or(usize::MAX);
            if n >= level_count(size, level) {
                return Err(TlogError::NoHash(index).into());
            }
            self.files.hash(level, n)
        };
        indexes.iter().map(read).collect()
    }
}

fn limit(bytes: u64, what: &str) -> Result<(), StoreError> {
    if bytes <= MAX_ANSWER {
        return Ok(());
    }
    Err(StoreError::TooLarge(format!("{what} has {bytes} bytes; ask for a smaller tile")))
}

/// The number of the record with this name in `tree`.
pub(super) fn find(files: &Files, tree: &Tree, name: &str) -> Result<Option<u64>, StoreError> {
    let print = print_of(name);
    let from = tree.tail.partition_point(|entry| entry.print < print);
    let tail = tree.tail.iter().skip(from).take_while(|entry| entry.print == print);
    let mut candidates: Vec<u64> = tail.map(|entry| entry.id).collect();
    for run in tree.runs.iter().rev() {
        if !candidates.is_empty() {
            break;
        }
        candidates = run.find(print)?;
        if candidates.iter().any(|id| !(run.start..run.end).contains(id)) {
            return Err(run.damaged(0, "the run has records of another one"));
        }
    }
    let name_of = |id| -> Result<String, StoreError> {
        Ok(named(files, id, 1)?.pop().map(|record| record.name).unwrap_or_default())
    };
    for &id in &candidates {
        if name_of(id)? == name {
            return Ok(Some(id));
        }
    }
    // A name that is taken to be new gets a second record, for ever: that it is new must be sure.
    for run in &tree.runs {
        run.is_absent(print, |id| Ok(print_of(&name_of(id)?)))?;
    }
    Ok(None)
}

/// Compares hashes of one level, the `n`th, which is the first of a tile, and those behind it, with the
/// hash of the tree above each complete subtree of them.
fn compare(files: &Files, size: u64, level: usize, n: u64, bytes: &[u8]) -> Result<(), StoreError> {
    let mut hashes: Vec<Hash> =
        bytes.as_chunks::<HASH_SIZE>().0.iter().map(|hash| Hash(*hash)).collect();
    let lowest = level_path(files.dir(), level);
    let (mut level, mut n) = (level, n);
    // The sibling of the last one, where there is one.
    let next = n + hashes.len() as u64;
    if next & 1 == 1 && next < level_count(size, level) {
        hashes.push(files.hash(level, next)?);
    }
    while hashes.len() > 1 {
        let parents = hashes.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right));
        let parents: Vec<Hash> = parents.collect();
        (level, n) = (level + 1, n / 2);
        let count = level_count(size, level).saturating_sub(n).min(parents.len() as u64);
        let odd = parents.len() & 1 == 1;
        // The last without a sibling, and what comes out on top, are held against the file.
        if let (true, Some(last)) = (odd, parents.last())
            && count == parents.len() as u64
            && files.hash(level, n + count - 1)? != *last
        {
            let at = (n + count - 1) * HASH_SIZE as u64;
            let (number, from) = (n + count - 1, lowest.display());
            let found = format!("hash {number} is not that of those below it, from {from} on");
            return Err(StoreError::damaged(&level_path(files.dir(), level), at, found));
        }
        hashes = parents;
    }
    Ok(())
}

/// The records `start` to `start + count`, which are published.
pub(super) fn named(files: &Files, start: u64, count: u64) -> Result<Vec<Named>, StoreError> {
    limit(count.saturating_mul(super::layout::OFFSET_SIZE), "the list of records")?;
    let offsets = files.offsets(start, count)?;
    let (Some(&first), Some(&last)) = (offsets.first(), offsets.last()) else {
        return Ok(Vec::new());
    };
    limit(last - first, "the records")?;
    let bytes = files.records(first, usize::try_from(last - first).unwrap_or(usize::MAX))?;
    let mut records = Vec::with_capacity(offsets.len());
    let mut rest = bytes.as_slice();
    for (&from, &to) in offsets.iter().zip(offsets.iter().skip(1)) {
        let length = usize::try_from(to - from).unwrap_or(usize::MAX);
        let (frame, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        let (name, text) = frame::read(frame)
            .map_err(|found| StoreError::damaged(&files.records_path(), from, found))?;
        records.push(Named { name: name.to_owned(), text: text.to_owned() });
        rest = behind;
    }
    Ok(records)
}

/// The entries of the records `start..end`, sorted. Reads the records, a batch at a time.
pub(super) fn entries(files: &Files, start: u64, end: u64) -> Result<Vec<IndexEntry>, StoreError> {
    let mut entries = Vec::new();
    let mut at = start;
    while at < end {
        let count = batch(at, end);
        for (id, record) in (at..).zip(named(files, at, count)?) {
            entries.push(IndexEntry { print: print_of(&record.name), id });
        }
        at += count;
    }
    entries.sort_unstable();
    Ok(entries)
}

/// Number of records to read at once from `at` on, all below `end`: so few that even the longest
/// records stay within the limit.
pub(super) fn batch(at: u64, end: u64) -> u64 {
    (end - at).min(MAX_ANSWER / frame::MAX_FRAME)
}

/// Opens a signed head.
pub(super) fn open_head(
    path: &Path,
    note: &[u8],
    verifier: &Verifier,
) -> Result<(TreeHead, String), StoreError> {
    let opened = note::open(note, std::slice::from_ref(verifier)).map_err(|error| match error {
        NoteError::Unverified(_) => {
            StoreError::OtherKey { path: path.to_path_buf(), key: verifier.encode() }
        }
        error => StoreError::damaged(path, 0, error.to_string()),
    })?;
    let head = TreeHead::parse(&opened.text)
        .map_err(|error| StoreError::damaged(path, 0, error.to_string()))?;
    Ok((head, String::from_utf8_lossy(note).into_owned()))
}
