//! Writing files of the store: beside their place, then renamed into it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{NamedTempFile, TempPath};

use super::{Name, Store, StoreError};

/// How the names of files begin that are being written.
pub(super) const TEMPORARY: &str = ".tmp-";

/// A file that is being written. It is gone when dropped without [`commit`](Pending::commit).
#[derive(Debug)]
pub(crate) struct Pending {
    name: Name,
    place: PathBuf,
    file: File,
    path: TempPath,
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
        &mut self.file
    }

    /// The error of the store for a failed write.
    pub(crate) fn error(&self, source: io::Error) -> StoreError {
        write_error(&self.name, source)
    }

    /// Gives it its name, in place of whatever has it.
    pub(crate) fn commit(self) -> Result<(), StoreError> {
        let Self { name, place, file, path, sync } = self;
        if sync {
            file.sync_all().map_err(|e| write_error(&name, e))?;
        }
        // A lock on a file is everybody's obstacle on some systems. Where it cannot be given back, it
        // goes with the file.
        let _ = file.unlock();
        drop(file);
        give_name(path, &place).map_err(|e| write_error(&name, e))?;
        if sync {
            sync_folder(&place);
        }
        Ok(())
    }
}

/// Gives a file its name, also while others read what has it now.
fn give_name(file: TempPath, place: &Path) -> io::Result<()> {
    let path = file.keep().map_err(|e| e.error)?;
    fs::rename(&path, place).inspect_err(|_| {
        // What remains of it is swept up later.
        let _ = fs::remove_file(&path);
    })
}

/// Makes a rename last. Where a folder cannot be synced, the system does it in its own time.
#[cfg(unix)]
fn sync_folder(place: &Path) {
    if let Some(folder) = place.parent().and_then(|folder| File::open(folder).ok()) {
        let _ = folder.sync_all();
    }
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) {}

impl Store {
    /// Begins to write a file.
    pub(crate) fn create(&self, name: &Name) -> Result<Pending, StoreError> {
        if self.read_only {
            return Err(StoreError::ReadOnly { name: name.to_string() });
        }
        let (folder, _) = name.split();
        let folder = self.make_folder(folder, name)?;
        let temporary = || -> io::Result<NamedTempFile> {
            let mut builder = tempfile::Builder::new();
            builder.prefix(TEMPORARY);
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
            let file = builder.tempfile_in(&folder)?;
            // Held while this process lives: it tells the sweep from what a dead one has left.
            file.as_file().lock()?;
            Ok(file)
        };
        let (file, path) = temporary().map_err(|e| write_error(name, e))?.into_parts();
        let place = name.under(self.root());
        Ok(Pending { name: name.clone(), place, file, path, sync: self.sync })
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
    fn make_folder(&self, folder: &str, name: &Name) -> Result<PathBuf, StoreError> {
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

    /// What an existing path resolves to, if that is in the store.
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
