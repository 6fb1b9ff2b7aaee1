//! The files that the proxy has, in the layout of GOMODCACHE's `cache/download`.
//!
//! ```text
//! MODULE/@v/VERSION.info     as the upstream sent it
//! MODULE/@v/VERSION.mod
//! MODULE/@v/VERSION.zip
//! MODULE/@v/VERSION.ziphash  the h1: hash of the zip: it has been verified
//! MODULE/@v/list             the versions that are here in whole, for use through file://
//! sumdb/NAME/…               what a checksum database says
//! .tmp-…                     beside any of them: being written
//! ```
//!
//! Modules and versions are escaped. A file gets its name by a rename when all of it is on disk, so
//! whatever has a name is whole; and a zip counts as there only with its hash beside it, which is
//! written last. A process may be killed at any moment.
//!
//! Links in the store are followed only while they stay in it. Nothing here knows what a file
//! means, or where it comes from.

mod list;
mod name;
mod read;
mod sweep;
mod write;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

pub(crate) use list::versions_here;
pub(crate) use name::{Name, NoName};
pub(crate) use read::Opened;
pub(crate) use write::Pending;

/// The store failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// A file could not be read.
    #[error("the store cannot read {name}: {source}")]
    Read { name: String, source: io::Error },
    /// A file could not be written.
    #[error("the store cannot write {name}: {source}")]
    Write { name: String, source: io::Error },
    /// There is no room.
    #[error("the store has no room for {name}")]
    Full { name: String },
    /// It may not be written to.
    #[error("the store is read-only: {name} cannot be kept")]
    ReadOnly { name: String },
    /// A link leads out of the store, or what has the name is no file.
    #[error("in the store, {name} is a link that leads out of it, or no file")]
    Outside { name: String },
    /// A file has more bytes than it may.
    #[error("in the store, {name} has {size} bytes, and may have {limit}")]
    TooLarge { name: String, size: u64, limit: u64 },
    /// No file can have the name.
    #[error(transparent)]
    Name(#[from] NoName),
}

/// The store: cheap to share, safe to use from many threads and with other processes.
#[derive(Debug)]
pub(crate) struct Store {
    root: PathBuf,
    read_only: bool,
    sync: bool,
    #[cfg(target_os = "linux")]
    handle: fs::File,
    /// One writer of list files at a time.
    lists: Mutex<()>,
}

impl Store {
    /// Opens the store in `dir`, which is made unless the store is only read.
    pub(crate) fn open(dir: &Path, read_only: bool, sync: bool) -> io::Result<Self> {
        if !read_only {
            fs::create_dir_all(dir)?;
        }
        let root = fs::canonicalize(dir)?;
        if !root.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self {
            #[cfg(target_os = "linux")]
            handle: fs::File::open(&root)?,
            root,
            read_only,
            sync,
            lists: Mutex::default(),
        })
    }

    /// Whether it is never written to.
    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Where it is.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}
