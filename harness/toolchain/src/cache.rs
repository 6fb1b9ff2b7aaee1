//! The per-user cache: where SDKs are, how they get there whole, and the evidence that is kept.
//!
//! ```text
//! ROOT/sdk/verified/go1.22.5.linux-amd64/{goroot/…, provenance.json}
//! ROOT/sdk/made/go1.22.5.windows-amd64/SOURCE/{goroot/…, provenance.json}   SOURCE: of its zip hash
//! ROOT/sdk/part/        downloads that can be resumed, and directories not finished
//! ROOT/sdk/quarantine/  files with a wrong hash: never used, never read again
//! ROOT/sdk/lock/        one file for each SDK, locked while it is provided
//! ROOT/sumdb/           tree heads and tiles of the checksum database's client
//! ```
//!
//! A directory below `verified` or `made` is there in whole or not at all: it is built elsewhere and
//! renamed. Nothing here is particular to SDKs.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use directories::ProjectDirs;
use tempfile::TempDir;

use crate::error::Error;
use crate::progress::{Phase, Progress};
use crate::variable::CACHE_VARIABLE;
use twinproof_base::file;

/// The cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    root: PathBuf,
}

/// Held while an SDK is provided; released when dropped.
#[derive(Debug)]
pub(crate) struct Guard {
    _file: File,
}

impl Cache {
    /// The cache in the directory `root`, which need not exist.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The user's cache: what `TWINPROOF_CACHE` names, else the system's place for caches.
    ///
    /// # Errors
    /// [`Error::NoCacheDirectory`] when there is neither.
    pub fn of_user() -> Result<Self, Error> {
        if let Some(root) = std::env::var_os(CACHE_VARIABLE).filter(|root| !root.is_empty()) {
            return Ok(Self::at(root));
        }
        let dirs = ProjectDirs::from("", "", "twinproof").ok_or(Error::NoCacheDirectory)?;
        Ok(Self::at(dirs.cache_dir()))
    }

    /// The directory of it all.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder for tree heads and tiles of the checksum database's client.
    pub(crate) fn sumdb(&self) -> PathBuf {
        self.root.join("sumdb")
    }

    pub(crate) fn verified(&self, name: &str) -> PathBuf {
        self.root.join("sdk").join("verified").join(name)
    }

    pub(crate) fn made(&self, name: &str) -> PathBuf {
        self.root.join("sdk").join("made").join(name)
    }

    /// The file of an unfinished download.
    pub(crate) fn part(&self, name: &str) -> Result<PathBuf, Error> {
        Ok(self.folder("part")?.join(format!("{name}.zip.part")))
    }

    /// A directory for unfinished work, removed when dropped.
    pub(crate) fn scratch(&self) -> Result<TempDir, Error> {
        let parent = self.folder("part")?;
        tempfile::Builder::new()
            .prefix("work-")
            .tempdir_in(&parent)
            .map_err(Error::io("create a directory in", &parent))
    }

    /// Locks `name` against other processes, and waits for them.
    pub(crate) fn lock(&self, name: &str, progress: &mut dyn Progress) -> Result<Guard, Error> {
        let path = self.folder("lock")?.join(format!("{name}.lock"));
        let file = File::create(&path).map_err(Error::io("create", &path))?;
        let mut waited = 0;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Guard { _file: file }),
                Err(TryLockError::WouldBlock) => {
                    progress.report(Phase::Wait, name, waited, None);
                    if progress.cancelled() {
                        return Err(Error::Cancelled);
                    }
                    waited += 1;
                    // Locks of files have no waiting with a time limit; another process may hold
                    // one for as long as a build takes.
                    std::thread::sleep(Duration::from_millis(200));
                }
                Err(TryLockError::Error(source)) => {
                    return Err(Error::Io { action: "lock", path, source });
                }
            }
        }
    }

    /// Moves `finished` to `place`. A directory at `place` goes to quarantine.
    pub(crate) fn publish(&self, finished: &Path, place: &Path) -> Result<(), Error> {
        // A finished SDK is never written into: the old one is moved away whole, and the new one
        // takes its name in one step.
        if place.exists() {
            self.quarantine(place)?;
        }
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        }
        file::publish(finished, place).map_err(Error::io("rename to", place))
    }

    /// Moves the file or folder at `path` to the quarantine as evidence; its new path.
    pub(crate) fn quarantine(&self, path: &Path) -> Result<PathBuf, Error> {
        let folder = self.folder("quarantine")?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Kept under a name of its own, so that the rejected file can still be examined after the
        // next try.
        let kept = (1..10_000)
            .map(|n| folder.join(format!("{name}.{n}")))
            .find(|kept| !kept.exists())
            .unwrap_or_else(|| folder.join(&name));
        fs::rename(path, &kept).map_err(Error::io("move to quarantine", path))?;
        Ok(kept)
    }

    fn folder(&self, name: &str) -> Result<PathBuf, Error> {
        let folder = self.root.join("sdk").join(name);
        fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;

    #[test]
    fn publishing_keeps_what_was_there_as_evidence() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path());
        for text in ["old", "new"] {
            let work = cache.scratch().unwrap();
            let finished = work.path().join("sdk");
            fs::create_dir(&finished).unwrap();
            fs::write(finished.join("VERSION"), text).unwrap();
            cache.publish(&finished, &cache.verified("go")).unwrap();
        }
        assert_eq!(fs::read_to_string(cache.verified("go").join("VERSION")).unwrap(), "new");
        assert_eq!(
            fs::read_to_string(dir.path().join("sdk/quarantine/go.1/VERSION")).unwrap(),
            "old"
        );
    }

    #[test]
    fn a_lock_is_waited_for_and_the_wait_can_be_cancelled() {
        struct Impatient(u64);
        impl Progress for Impatient {
            fn report(&mut self, _: Phase, _: &str, done: u64, _: Option<u64>) {
                self.0 = done;
            }
            fn cancelled(&self) -> bool {
                true
            }
        }
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::at(dir.path());
        let held = cache.lock("go", &mut Silent).unwrap();
        assert!(matches!(cache.lock("go", &mut Impatient(0)), Err(Error::Cancelled)));
        drop(held);
        cache.lock("go", &mut Silent).unwrap();
    }
}
