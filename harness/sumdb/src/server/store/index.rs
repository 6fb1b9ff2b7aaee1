//! The index of a store: finds the number of a module version's record, in sorted runs that never change.
//!
//! A run is a file `START-END` with one entry for each record of that range, sorted, of 16 bytes
//! of SHA-256 of the name and 8 of record number. It is written beside its place and renamed into
//! it. Small runs are merged into larger ones, so that there are few: a lookup reads some blocks of
//! each, and no part of the index is in memory but the last [`TAIL`] records, whose entries come
//! from the records themselves when the store is opened.
//!
//! All of it can be made again from the records. A lookup verifies each hit in the records.

use std::cmp::Ordering;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::disk::Disk;
use super::error::{Remedy, StoreError};
use super::layout::NEW;
use twinproof_base::positional::read_exact_at;

/// From how many records on a run is made of them.
pub(super) const TAIL: u64 = 4096;

const ENTRY: usize = 24;

/// Entries that are read at a time in searching.
// 64 entries are 1.5 KiB, within one page of the page cache.
const BLOCK: u64 = 64;

/// Entries that are read or written at a time in merging.
const CHUNK: u64 = 16 << 10;

/// The records from a number to below another.
pub(super) type Span = (u64, u64);

/// A name's hash and the number of its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct IndexEntry {
    pub(super) print: u128,
    pub(super) id: u64,
}

/// The hash that a name is found by.
pub(super) fn print_of(name: &str) -> u128 {
    let digest: [u8; 32] = Sha256::digest(name).into();
    u128::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
}

impl IndexEntry {
    fn to_bytes(self) -> [u8; ENTRY] {
        let mut bytes = [0; ENTRY];
        let (print, id) = bytes.split_at_mut(16);
        print.copy_from_slice(&self.print.to_be_bytes());
        id.copy_from_slice(&self.id.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; ENTRY]) -> Self {
        let print = bytes.first_chunk().copied().unwrap_or_default();
        let id = bytes.last_chunk().copied().unwrap_or_default();
        Self { print: u128::from_be_bytes(print), id: u64::from_be_bytes(id) }
    }
}

/// A run, open for reading.
#[derive(Debug)]
pub(super) struct Run {
    path: PathBuf,
    file: File,
    pub(super) start: u64,
    pub(super) end: u64,
    /// Set when all of it was read and found to be sorted.
    sorted: OnceLock<()>,
}

impl Run {
    pub(super) fn open(dir: &Path, (start, end): Span) -> Result<Self, StoreError> {
        let path = dir.join(name(start, end));
        let file = twinproof_base::file::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidInput => {
                let (path, found, remedy) = (path.clone(), error.to_string(), Remedy::RemoveIndex);
                StoreError::Damaged { path, offset: 0, found, remedy }
            }
            _ => StoreError::io("open", &path)(error),
        })?;
        let run = Self { path, file, start, end, sorted: OnceLock::new() };
        let length = run.file.metadata().map_err(StoreError::io("read", &run.path))?.len();
        if length != run.count() * ENTRY as u64 {
            return Err(run.damaged(length, "the run has another length than its name says"));
        }
        Ok(run)
    }

    fn count(&self) -> u64 {
        self.end - self.start
    }

    pub(super) fn damaged(&self, offset: u64, found: &str) -> StoreError {
        let (path, found) = (self.path.clone(), found.to_owned());
        StoreError::Damaged { path, offset, found, remedy: Remedy::RemoveIndex }
    }

    fn read(&self, from: u64, to: u64) -> Result<Vec<IndexEntry>, StoreError> {
        let length = usize::try_from(to.saturating_sub(from)).unwrap_or(0) * ENTRY;
        let mut bytes = vec![0; length];
        read_exact_at(&self.file, &mut bytes, from * ENTRY as u64)
            .map_err(StoreError::io("read", &self.path))?;
        Ok(bytes.as_chunks::<ENTRY>().0.iter().map(IndexEntry::from_bytes).collect())
    }

    /// The numbers of the records whose names have this hash: one, or none.
    pub(super) fn find(&self, print: u128) -> Result<Vec<u64>, StoreError> {
        // Hashes are spread evenly, so the place can be guessed from those at both ends. Every
        // other step halves the range instead, so that no hashes at all make it take long.
        let (mut low, mut high) = (0, self.count());
        let (mut least, mut most) = (0, u128::MAX);
        let mut guess = true;
        while high - low > BLOCK {
            let span = high - low;
            let middle = if guess {
                // The upper 64 bits are enough to guess by, and the product then fits into 128
                // bits.
                let part = (print - least) >> 64;
                let whole = ((most - least) >> 64).max(1);
                low + u64::try_from(u128::from(span) * part / whole).unwrap_or(span).min(span)
            } else {
                low + span / 2
            };
            guess = !guess;
            let from = middle.saturating_sub(BLOCK / 2).clamp(low, high - BLOCK);
            let block = self.read(from, from + BLOCK)?;
            let (Some(first), Some(last)) = (block.first(), block.last()) else { break };
            if first.print >= print {
                (high, most) = (from + 1, first.print);
            } else if last.print < print {
                (low, least) = (from + BLOCK, last.print);
            } else {
                // The first entry that is not less is in this block.
                low = from;
                high = (from + 2 * BLOCK).min(self.count());
                break;
            }
            if most < print || least > print {
                return Err(self.damaged(from * ENTRY as u64, "the run is not sorted"));
            }
        }
        let mut found = Vec::new();
        for entry in self.read(low, (high + BLOCK).min(self.count()))? {
            if entry.print == print {
                found.push(entry.id);
            }
        }
        Ok(found)
    }

    /// Makes sure that no record has this name's hash. Nothing that is read here is believed before
    /// `print_of_record` has said the same of the record: a damaged entry could lead past the one
    /// that is looked for, or be it.
    pub(super) fn is_absent(
        &self,
        print: u128,
        print_of_record: impl Fn(u64) -> Result<u128, StoreError>,
    ) -> Result<(), StoreError> {
        self.is_sorted()?;
        let (mut low, mut high) = (0, self.count());
        while low < high {
            let middle = low + (high - low) / 2;
            let entry = self.read(middle, middle + 1)?.first().copied();
            let right = |entry: &IndexEntry| (self.start..self.end).contains(&entry.id);
            let Some(entry) = entry.filter(right) else {
                return Err(self.damaged(middle * ENTRY as u64, "it has a record of another run"));
            };
            if print_of_record(entry.id)? != entry.print {
                let found = format!("the entry is not that of record {}", entry.id);
                return Err(self.damaged(middle * ENTRY as u64, &found));
            }
            match entry.print.cmp(&print) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => {
                    return Err(self.damaged(middle * ENTRY as u64, "the run is not sorted"));
                }
            }
        }
        Ok(())
    }

    /// Makes sure that the entries are in order: parts that have changed places mislead a search that
    /// finds nothing wrong with any of them. All of the run is read for it, once.
    pub(super) fn is_sorted(&self) -> Result<(), StoreError> {
        if self.sorted.get().is_some() {
            return Ok(());
        }
        let mut last = None;
        for (number, entry) in (0..).zip(self.entries()) {
            let entry = entry?;
            if last.is_some_and(|last| last >= entry) {
                return Err(self.damaged(number * ENTRY as u64, "the run is not sorted"));
            }
            last = Some(entry);
        }
        self.sorted.get_or_init(|| ());
        Ok(())
    }

    /// All entries, in order, a chunk in memory at a time.
    pub(super) fn entries(&self) -> impl Iterator<Item = Result<IndexEntry, StoreError>> {
        (0..self.count().div_ceil(CHUNK)).flat_map(move |chunk| {
            let from = chunk * CHUNK;
            let (entries, error) = match self.read(from, (from + CHUNK).min(self.count())) {
                Ok(entries) => (entries, None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            entries.into_iter().map(Ok).chain(error)
        })
    }
}

/// The place of a run.
pub(super) fn path(dir: &Path, (start, end): Span) -> PathBuf {
    dir.join(name(start, end))
}

fn name(start: u64, end: u64) -> String {
    format!("{start}-{end}")
}

/// The ranges of the runs in the directory, and the names of other files there.
pub(super) fn list(dir: &Path) -> Result<(Vec<Span>, Vec<PathBuf>), StoreError> {
    let (mut runs, mut others) = (Vec::new(), Vec::new());
    let failed = || StoreError::io("read", dir);
    let entries = match fs::read_dir(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((runs, others)),
        entries => entries.map_err(failed())?,
    };
    for entry in entries {
        let path = entry.map_err(failed())?.path();
        let range = path
            .file_name()
            .and_then(|name| name.to_str()?.split_once('-'))
            .and_then(|(start, end)| Some((start.parse::<u64>().ok()?, end.parse::<u64>().ok()?)))
            // Written back and compared, so that `007-9` is no run: two names for one range would
            // be two files for one run.
            .filter(|(start, end)| start < end && path.ends_with(name(*start, *end)));
        match range {
            Some(range) => runs.push(range),
            None => others.push(path),
        }
    }
    Ok((runs, others))
}

/// Of the runs that there are, those to use for a log of `size` records: from record 0 on without
/// a gap, the longest first.
pub(super) fn cover(runs: &[Span], size: u64) -> Vec<Span> {
    let mut used = Vec::new();
    let mut at = 0;
    let next = |at| runs.iter().copied().filter(|(start, end)| *start == at && *end <= size).max();
    while let Some(run) = next(at) {
        used.push(run);
        at = run.1;
    }
    used
}

/// How many of the last `runs` to merge with a new one of `count` records: those that are not
/// clearly larger than what is behind them.
pub(super) fn to_merge(runs: &[Span], mut count: u64) -> usize {
    let mut merged = 0;
    for (start, end) in runs.iter().rev() {
        // Runs grow at least twofold from one to the next, so there are few of them, and each entry
        // is copied a logarithmic number of times.
        if end - start > 2 * count {
            break;
        }
        count += end - start;
        merged += 1;
    }
    merged
}

/// Writes the run `start-end` of the runs to merge and of `entries`, which are sorted.
pub(super) fn write(
    disk: &dyn Disk,
    dir: &Path,
    (start, end): Span,
    merge: &[impl AsRef<Run>],
    entries: &[IndexEntry],
) -> Result<(), StoreError> {
    let path = dir.join(name(start, end));
    let new = dir.join(name(start, end) + NEW);
    let step = |action, result: io::Result<()>| result.map_err(StoreError::io(action, &new));
    let mut sources: Vec<Box<dyn Iterator<Item = Result<IndexEntry, StoreError>> + '_>> =
        merge.iter().map(|run| Box::new(run.as_ref().entries()) as _).collect();
    sources.push(Box::new(entries.iter().copied().map(Ok)));
    let mut sources: Vec<_> = sources.into_iter().map(Iterator::peekable).collect();
    let mut at = 0;
    let mut buffer = Vec::new();
    step("create", disk.write(&new, 0, &[]))?;
    step("truncate", disk.set_len(&new, 0))?;
    loop {
        // There are few sources, so each is looked at. One that fails comes first.
        let least = sources
            .iter_mut()
            .enumerate()
            .filter_map(|(i, source)| source.peek().map(|entry| (entry.as_ref().ok().copied(), i)))
            .min();
        let entry = least.and_then(|(_, i)| sources.get_mut(i)?.next()).transpose()?;
        if let Some(entry) = entry {
            buffer.extend_from_slice(&entry.to_bytes());
        }
        if buffer.len() as u64 >= CHUNK * ENTRY as u64 || entry.is_none() {
            step("write", disk.write(&new, at, &buffer))?;
            at += buffer.len() as u64;
            buffer.clear();
        }
        if entry.is_none() {
            break;
        }
    }
    step("sync", disk.sync(&new))?;
    step("rename", disk.rename(&new, &path))
}
