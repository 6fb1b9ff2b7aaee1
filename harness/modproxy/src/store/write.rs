//! Writing files of the store: beside their place, then renamed into it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use twinproof_base::file;

use super::{Name, Store, StoreError};

/// Prefix of the names of files that are being written.
pub(super) const TEMPORARY: &str = ".tmp-";

/// A file that is being written. What it has is on the medium before it gets its name; the name may be lost
/// by a power failure, and is fetched again. It is gone when dropped without [`commit`](Pending::commit).
#[derive(Debug)]
pub(crate) struct Pending {
    name: Name,
    file: file::Pending,
    sync: bool,
}

/// The error of the store for one of the file system.
pub(super) fn write_error(name: &Name, source: io::Error) -> StoreError {
    let name = name.to_string();
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            StoreError::Full { name }
        }
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
            StoreError::ReadOnly { name }
        }
        _ => StoreError::Write { name, source },
    }
}

impl Pending {
    /// The file, to be written to and read back.
    pub(crate) fn file(&mut self) -> &mut File {
        self.file.file()
    }

    /// The same once more, for reading while it is written. There is none where reading would move
    /// the place that is written to.
    pub(crate) fn reader(&mut self) -> Option<File> {
        if cfg!(unix) { self.file().try_clone().ok() } else { None }
    }

    /// The same, not synced before it gets its name.
    pub(crate) fn unsynced(self) -> Self {
        Self { sync: false, ..self }
    }

    /// The error of the store for a failed write.
    pub(crate) fn error(&self, source: io::Error) -> StoreError {
        write_error(&self.name, source)
    }

    /// Gives it its name, in place of whatever has it.
    pub(crate) fn commit(self) -> Result<(), StoreError> {
        let Self { name, file, sync } = self;
        // Its lock goes with the open file.
        let done = if sync { file.commit_contents() } else { file.commit_unsynced() };
        done.map_err(|e| write_error(&name, e))
    }
}

impl Store {
    /// Begins to write a file.
    pub(crate) fn create(&self, name: &Name) -> Result<Pending, StoreError> {
        if self.read_only {
            return Err(StoreError::ReadOnly { name: name.to_string() });
        }
        let (folder, _) = name.split();
        self.make_folder(folder, name)?;
        let begin = || {
            let mut file = file::Pending::with_prefix(&name.under(self.root()), TEMPORARY)?;
            // Locked while this process lives: the sweep removes temporary files without this lock.
            file.file().lock()?;
            Ok(file)
        };
        let file = begin().map_err(|e| write_error(name, e))?;
        Ok(Pending { name: name.clone(), file, sync: self.sync })
    }

    /// Writes a file in one go.
    pub(crate) fn write(&self, name: &Name, bytes: &[u8]) -> Result<(), StoreError> {
        let mut pending = self.create(name)?;
        pending.file().write_all(bytes).map_err(|e| write_error(name, e))?;
        pending.commit()
    }

    /// Takes a file away. One that is not there is gone already.
    pub(crate) fn remove(&self, name: &Name) -> Result<(), StoreError> {
        if self.read_only {
            return Err(StoreError::ReadOnly { name: name.to_string() });
        }
        // A link on the way might lead elsewhere.
        let (folder, last) = name.split();
        let folder = folder_path(self.root(), folder);
        if !folder.is_dir() {
            return Ok(());
        }
        match fs::remove_file(self.inside(&folder, name)?.join(last)) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(write_error(name, e)),
            _ => Ok(()),
        }
    }

    /// Makes a folder of the store, one element after the other, so that none is made elsewhere.
    pub(super) fn make_folder(&self, folder: &str, name: &Name) -> Result<PathBuf, StoreError> {
        let path = folder_path(self.root(), folder);
        // Most of the time it is there.
        if path.is_dir() {
            return self.inside(&path, name);
        }
        let mut path = self.root().to_path_buf();
        for element in folder.split('/').filter(|element| !element.is_empty()) {
            path.push(element);
            match fs::create_dir(&path) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                    path = self.inside(&path, name)?;
                }
                Err(e) => return Err(write_error(name, e)),
            }
        }
        Ok(path)
    }

    /// The path that an existing one resolves to, if that is in the store.
    fn inside(&self, path: &Path, name: &Name) -> Result<PathBuf, StoreError> {
        let resolved = fs::canonicalize(path).map_err(|e| write_error(name, e))?;
        if resolved.starts_with(self.root()) {
            Ok(resolved)
        } else {
            Err(StoreError::Outside { name: name.to_string() })
        }
    }
}

fn folder_path(root: &Path, folder: &str) -> PathBuf {
    folder.split('/').filter(|e| !e.is_empty()).fold(root.to_path_buf(), |path, e| path.join(e))
}
