//! Holds added records until they are published, and publishes them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::disk::Disk;
use super::error::StoreError;
use super::frame;
use super::index::{self, IndexEntry, Run, print_of};
use super::layout::{
    FORMAT, HEAD, INDEX, LEVELS, MAX_LEVELS, NEW, OFFSET_SIZE, OFFSETS, RECORDS, level_count,
    level_path,
};
use super::options::Options;
use super::view::{Tree, View, find};
use crate::note::{Note, Signer, sign};
use crate::tlog::{HASH_SIZE, Hash, TreeHead, join, node_hash, record_hash};

/// The most records that may wait to be published.
pub(super) const MAX_PENDING: u64 = 1 << 20;

/// Bytes of records held in memory before they are written out.
// One write for some thousands of records: each write is a system call, and an append that is cut
// off has to be undone.
const SPILL: usize = 1 << 20;

/// A file that is only appended to, with what is not yet written.
#[derive(Debug)]
struct AppendFile {
    path: PathBuf,
    /// Bytes that were written.
    written: u64,
    /// Bytes that are to be written behind them.
    buffer: Vec<u8>,
    /// Whether what was written may not be on the medium yet.
    dirty: bool,
}

impl AppendFile {
    fn new(path: PathBuf, written: u64) -> Self {
        Self { path, written, buffer: Vec::new(), dirty: false }
    }

    fn end(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Writes the buffer out. When that fails it is kept, and what was written of it is given back.
    fn flush(&mut self, disk: &dyn Disk) -> Result<(), StoreError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        self.dirty = true;
        disk.write(&self.path, self.written, &self.buffer).map_err(|error| {
            // Best effort: opening the store cuts off what is behind the published tree in any
            // case.
            let _ = disk.set_len(&self.path, self.written);
            StoreError::io("write", &self.path)(error)
        })?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn sync(&mut self, disk: &dyn Disk) -> Result<(), StoreError> {
        if self.dirty {
            disk.sync(&self.path).map_err(StoreError::io("sync", &self.path))?;
            self.dirty = false;
        }
        Ok(())
    }
}

/// Whether two records say the same, in whatever order.
fn same_lines(one: &str, other: &str) -> bool {
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    sorted(one) == sorted(other)
}

/// The one writer of a store.
#[derive(Debug)]
pub(super) struct Writer {
    dir: PathBuf,
    disk: Arc<dyn Disk>,
    run_from: u64,
    size: u64,
    /// The complete subtrees that the records make up, from left to right.
    edge: Vec<Hash>,
    records: AppendFile,
    offsets: AppendFile,
    levels: Vec<AppendFile>,
    /// Whether `levels` has files whose names may not be on the medium.
    new_levels: bool,
    pending: HashMap<u128, (u64, Hash)>,
    poisoned: bool,
}

impl Writer {
    /// The writer of a log of `size` records, whose records end at `end`.
    pub(super) fn new(dir: &Path, options: Options, size: u64, end: u64, edge: Vec<Hash>) -> Self {
        let levels = (0..MAX_LEVELS)
            .take_while(|level| level_count(size, *level) > 0)
            .map(|level| {
                let end = level_count(size, level) * HASH_SIZE as u64;
                AppendFile::new(level_path(dir, level), end)
            })
            .collect();
        Self {
            dir: dir.to_path_buf(),
            disk: options.disk,
            run_from: options.run_from,
            size,
            edge,
            records: AppendFile::new(dir.join(RECORDS), end),
            offsets: AppendFile::new(dir.join(OFFSETS), size * OFFSET_SIZE),
            levels,
            new_levels: false,
            pending: HashMap::new(),
            poisoned: false,
        }
    }

    pub(super) fn pending(&self) -> u64 {
        self.pending.len() as u64
    }

    /// Adds a record, or returns the number of the one that there is.
    pub(super) fn add(&mut self, view: &View, name: &str, text: &str) -> Result<u64, StoreError> {
        // After a failed fsync Linux drops the dirty pages and reports no further error, so what is
        // on the medium is unknown. Only opening the store anew finds out.
        if self.poisoned {
            return Err(StoreError::Poisoned);
        }
        let print = print_of(name);
        let conflict = |known: String| StoreError::Conflict {
            name: name.to_owned(),
            known,
            given: text.to_owned(),
        };
        if let Some((id, hash)) = self.pending.get(&print) {
            let same = *hash == record_hash(text.as_bytes());
            return if same {
                Ok(*id)
            } else {
                Err(conflict("another, not published yet\n".into()))
            };
        }
        if let Some(id) = find(&view.files, &view.tree(), name)? {
            let known = view.texts(id, 1)?.pop().unwrap_or_default();
            return if same_lines(&known, text) { Ok(id) } else { Err(conflict(known)) };
        }
        if self.pending() >= MAX_PENDING {
            return Err(StoreError::Pending(self.pending()));
        }
        // Before anything changes: where there is no room, the record has not been added.
        if self.records.buffer.len() >= SPILL {
            self.flush()?;
        }
        let id = self.size;
        self.append(text);
        frame::write(&mut self.records.buffer, name, text);
        let end = self.records.end();
        self.offsets.buffer.extend_from_slice(&end.to_le_bytes());
        self.pending.insert(print, (id, record_hash(text.as_bytes())));
        Ok(id)
    }

    /// Appends the hashes that the next record completes.
    fn append(&mut self, text: &str) {
        let mut hash = record_hash(text.as_bytes());
        for level in 0.. {
            while self.levels.len() <= level {
                self.levels.push(AppendFile::new(level_path(&self.dir, self.levels.len()), 0));
                self.new_levels = true;
            }
            if let Some(file) = self.levels.get_mut(level) {
                file.buffer.extend_from_slice(&hash.0);
            }
            // The size counts in binary: a bit that is 1 stands for a complete subtree of that
            // level, which the new hash joins.
            if self.size >> level & 1 == 0 {
                break;
            }
            // The bit says that there is a complete subtree on the left.
            let Some(left) = self.edge.pop() else { break };
            hash = node_hash(&left, &hash);
        }
        self.edge.push(hash);
        self.size += 1;
    }

    fn append_files(&mut self) -> impl Iterator<Item = &mut AppendFile> {
        [&mut self.records, &mut self.offsets].into_iter().chain(&mut self.levels)
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let disk = Arc::clone(&self.disk);
        self.append_files().try_for_each(|file| file.flush(&*disk))
    }

    fn sync_dir(&self, path: &Path) -> Result<(), StoreError> {
        self.disk.sync_dir(path).map_err(StoreError::io("sync", path))
    }

    /// Publishes what was added: in the order that the [module](super) says.
    pub(super) fn publish(&mut self, view: &View, signer: &Signer) -> Result<TreeHead, StoreError> {
        let tree = view.tree();
        if self.poisoned {
            return Err(StoreError::Poisoned);
        }
        if self.size == tree.head.size {
            return Ok(tree.head);
        }
        // Order matters: records and hashes must be on the medium before the head that covers them.
        // A head without its records could never be served again.
        self.flush()?;
        self.sync().inspect_err(|_| self.poisoned = true)?;
        let (runs, tail) = self.index(&tree)?;
        let head = TreeHead { size: self.size, hash: join(&self.edge) };
        let note = signed(&head, signer)?;
        self.put_head(&note)?;
        view.replace(Tree { head, note, runs, tail });
        self.pending.clear();
        self.remove_idle_runs(&view.tree());
        Ok(head)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        let disk = Arc::clone(&self.disk);
        self.append_files().try_for_each(|file| file.sync(&*disk))?;
        if self.new_levels {
            self.sync_dir(&self.dir.join(LEVELS))?;
            self.new_levels = false;
        }
        Ok(())
    }

    /// The index with what was added: in the tail, or in a new run when the tail gets too long.
    fn index(&mut self, tree: &Tree) -> Result<(Vec<Arc<Run>>, Vec<IndexEntry>), StoreError> {
        let pending = self.pending.iter().map(|(&print, &(id, _))| IndexEntry { print, id });
        let mut tail: Vec<IndexEntry> = tree.tail.iter().copied().chain(pending).collect();
        tail.sort_unstable();
        let runs = tree.runs.clone();
        if (tail.len() as u64) < self.run_from {
            return Ok((runs, tail));
        }
        let runs = self.add_run(runs, self.size, &tail)?;
        Ok((runs, Vec::new()))
    }

    /// Makes a run of `entries`, which end at record `end`, merged with those that it goes with.
    pub(super) fn add_run(
        &mut self,
        mut runs: Vec<Arc<Run>>,
        end: u64,
        entries: &[IndexEntry],
    ) -> Result<Vec<Arc<Run>>, StoreError> {
        let dir = self.dir.join(INDEX);
        let ranges: Vec<_> = runs.iter().map(|run| (run.start, run.end)).collect();
        let count = entries.len() as u64;
        let merge = runs.split_off(runs.len() - index::to_merge(&ranges, count));
        let start = merge.first().map_or(end - count, |run| run.start);
        index::write(&*self.disk, &dir, (start, end), &merge, entries)?;
        self.sync_dir(&dir).inspect_err(|_| self.poisoned = true)?;
        runs.push(Arc::new(Run::open(&dir, (start, end))?));
        Ok(runs)
    }

    fn put_head(&mut self, note: &str) -> Result<(), StoreError> {
        put(&*self.disk, &self.dir, HEAD, note)?;
        // Until this is done the new head may be gone after a crash, and must not be served: what
        // would be published then could contradict it.
        self.sync_dir(&self.dir).inspect_err(|_| self.poisoned = true)
    }

    /// Removes files of the index that no reader needs who begins now. A file that stays is
    /// harmless.
    pub(super) fn remove_idle_runs(&self, tree: &Tree) {
        let dir = self.dir.join(INDEX);
        let Ok((runs, others)) = index::list(&dir) else { return };
        let used = |range: &(u64, u64)| tree.runs.iter().any(|run| (run.start, run.end) == *range);
        let idle = runs.iter().filter(|range| !used(range)).map(|range| index::path(&dir, *range));
        for path in idle.chain(others) {
            // Windows refuses while a reader has it open; the next publication tries again.
            let _ = self.disk.remove(&path);
        }
    }
}

/// The signed note of a head.
pub(super) fn signed(head: &TreeHead, signer: &Signer) -> Result<String, StoreError> {
    sign(&Note { text: head.to_string(), ..Note::default() }, &[signer]).map_err(StoreError::Sign)
}

/// Puts a small file in its place in whole, without syncing the directory.
pub(super) fn put(disk: &dyn Disk, dir: &Path, name: &str, text: &str) -> Result<(), StoreError> {
    let new = dir.join(format!("{name}{NEW}"));
    let failed = |action| StoreError::io(action, &new);
    let written = disk
        .write(&new, 0, text.as_bytes())
        .map_err(failed("write"))
        .and_then(|()| disk.set_len(&new, text.len() as u64).map_err(failed("truncate")))
        .and_then(|()| disk.sync(&new).map_err(failed("sync")))
        .and_then(|()| disk.rename(&new, &dir.join(name)).map_err(failed("rename")));
    written.inspect_err(|_| {
        let _ = disk.remove(&new);
    })
}

/// The names that a store which was never published to may have.
pub(super) fn is_beginning(name: &str) -> bool {
    let name = name.strip_suffix(NEW).unwrap_or(name);
    [super::layout::LOCK, FORMAT, HEAD, INDEX, LEVELS, RECORDS, OFFSETS].contains(&name)
}
