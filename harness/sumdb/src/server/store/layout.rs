//! The names of a store's files, and reading the ones that only grow.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::error::StoreError;
use crate::tlog::{HASH_SIZE, Hash};
use twinproof_base::positional::read_exact_at;

/// The file that the writer holds locked.
pub(super) const LOCK: &str = "lock";
/// Says that the directory is a store, and of which layout.
pub(super) const FORMAT: &str = "format";
/// The content of [`FORMAT`].
pub(super) const FORMAT_LINE: &str = "twinproof checksum database, layout 1\n";
/// The signed note of the newest published tree head.
pub(super) const HEAD: &str = "head";
/// The directory of runs.
pub(super) const INDEX: &str = "index";
/// The directory of hashes, a file for each level of the tree.
pub(super) const LEVELS: &str = "levels";
/// The records, one behind the other.
pub(super) const RECORDS: &str = "records";
/// The end of each record in [`RECORDS`].
pub(super) const OFFSETS: &str = "offsets";
/// Behind the name of a file that is not in its place yet.
pub(super) const NEW: &str = ".new";

/// Bytes of one entry of [`OFFSETS`].
pub(super) const OFFSET_SIZE: u64 = 8;

/// The levels that a tree can have.
pub(super) const MAX_LEVELS: usize = 63;

/// Number of hashes read at a time when a whole level is checked.
pub(super) const HASHES_AT_ONCE: u64 = 4096;

/// The place of the hashes of a level of the tree.
pub(super) fn level_path(dir: &Path, level: usize) -> PathBuf {
    dir.join(LEVELS).join(format!("{level:02}"))
}

/// Number of hashes at `level` in a tree of `size` records.
pub(super) fn level_count(size: u64, level: usize) -> u64 {
    u32::try_from(level).ok().and_then(|level| size.checked_shr(level)).unwrap_or(0)
}

/// The files that only grow, open for reading. Each is opened when it is first needed.
#[derive(Debug)]
pub(super) struct Files {
    dir: PathBuf,
    records: OnceLock<File>,
    offsets: OnceLock<File>,
    levels: [OnceLock<File>; MAX_LEVELS],
}

impl Files {
    pub(super) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_path_buf(),
            records: OnceLock::new(),
            offsets: OnceLock::new(),
            levels: [const { OnceLock::new() }; MAX_LEVELS],
        }
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn records_path(&self) -> PathBuf {
        self.dir.join(RECORDS)
    }

    pub(super) fn offsets_path(&self) -> PathBuf {
        self.dir.join(OFFSETS)
    }

    /// Bytes of the records file, `count` of them from `offset` on.
    pub(super) fn records(&self, offset: u64, count: usize) -> Result<Vec<u8>, StoreError> {
        read(&self.records, &self.records_path(), offset, count)
    }

    /// The offset at which record `n` begins, then the offsets at which it and those after it end,
    /// `count` in all.
    pub(super) fn offsets(&self, n: u64, count: u64) -> Result<Vec<u64>, StoreError> {
        let path = self.offsets_path();
        let first = n.saturating_sub(1);
        let entries = n.saturating_add(count).saturating_sub(first);
        let length = usize::try_from(entries.saturating_mul(OFFSET_SIZE)).unwrap_or(usize::MAX);
        let bytes = read(&self.offsets, &path, first.saturating_mul(OFFSET_SIZE), length)?;
        let mut ends: Vec<u64> =
            bytes.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        if n == 0 {
            ends.insert(0, 0);
        }
        if let Some(at) = ends.windows(2).position(|pair| pair.first() >= pair.get(1)) {
            let at = (first + at as u64) * OFFSET_SIZE;
            return Err(StoreError::damaged(&path, at, "the ends of records do not grow"));
        }
        Ok(ends)
    }

    /// `count` hashes of `level`, from the `n`th on, as bytes.
    pub(super) fn hashes(&self, level: usize, n: u64, count: usize) -> Result<Vec<u8>, StoreError> {
        let path = level_path(&self.dir, level);
        let slot = self.levels.get(level).ok_or_else(|| {
            StoreError::NotFound(format!("hashes at level {level}: no tree is so high"))
        })?;
        let size = HASH_SIZE as u64;
        read(slot, &path, n.saturating_mul(size), count.saturating_mul(HASH_SIZE))
    }

    /// The `n`th hash of `level`.
    pub(super) fn hash(&self, level: usize, n: u64) -> Result<Hash, StoreError> {
        let bytes = self.hashes(level, n, 1)?;
        Ok(bytes.as_chunks::<HASH_SIZE>().0.first().map_or(Hash::EMPTY, |hash| Hash(*hash)))
    }
}

fn read(
    slot: &OnceLock<File>,
    path: &Path,
    offset: u64,
    count: usize,
) -> Result<Vec<u8>, StoreError> {
    let file = match slot.get() {
        Some(file) => file,
        None => {
            let file = twinproof_base::file::open(path).map_err(|e| missing(path, e))?;
            slot.get_or_init(|| file)
        }
    };
    let mut bytes = vec![0; count];
    read_exact_at(file, &mut bytes, offset).map_err(|e| match e.kind() {
        io::ErrorKind::UnexpectedEof => {
            let length = file.metadata().map_or(0, |m| m.len());
            StoreError::damaged(
                path,
                length,
                format!(
                    "the file ends, and should go on for {} bytes",
                    (offset + count as u64).saturating_sub(length)
                ),
            )
        }
        _ => StoreError::io("read", path)(e),
    })?;
    Ok(bytes)
}

/// A file that cannot be opened: damage if it is not there or no file, for only what was published is
/// read.
pub(super) fn missing(path: &Path, error: io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::NotFound => StoreError::damaged(path, 0, "the file is missing"),
        io::ErrorKind::InvalidInput => StoreError::damaged(path, 0, error.to_string()),
        _ => StoreError::io("open", path)(error),
    }
}
