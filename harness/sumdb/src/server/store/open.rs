//! Makes a store, and opens one after a crash or damage.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use twinproof_base::file;

use super::disk::Disk;
use super::error::StoreError;
use super::index::{self, Run};
use super::layout::{
    FORMAT, FORMAT_LINE, Files, HEAD, INDEX, LEVELS, LOCK, MAX_LEVELS, OFFSET_SIZE, level_count,
    level_path, missing,
};
use super::options::Options;
use super::view::{Tree, View, entries, named, open_head};
use super::writer::{Writer, is_beginning, put, signed};
use crate::note::{Signer, Verifier};
use crate::tlog::{HASH_SIZE, Hash, TreeHead, join};

/// The longest head that is read, in bytes.
const MAX_HEAD: u64 = 64 << 10;

/// From how many records on runs are made while an index is made anew, so that memory is bounded.
const REBUILD: u64 = 256 << 10;

/// Time that a lock is waited for, and between two looks at it.
// A process that is being started has the open files of the one that starts it, and so the locks that this
// one gives up meanwhile, until it runs its own program.
const PATIENCE: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(5);

/// The lock of the one writer, held until it is dropped or the process ends.
pub(super) fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join(LOCK);
    file::regular(&path).map_err(StoreError::io("open", &path))?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(StoreError::io("create", &path))?;
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if Instant::now() < until => thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked { path }),
            Err(TryLockError::Error(source)) => return Err(StoreError::io("lock", &path)(source)),
        }
    }
}

/// Creates the directory, with those above it, so that it outlasts a crash.
pub(super) fn make_dir(disk: &dyn Disk, dir: &Path) -> Result<(), StoreError> {
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
    let missing: Vec<&Path> = dir.ancestors().take_while(is_missing).collect();
    disk.create_dir(dir).map_err(StoreError::io("create", dir))?;
    for made in missing {
        let above = made.parent().filter(|path| !path.as_os_str().is_empty());
        let above = above.unwrap_or(Path::new("."));
        disk.sync_dir(above).map_err(StoreError::io("sync", above))?;
    }
    Ok(())
}

/// Makes an empty log of an empty directory. The format is written last: without it there is no
/// store yet, and the next attempt begins anew.
pub(super) fn create(dir: &Path, disk: &dyn Disk, signer: &Signer) -> Result<(), StoreError> {
    let refuse = |reason: String| StoreError::NotAStore { path: dir.to_path_buf(), reason };
    for entry in fs::read_dir(dir).map_err(StoreError::io("read", dir))? {
        let entry = entry.map_err(StoreError::io("read", dir))?;
        let name = entry.file_name();
        if !name.to_str().is_some_and(is_beginning) {
            return Err(refuse(format!("it has no file \"{FORMAT}\", and has {name:?}")));
        }
        let content = entry.metadata().map_err(StoreError::io("read", dir))?;
        if content.is_file() && name == super::layout::RECORDS && content.len() > 0 {
            return Err(refuse(format!("it has records, and the file \"{FORMAT}\" is missing")));
        }
    }
    for name in [LEVELS, INDEX] {
        let path = dir.join(name);
        disk.create_dir(&path).map_err(StoreError::io("create", &path))?;
    }
    for name in [super::layout::RECORDS, super::layout::OFFSETS] {
        let path = dir.join(name);
        disk.write(&path, 0, &[]).map_err(StoreError::io("create", &path))?;
    }
    put(disk, dir, HEAD, &signed(&TreeHead::EMPTY, signer)?)?;
    disk.sync_dir(dir).map_err(StoreError::io("sync", dir))?;
    put(disk, dir, FORMAT, FORMAT_LINE)?;
    disk.sync_dir(dir).map_err(StoreError::io("sync", dir))
}

/// Whether the directory is a store. An error when it is one of another layout.
pub(super) fn is_store(dir: &Path) -> Result<bool, StoreError> {
    let path = dir.join(FORMAT);
    match read_small(&path) {
        Ok(text) if text == FORMAT_LINE.as_bytes() => Ok(true),
        Ok(text) => Err(StoreError::NotAStore {
            path: dir.to_path_buf(),
            reason: format!(
                "its file \"{FORMAT}\" says {:?} and should say {FORMAT_LINE:?}",
                String::from_utf8_lossy(&text)
            ),
        }),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(StoreError::io("read", &path)(e)),
    }
}

fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file::open(path)?, MAX_HEAD), &mut bytes)?;
    Ok(bytes)
}

/// The newest published head.
pub(super) fn read_head(dir: &Path, verifier: &Verifier) -> Result<(TreeHead, String), StoreError> {
    let path = dir.join(HEAD);
    let note = read_small(&path).map_err(|e| missing(&path, e))?;
    open_head(&path, &note, verifier)
}

/// The published tree, with the index as far as there is one.
pub(super) fn published(
    files: &Files,
    head: TreeHead,
    note: String,
) -> Result<(Tree, u64), StoreError> {
    let dir = files.dir().join(INDEX);
    let (ranges, _) = index::list(&dir)?;
    let mut runs = Vec::new();
    for range in index::cover(&ranges, head.size) {
        runs.push(Arc::new(Run::open(&dir, range)?));
    }
    let covered = runs.last().map_or(0, |run| run.end);
    Ok((Tree { head, note, runs, tail: Vec::new() }, covered))
}

/// Brings the files back to the published tree, and returns it with its writer.
pub(super) fn recover(
    dir: &Path,
    options: Options,
    verifier: &Verifier,
) -> Result<(View, Writer), StoreError> {
    let disk = Arc::clone(&options.disk);
    let run_from = options.run_from.max(1);
    let (head, note) = read_head(dir, verifier)?;
    // The head may have been put there by a writer that ended before it was on the medium.
    disk.sync_dir(dir).map_err(StoreError::io("sync", dir))?;
    // Everything behind the published tree was never promised to anybody, and is cut off.
    let files = Files::new(dir);
    let size = head.size;

    cut(&*disk, &files.offsets_path(), size * OFFSET_SIZE)?;
    let end = match size.checked_sub(1) {
        Some(last) => files.offsets(last, 1)?.last().copied().unwrap_or(0),
        None => 0,
    };
    cut(&*disk, &files.records_path(), end)?;
    for level in 0..MAX_LEVELS {
        let path = level_path(dir, level);
        let length = level_count(size, level) * HASH_SIZE as u64;
        if length > 0 || path.exists() {
            cut(&*disk, &path, length)?;
        }
    }
    let edge = edge(&files, size)?;
    if join(&edge) != head.hash {
        let path = dir.join(LEVELS);
        let found = format!("the hashes do not give the hash of the published tree of {size}");
        return Err(StoreError::damaged(&path, 0, found));
    }
    if let Some(last) = size.checked_sub(1) {
        named(&files, last, 1)?;
    }

    let mut writer = Writer::new(dir, options, size, end, edge);
    let index = dir.join(INDEX);
    disk.create_dir(&index).map_err(StoreError::io("create", &index))?;
    let (mut tree, mut covered) = published(&files, head, note)?;
    while size - covered >= run_from {
        let end = size.min(covered + REBUILD);
        let entries = entries(&files, covered, end)?;
        tree.runs = writer.add_run(tree.runs, end, &entries)?;
        covered = end;
    }
    tree.tail = entries(&files, covered, size)?;
    writer.remove_idle_runs(&tree);
    Ok((View::new(files, tree), writer))
}

/// Cuts off what no published head covers. All bytes that a head covers must be there.
fn cut(disk: &dyn Disk, path: &Path, length: u64) -> Result<(), StoreError> {
    let there = fs::metadata(path).map_err(|e| missing(path, e))?.len();
    if there < length {
        let found = format!("the file ends, and the published tree needs {length} bytes");
        return Err(StoreError::damaged(path, there, found));
    }
    if there > length {
        disk.set_len(path, length).map_err(StoreError::io("truncate", path))?;
    }
    Ok(())
}

/// The complete subtrees of a log of `size` records, from left to right.
fn edge(files: &Files, size: u64) -> Result<Vec<Hash>, StoreError> {
    let levels = (0..MAX_LEVELS).rev().filter(|level| level_count(size, *level) & 1 == 1);
    levels.map(|level| files.hash(level, level_count(size, level) - 1)).collect()
}
