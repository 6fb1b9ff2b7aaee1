//! Opening and reading files of the store.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use super::{Name, Store, StoreError};
use crate::body::read_at;

/// A file that is there.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) file: Arc<File>,
    pub(crate) length: u64,
    pub(crate) modified: Option<SystemTime>,
}

impl Opened {
    /// All its bytes.
    pub(crate) fn bytes(&self) -> io::Result<Bytes> {
        let length = usize::try_from(self.length).map_err(io::Error::other)?;
        read_at(&self.file, 0, length)
    }
}

impl Store {
    /// Opens a file. `None` when there is none. Anything else under its name (a folder, a pipe, a
    /// link that leads elsewhere) is damage.
    pub(crate) fn file(&self, name: &Name) -> Result<Option<Opened>, StoreError> {
        match self.regular(name) {
            Err(StoreError::Outside { .. }) if self.is_odd(name) => {
                self.set_aside(name, "it is no file");
                // If it could not be removed, the file cannot be fetched anew: report the error.
                if self.is_odd(name) { self.regular(name) } else { Ok(None) }
            }
            result => result,
        }
    }

    /// Whether something in a folder of this store, which is written to, has the name of a file and is
    /// none.
    fn is_odd(&self, name: &Name) -> bool {
        let path = name.under(self.root());
        let folder = path.parent().and_then(|folder| std::fs::canonicalize(folder).ok());
        !self.is_read_only()
            && folder.is_some_and(|folder| folder.starts_with(self.root()))
            && std::fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_file())
    }

    fn regular(&self, name: &Name) -> Result<Option<Opened>, StoreError> {
        let failed = |source| StoreError::Read { name: name.to_string(), source };
        let Some(file) = self.open_beneath(name)? else { return Ok(None) };
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(StoreError::Outside { name: name.to_string() });
        }
        Ok(Some(Opened {
            file: Arc::new(file),
            length: metadata.len(),
            modified: metadata.modified().ok(),
        }))
    }

    /// Reads a file of at most `limit` bytes. `None` when there is none. A longer one is damage.
    pub(crate) fn read(
        &self,
        name: &Name,
        limit: u64,
    ) -> Result<Option<(Bytes, Opened)>, StoreError> {
        let Some(opened) = self.file(name)? else { return Ok(None) };
        if opened.length > limit {
            let size = opened.length;
            if !self.is_read_only() {
                self.set_aside(name, &format!("it has {size} bytes, and may have {limit}"));
                return Ok(None);
            }
            return Err(StoreError::TooLarge { name: name.to_string(), size, limit });
        }
        let bytes =
            opened.bytes().map_err(|source| StoreError::Read { name: name.to_string(), source })?;
        Ok(Some((bytes, opened)))
    }

    /// Whether there is such a file.
    pub(crate) fn has(&self, name: &Name) -> bool {
        matches!(self.file(name), Ok(Some(_)))
    }

    /// Opens without ever leaving the store: the kernel sees to it, in one call.
    #[cfg(target_os = "linux")]
    fn open_beneath(&self, name: &Name) -> Result<Option<File>, StoreError> {
        use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
        use rustix::io::Errno;

        // Without O_NONBLOCK, opening a named pipe blocks until another process opens it for writing.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        // A check of the path before opening could be overtaken by somebody who puts a link there
        // in between.
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        for _ in 0..8 {
            match openat2(&self.handle, name.as_str(), flags, Mode::empty(), resolve) {
                Ok(file) => return Ok(Some(file.into())),
                Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
                // A name that no file can have has no file: that is 404, not a fault of the store.
                Err(Errno::NAMETOOLONG) => return Ok(None),
                Err(Errno::XDEV | Errno::LOOP) => {
                    return Err(StoreError::Outside { name: name.to_string() });
                }
                // Something was renamed on the way: look again.
                Err(Errno::AGAIN) => {}
                // Kernels before 5.6, and sandboxes (gVisor, old seccomp profiles) that answer
                // EPERM for calls they do not know.
                Err(Errno::NOSYS | Errno::PERM) => return self.open_resolved(name),
                Err(error) => {
                    return Err(StoreError::Read { name: name.to_string(), source: error.into() });
                }
            }
        }
        self.open_resolved(name)
    }

    /// Opens a file that is there, to write behind its end, where that can be done without ever leaving
    /// the store.
    pub(super) fn open_to_append(&self, name: &Name) -> Option<File> {
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
            let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CLOEXEC | OFlags::NONBLOCK;
            let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
            openat2(&self.handle, name.as_str(), flags, Mode::empty(), resolve).ok().map(File::from)
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = name;
            None
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn open_beneath(&self, name: &Name) -> Result<Option<File>, StoreError> {
        self.open_resolved(name)
    }

    /// Opens the file that the name resolves to, if that is in the store.
    fn open_resolved(&self, name: &Name) -> Result<Option<File>, StoreError> {
        let absent = |error: &io::Error| {
            matches!(
                error.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::NotADirectory
                    | io::ErrorKind::InvalidFilename
            )
        };
        let failed = |source| StoreError::Read { name: name.to_string(), source };
        let path = match std::fs::canonicalize(name.under(self.root())) {
            Ok(path) => path,
            Err(error) if absent(&error) => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if !path.starts_with(self.root()) {
            return Err(StoreError::Outside { name: name.to_string() });
        }
        if path.is_dir() {
            return Err(StoreError::Outside { name: name.to_string() });
        }
        match File::open(path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if absent(&error) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }
}
