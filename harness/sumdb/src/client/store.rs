//! The client's persistent state: the newest tree head it has seen, and authenticated tiles.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::tile::Tile;
use twinproof_base::file;

/// Whether a compare-and-swap took place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Swap {
    /// The value was stored.
    Done,
    /// The stored value was another than expected, and is unchanged.
    Conflict,
}

/// The store could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("checksum database store: {}", path.display())]
pub struct StoreError {
    /// The file.
    pub path: PathBuf,
    /// The I/O error.
    pub source: io::Error,
}

/// The client's memory. Losing tiles costs time; losing the tree head costs the power to detect a
/// fork, so it should outlive the process.
pub trait Store: Send + Sync {
    /// The signed note of the newest tree head of the database with this name, if there is one.
    ///
    /// # Errors
    /// When it cannot be read, which must not be taken for its absence.
    fn latest(&self, database: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Replaces the tree head by `new` if it is `old`, in one step for all users of the store.
    ///
    /// # Errors
    /// When it cannot be read or written.
    fn swap_latest(
        &self,
        database: &str,
        old: Option<&[u8]>,
        new: &[u8],
    ) -> Result<Swap, StoreError>;

    /// The bytes of a tile, if they are there. They are authenticated again on use.
    fn tile(&self, database: &str, tile: Tile) -> Option<Vec<u8>>;

    /// Keeps the bytes of an authenticated tile. It is a cache: failing to is no error.
    fn keep_tile(&self, database: &str, tile: Tile, data: &[u8]);
}

impl<S: Store + ?Sized> Store for &S {
    fn latest(&self, database: &str) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).latest(database)
    }

    fn swap_latest(
        &self,
        database: &str,
        old: Option<&[u8]>,
        new: &[u8],
    ) -> Result<Swap, StoreError> {
        (**self).swap_latest(database, old, new)
    }

    fn tile(&self, database: &str, tile: Tile) -> Option<Vec<u8>> {
        (**self).tile(database, tile)
    }

    fn keep_tile(&self, database: &str, tile: Tile, data: &[u8]) {
        (**self).keep_tile(database, tile, data);
    }
}

impl<S: Store + ?Sized> Store for Arc<S> {
    fn latest(&self, database: &str) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).latest(database)
    }

    fn swap_latest(
        &self,
        database: &str,
        old: Option<&[u8]>,
        new: &[u8],
    ) -> Result<Swap, StoreError> {
        (**self).swap_latest(database, old, new)
    }

    fn tile(&self, database: &str, tile: Tile) -> Option<Vec<u8>> {
        (**self).tile(database, tile)
    }

    fn keep_tile(&self, database: &str, tile: Tile, data: &[u8]) {
        (**self).keep_tile(database, tile, data);
    }
}

/// A store that lives as long as the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    latest: Mutex<HashMap<String, Vec<u8>>>,
    tiles: Mutex<HashMap<(String, Tile), Vec<u8>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

impl Store for MemoryStore {
    fn latest(&self, database: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(lock(&self.latest).get(database).cloned())
    }

    fn swap_latest(
        &self,
        database: &str,
        old: Option<&[u8]>,
        new: &[u8],
    ) -> Result<Swap, StoreError> {
        let mut latest = lock(&self.latest);
        if latest.get(database).map(Vec::as_slice) != old {
            return Ok(Swap::Conflict);
        }
        latest.insert(database.to_owned(), new.to_vec());
        Ok(Swap::Done)
    }

    fn tile(&self, database: &str, tile: Tile) -> Option<Vec<u8>> {
        lock(&self.tiles).get(&(database.to_owned(), tile)).cloned()
    }

    fn keep_tile(&self, database: &str, tile: Tile, data: &[u8]) {
        lock(&self.tiles).insert((database.to_owned(), tile), data.to_vec());
    }
}

/// A store in a directory, for any number of processes at once.
///
/// Below it, for each database, are `NAME/latest`, `NAME/latest.lock` and `NAME/tile/…`, the way
/// cmd/go lays out its own. Files are written beside their place and renamed into it.
#[derive(Debug)]
pub struct DirStore {
    root: PathBuf,
}

/// The longest tree head note that is read, in bytes.
const MAX_NOTE: u64 = 1 << 20;

impl DirStore {
    /// A store in `root`, which is created when something is written.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory of a database. Its name may have slashes, but leads nowhere else.
    fn database(&self, name: &str) -> Result<PathBuf, StoreError> {
        let plain = |part: &str| {
            // The name comes from a key that a user was given, and becomes a path.
            !matches!(part, "" | "." | "..")
                && !part.contains(|c: char| {
                    c.is_control() || matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
                })
        };
        if !name.split('/').all(plain) {
            let message = "a database name that is no relative path";
            return Err(StoreError {
                path: self.root.join("?"),
                source: io::Error::new(io::ErrorKind::InvalidInput, message),
            });
        }
        Ok(name.split('/').fold(self.root.clone(), |path, part| path.join(part)))
    }
}

fn read_note(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let failed = |source| StoreError { path: path.to_path_buf(), source };
    let file = match file::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(e)),
    };
    let mut note = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, MAX_NOTE), &mut note).map_err(failed)?;
    // A process that was killed by an older release may have left an empty file; it says the same
    // as none.
    Ok(if note.is_empty() { None } else { Some(note) })
}

impl Store for DirStore {
    fn latest(&self, database: &str) -> Result<Option<Vec<u8>>, StoreError> {
        read_note(&self.database(database)?.join("latest"))
    }

    fn swap_latest(
        &self,
        database: &str,
        old: Option<&[u8]>,
        new: &[u8],
    ) -> Result<Swap, StoreError> {
        let directory = self.database(database)?;
        let path = directory.join("latest.lock");
        let failed = |source| StoreError { path: path.clone(), source };
        fs::create_dir_all(&directory).map_err(failed)?;
        // Held until the file is dropped, by the end of the process at the latest.
        let lock =
            File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        // A lock file of its own: the head is replaced by renaming, and a lock on it would be on
        // the file that goes.
        lock.lock().map_err(failed)?;
        let path = directory.join("latest");
        if read_note(&path)?.as_deref() != old {
            return Ok(Swap::Conflict);
        }
        file::write(&path, new).map_err(|source| StoreError { path: path.clone(), source })?;
        Ok(Swap::Done)
    }

    fn tile(&self, database: &str, tile: Tile) -> Option<Vec<u8>> {
        let path = self.database(database).ok()?.join(tile.to_string());
        let file = File::open(path).ok()?;
        let mut data = Vec::new();
        let limit = super::fetch::MAX_RESPONSE as u64;
        io::Read::read_to_end(&mut io::Read::take(file, limit), &mut data).ok()?;
        Some(data)
    }

    fn keep_tile(&self, database: &str, tile: Tile, data: &[u8]) {
        if let Ok(directory) = self.database(database) {
            let _ = file::write(&directory.join(tile.to_string()), data);
        }
    }
}
