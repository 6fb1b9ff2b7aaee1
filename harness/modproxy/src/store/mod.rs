//! The proxy's store: module files on disk, in the layout of GOMODCACHE's `cache/download`, so that an
//! existing module cache can be served and the store can be used as `file://` proxy.
//!
//! ```text
//! MODULE/@v/VERSION.info     as the upstream sent it
//! MODULE/@v/VERSION.mod
//! MODULE/@v/VERSION.zip
//! MODULE/@v/VERSION.ziphash  the h1: hash of the zip, written after the zip was verified
//! MODULE/@v/VERSION.sums     CRC-32 and length of these files when they were written
//! MODULE/@v/list             the versions whose files are all present, for use through file://
//! sumdb/NAME/…               answers of a checksum database
//! .damaged/…                 files that no longer were what had been written
//! .tmp-…                     beside any of them: a file that is being written
//! ```
//!
//! Modules and versions are escaped (`example.com/Shout` is `example.com/!shout`).
//!
//! # Crash safety
//!
//! A file is written under a temporary name, synced and renamed, so a file with its final name is always
//! complete. Folders are not synced: a file whose name a power failure takes is fetched again. A zip is served only if its `.ziphash` exists, which is written last. For example, while
//! `example.com/a@v1.0.0` is fetched the process may be killed
//!
//! - during the download: `.tmp-…` is left, which a later start removes, and the next request fetches
//!   again;
//! - between the zip and its hash: `v1.0.0.zip` exists without `v1.0.0.ziphash`, so the next request
//!   verifies the zip before it is served;
//! - afterwards: both exist, and no request goes upstream again.
//!
//! Symbolic links are followed only while they stay inside the store. This module does not interpret the
//! content of files and does not know where they come from.

mod aside;
mod list;
mod name;
mod read;
mod sums;
mod sweep;
mod write;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use prometheus_client::metrics::counter::Counter;

pub(crate) use list::versions_here;
pub(crate) use name::{Name, NoName};
pub(crate) use read::Opened;
pub(crate) use sums::{SUMS, Sum};
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
    /// The disk is full.
    #[error("the store has no room for {name}")]
    Full { name: String },
    /// The store was opened read-only.
    #[error("the store is read-only: {name} cannot be kept")]
    ReadOnly { name: String },
    /// A link leads out of the store, or what has the name is no file.
    #[error("in the store, {name} is a link that leads out of it, or no file")]
    Outside { name: String },
    /// A file has more bytes than it may.
    #[error("in the store, {name} has {size} bytes, and may have {limit}")]
    TooLarge { name: String, size: u64, limit: u64 },
    /// The name cannot be a file of the store.
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
    /// One writer of sums at a time.
    recording: Mutex<()>,
    /// Files that were found to be damaged.
    pub(crate) damaged: Counter,
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
            // Held open: files are opened relative to it, so that a renamed folder cannot lead
            // elsewhere.
            handle: fs::File::open(&root)?,
            root,
            read_only,
            sync,
            lists: Mutex::default(),
            recording: Mutex::default(),
            damaged: Counter::default(),
        })
    }

    /// Whether it is never written to.
    pub(crate) fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// The store's top folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}
