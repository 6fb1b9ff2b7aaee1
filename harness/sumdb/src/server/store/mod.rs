//! A log on disk: append-only, consistent after a crash at any instant, with one writer and any number
//! of readers.
//!
//! # Files
//!
//! | file | what | grows by |
//! | --- | --- | --- |
//! | `records` | the records with their names and checksums | appending |
//! | `offsets` | 8 bytes for each record: where it ends | appending |
//! | `levels/NN` | the hashes of one level of the tree, so that a tile of any height is one read | appending |
//! | `index/START-END` | sorted entries, from module version to record number | whole files |
//! | `head` | the signed note of the newest published tree | replacing |
//! | `format` | that this is a store, and of which layout | never |
//! | `lock` | held by the writer | never |
//!
//! # The order of writing
//!
//! [`Store::add`] keeps records in memory, or writes them behind the published ones. No reader sees
//! them before [`Store::publish`], which takes these steps, each finished before the next:
//!
//! 1. `records` and `offsets` are written, then `levels`; all of them are synced, and the directory
//!    `levels` if it has a new file;
//! 2. once enough records are new, a run of the index: written under a temporary name, synced, renamed,
//!    directory synced;
//! 3. the head is signed, written to `head.new`, synced, renamed to `head`, directory synced;
//! 4. only now is it served;
//! 5. runs that were merged into others are removed.
//!
//! The log changes at one moment, the rename of the head: bytes on disk that the head does not cover are
//! not part of it. Opening a store truncates them and removes unfinished files. Opening reads the head,
//! the right edge of the tree (whose hashes must give the head's root), the last record, and the records
//! after the last run of the index; its cost does not grow with the log. [`Store::check`] reads
//! everything.
//!
//! For example, a log of 5 published records gets a sixth. After step 1 `records` has six records and
//! `head` says 5. If the process is killed now, opening the store truncates `records`, `offsets` and
//! `levels` to 5 records. If it is killed after the rename of step 3, the log has 6 records, whether or
//! not a client was served the new head.
//!
//! A write that fails (a full disk) leaves the published log unchanged, and the added records waiting to
//! be published later. After a sync that fails it is unknown which bytes are on the medium: the store
//! serves the published log and accepts no records until it is opened anew.
//!
//! Memory use is bounded. At most a million records may wait to be published, at 24 bytes each.
//!
//! # What it does not do
//!
//! It does not check that a record's hashes are those of the module, and it never removes a record.

mod check;
mod disk;
mod error;
mod frame;
mod index;
mod layout;
mod open;
mod options;
mod reader;
mod view;
mod writer;

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use disk::{Disk, OsDisk};
pub use error::{Remedy, StoreError};
pub use options::Options;
pub use reader::Reader;

use super::respond::{OpsError, ServerOps};
use crate::note::Signer;
use crate::tile::Tile;
use crate::tlog::{Hash, HashReader, RecordError, TreeHead, check_text};
use twinproof_gomod::escape::{EscapeError, check_path, is_canonical_version};
use view::View;
use writer::Writer;

/// A log on disk, open for writing and reading. See the [module](self).
///
/// It may be shared between threads; readers never wait for the disk's writing.
#[derive(Debug)]
pub struct Store {
    signer: Signer,
    view: View,
    writer: Mutex<Writer>,
    _lock: File,
}

impl Store {
    /// Opens the log in `dir`, or makes an empty one where there is no directory or an empty one.
    ///
    /// # Errors
    /// When it is open for writing already, is another key's, is damaged, or is something else.
    pub fn open(dir: &Path, signer: Signer) -> Result<Self, StoreError> {
        Self::open_with(dir, signer, Options::default())
    }

    /// As [`open`](Self::open), with other options.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(dir: &Path, signer: Signer, options: Options) -> Result<Self, StoreError> {
        let disk = Arc::clone(&options.disk);
        open::make_dir(&*disk, dir)?;
        let lock = open::lock(dir)?;
        if !open::is_store(dir)? {
            open::create(dir, &*disk, &signer)?;
        }
        let (view, writer) = open::recover(dir, options, signer.verifier())?;
        Ok(Self { signer, view, writer: Mutex::new(writer), _lock: lock })
    }

    /// Opens the log in `dir` with an index made anew from the records.
    ///
    /// # Errors
    /// As [`open`](Self::open); or when the old index cannot be removed.
    pub fn rebuild(dir: &Path, signer: Signer) -> Result<Self, StoreError> {
        let lock = open::lock(dir)?;
        if open::is_store(dir)? {
            let index = dir.join(layout::INDEX);
            match std::fs::remove_dir_all(&index) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(StoreError::io("remove", &index)(e));
                }
                _ => {}
            }
        }
        drop(lock);
        Self::open(dir, signer)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key that a client of this log needs.
    #[must_use]
    pub fn key(&self) -> String {
        self.signer.verifier().encode()
    }

    /// Adds a record for a module version and returns its number. If there is the same one already,
    /// published or waiting, its number, and nothing changes. It is not to be seen before it is
    /// published.
    ///
    /// # Errors
    /// When the module version or the text is not valid, no line of the text is for it, there is
    /// another record for it, the index is damaged, too many records wait, or the disk is full. The
    /// record has not been added then.
    pub fn add(&self, module: &str, version: &str, text: &str) -> Result<u64, StoreError> {
        check_path(module)?;
        if !is_canonical_version(version) {
            let reason = "it is not canonical".to_owned();
            return Err(EscapeError::Version { version: version.to_owned(), reason }.into());
        }
        check_text(text)?;
        let name = format!("{module}@{version}");
        if name.len() > frame::MAX_NAME || text.len() > frame::MAX_TEXT {
            return Err(RecordError("it is longer than 64 KiB, or its name than 4 KiB").into());
        }
        let start = format!("{module} {version} ");
        if !text.lines().any(|line| line.starts_with(&start)) {
            let (module, version) = (module.to_owned(), version.to_owned());
            return Err(StoreError::MissingLine { module, version });
        }
        self.writer().add(&self.view, &name, text)
    }

    /// Publishes all added records at once, and returns the head. Without added records it returns
    /// the current head.
    ///
    /// # Errors
    /// When something cannot be written. Published records stay as they were; the [module](self)
    /// says what happens to the added ones.
    pub fn publish(&self) -> Result<TreeHead, StoreError> {
        self.writer().publish(&self.view, &self.signer)
    }

    /// Number of records added but not yet published.
    #[must_use]
    pub fn pending(&self) -> u64 {
        self.writer().pending()
    }

    /// The published head.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        self.view.tree().head
    }

    /// Reads the whole published log and compares everything with everything.
    ///
    /// # Errors
    /// With the first damage that is found.
    pub fn check(&self) -> Result<(), StoreError> {
        check::check(&self.view)
    }
}

impl ServerOps for Store {
    fn signed(&self) -> Result<String, OpsError> {
        Ok(self.view.tree().note.clone())
    }

    fn records(&self, start: u64, count: u64) -> Result<Vec<String>, OpsError> {
        Ok(self.view.texts(start, count)?)
    }

    fn lookup(&self, module: &str, version: &str) -> Result<u64, OpsError> {
        Ok(self.view.lookup(&format!("{module}@{version}"))?)
    }

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, OpsError> {
        Ok(self.view.tile(tile)?)
    }
}

impl HashReader for Store {
    type Error = StoreError;

    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, StoreError> {
        self.view.read_hashes(indexes)
    }
}
