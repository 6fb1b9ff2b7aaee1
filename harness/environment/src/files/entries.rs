//! Lists a directory with sizes and hashes, within limits, without following links.

use super::name::shown;
use crate::driver::{Contents, EnvironmentError, SnapshotLimits, TreeEntry};
use sha2::{Digest as _, Sha256};
use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;
use twinproof_base::hex;
use twinproof_model::{EntryKind, EnvironmentName};

/// An error in listing a directory.
#[derive(Debug)]
pub(crate) enum FileError {
    /// Something in it cannot be read.
    Io {
        /// The path.
        path: String,
        /// The I/O error.
        error: io::Error,
    },
    /// The directory exceeds a limit.
    Limit {
        /// The thing that is too large.
        what: String,
        /// The limit with its unit.
        limit: String,
    },
}

impl FileError {
    /// The error of an environment for this one.
    pub(crate) fn of(self, environment: &EnvironmentName) -> EnvironmentError {
        match self {
            Self::Io { path, error } => {
                EnvironmentError::driver(environment, format!("reading {path}"), error)
            }
            Self::Limit { what, limit } => EnvironmentError::limit(environment, what, limit),
        }
    }
}

/// The entry at `path` and all entries below it, sorted by path, the path itself first; empty when
/// there is no entry. Entries deeper than the limit are left out. `keeps_modes`: whether that file
/// system has permission bits.
///
/// # Errors
/// When something cannot be read, or is over the limits.
pub(crate) fn entries(
    path: &Path,
    contents: Contents,
    limits: SnapshotLimits,
    keeps_modes: bool,
) -> Result<Vec<TreeEntry>, FileError> {
    let mut walk = Walk { contents, limits, keeps_modes, bytes: 0, entries: Vec::new() };
    match path.symlink_metadata() {
        // Below a file there is nothing either.
        Ok(metadata) => walk.visit(path, String::new(), &metadata, 0)?,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
        Err(error) => return Err(failed(path, error)),
    }
    walk.entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(walk.entries)
}

fn failed(path: &Path, error: io::Error) -> FileError {
    FileError::Io { path: path.display().to_string(), error }
}

struct Walk {
    contents: Contents,
    limits: SnapshotLimits,
    keeps_modes: bool,
    bytes: u64,
    entries: Vec<TreeEntry>,
}

impl Walk {
    fn visit(
        &mut self,
        path: &Path,
        relative: String,
        metadata: &Metadata,
        depth: u32,
    ) -> Result<(), FileError> {
        // Counted before the entry is read: the limit also bounds the number of files hashed.
        if self.entries.len() >= self.limits.entries {
            return Err(FileError::Limit {
                what: format!("the number of files in {}", path.display()),
                limit: format!("{} entries", self.limits.entries),
            });
        }
        let kind = kind_of(metadata);
        let mut entry = TreeEntry {
            path: relative.clone(),
            kind,
            mode: if self.keeps_modes { mode_of(metadata) } else { None },
            target: None,
            size: 0,
            sha256: None,
            bytes: None,
        };
        match kind {
            EntryKind::File if self.contents == Contents::Sizes => {
                entry.size = metadata.len();
                self.count(path, entry.size)?;
            }
            EntryKind::File => self.read(path, &mut entry)?,
            EntryKind::Symlink => {
                let target = std::fs::read_link(path).map_err(|e| failed(path, e))?;
                entry.target = Some(shown(target.as_os_str().as_encoded_bytes()));
            }
            EntryKind::Dir | EntryKind::Other => {}
        }
        self.entries.push(entry);
        if kind == EntryKind::Dir && depth < self.limits.depth {
            self.descend(path, &relative, depth)?;
        }
        Ok(())
    }

    fn descend(&mut self, path: &Path, relative: &str, depth: u32) -> Result<(), FileError> {
        for child in std::fs::read_dir(path).map_err(|e| failed(path, e))? {
            let child = child.map_err(|e| failed(path, e))?;
            let name = shown(child.file_name().as_encoded_bytes());
            let below = if relative.is_empty() { name } else { format!("{relative}/{name}") };
            match child.path().symlink_metadata() {
                Ok(metadata) => self.visit(&child.path(), below, &metadata, depth + 1)?,
                // The entry was removed after it was listed.
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => return Err(failed(&child.path(), e)),
            }
        }
        Ok(())
    }

    fn read(&mut self, path: &Path, entry: &mut TreeEntry) -> Result<(), FileError> {
        let room = self.limits.bytes.saturating_sub(self.bytes);
        let file = File::open(path).map_err(|e| failed(path, e))?;
        // One byte more than there is room for shows that the file is too large, even where its
        // metadata are wrong.
        let mut file = file.take(room.saturating_add(1));
        let mut hasher = Sha256::new();
        let mut kept = Vec::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let n = match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(failed(path, e)),
            };
            let chunk = buffer.get(..n).unwrap_or_default();
            entry.size += chunk.len() as u64;
            hasher.update(chunk);
            if self.contents == Contents::Wanted {
                kept.extend_from_slice(chunk);
            }
        }
        self.count(path, entry.size)?;
        entry.sha256 = Some(hex::encode(&hasher.finalize()));
        entry.bytes = (self.contents == Contents::Wanted).then_some(kept);
        Ok(())
    }

    /// Counts a file of that size.
    fn count(&mut self, path: &Path, size: u64) -> Result<(), FileError> {
        if size > self.limits.bytes.saturating_sub(self.bytes) {
            return Err(FileError::Limit {
                what: format!("the size of all files up to {}", path.display()),
                limit: format!("{} bytes", self.limits.bytes),
            });
        }
        self.bytes += size;
        Ok(())
    }
}

fn kind_of(metadata: &Metadata) -> EntryKind {
    let kind = metadata.file_type();
    if kind.is_symlink() {
        EntryKind::Symlink
    } else if kind.is_dir() {
        EntryKind::Dir
    } else if kind.is_file() {
        EntryKind::File
    } else {
        EntryKind::Other
    }
}

#[cfg(unix)]
fn mode_of(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(metadata.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode_of(_metadata: &Metadata) -> Option<u32> {
    None
}
