//! The store's changes to the file system, one method a step.

use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use twinproof_base::{file, positional};

/// The changes that a store makes to files. Each is one step at which a machine may stop, so that
/// a test can put something in its place that does stop there. Reading does not go through it.
pub trait Disk: fmt::Debug + Send + Sync {
    /// Creates a directory, and those above it, where there is none.
    ///
    /// # Errors
    /// When it cannot be created.
    fn create_dir(&self, path: &Path) -> io::Result<()>;

    /// Writes `bytes` at `offset` of the file, which is created if it is not there.
    ///
    /// # Errors
    /// When not all of it was written; a part may have been.
    fn write(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file to a length.
    ///
    /// # Errors
    /// When it still has another one.
    fn set_len(&self, path: &Path, length: u64) -> io::Result<()>;

    /// Waits until the file's content is on the medium.
    ///
    /// # Errors
    /// When it may not be there.
    fn sync(&self, path: &Path) -> io::Result<()>;

    /// Puts `from` in the place of `to`, in one step for all readers.
    ///
    /// # Errors
    /// When `to` is what it was.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// When it is still there.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Waits until the names in the directory are on the medium.
    ///
    /// # Errors
    /// When they may not be there.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
}

/// The file system as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsDisk;

fn writable(path: &Path) -> io::Result<File> {
    file::regular(path)?;
    File::options().write(true).open(path)
}

impl Disk for OsDisk {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn write(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        file::regular(path)?;
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        positional::write_all_at(&file, bytes, offset)
    }

    fn set_len(&self, path: &Path, length: u64) -> io::Result<()> {
        writable(path)?.set_len(length)
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        // A file that is synced through a second handle is synced with all that the first wrote.
        writable(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        file::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    #[cfg(unix)]
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    /// Windows has no handle to sync a directory through, and its file systems log changes of names
    /// in order: syncing a file that was just renamed writes the log.
    #[cfg(windows)]
    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        for entry in fs::read_dir(path)? {
            let path = entry?.path();
            if path.is_file() && path.file_name().is_some_and(|name| name != super::layout::LOCK) {
                return writable(&path)?.sync_all();
            }
        }
        Ok(())
    }
}
