//! Reads a log that another process may be writing to.

use std::path::Path;

use super::error::StoreError;
use super::index::TAIL;
use super::layout::{Files, INDEX};
use super::open::{is_store, published, read_head};
use super::view::{Tree, View, entries};
use crate::note::Verifier;
use crate::server::{OpsError, ServerOps};
use crate::tile::Tile;
use crate::tlog::{Hash, HashReader, TreeHead};

/// Number of attempts to read the index while a writer replaces it.
const MAX_ATTEMPTS: usize = 20;

/// The most records behind the index that are held in memory. A writer leaves fewer.
const MAX_TAIL: u64 = 256 * TAIL;

/// A log open for reading only, without its signer key and without its lock: there may be any
/// number of readers beside the one writer, in any process.
///
/// It follows what the writer publishes: it looks for a newer head whenever the head is asked for,
/// and when something is asked for that it does not have.
#[derive(Debug)]
pub struct Reader {
    verifier: Verifier,
    view: View,
}

impl Reader {
    /// Opens the log in `dir`, whose heads are signed with `verifier`'s key. Nothing is written.
    ///
    /// # Errors
    /// When there is none, it is signed with another key, or it is damaged.
    pub fn open(dir: &Path, verifier: Verifier) -> Result<Self, StoreError> {
        if !is_store(dir)? {
            let (path, reason) = (dir.to_path_buf(), "there is none yet".to_owned());
            return Err(StoreError::NotAStore { path, reason });
        }
        let files = Files::new(dir);
        let tree = newest(&files, &verifier, None)?;
        let tree = tree.ok_or_else(|| StoreError::NotFound("a published head".to_owned()))?;
        Ok(Self { verifier, view: View::new(files, tree) })
    }

    /// The key that a client of this log needs.
    #[must_use]
    pub fn key(&self) -> String {
        self.verifier.encode()
    }

    /// Looks for a newer head. Whether there was one.
    ///
    /// # Errors
    /// When it cannot be read. The reader still serves the head that it had before.
    pub fn refresh(&self) -> Result<bool, StoreError> {
        let seen = self.view.tree();
        match newest(&self.view.files, &self.verifier, Some(&seen.note))? {
            Some(tree) => Ok(self.view.advance(tree)),
            None => Ok(false),
        }
    }

    /// The newest head.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn head(&self) -> Result<TreeHead, StoreError> {
        self.refresh()?;
        Ok(self.view.tree().head)
    }

    /// Reads the whole published log and compares everything with everything.
    ///
    /// # Errors
    /// With the first damage that is found.
    pub fn check(&self) -> Result<(), StoreError> {
        super::check::check(&self.view)
    }

    /// Does it again when something was not found, and there is more now.
    fn again<T>(&self, what: impl Fn(&View) -> Result<T, StoreError>) -> Result<T, OpsError> {
        match what(&self.view) {
            Err(StoreError::NotFound(_)) if self.refresh()? => Ok(what(&self.view)?),
            result => Ok(result?),
        }
    }
}

/// The newest published tree, unless its note is `seen`.
fn newest(
    files: &Files,
    verifier: &Verifier,
    seen: Option<&str>,
) -> Result<Option<Tree>, StoreError> {
    let mut failure = None;
    for _ in 0..MAX_ATTEMPTS {
        let (head, note) = read_head(files.dir(), verifier)?;
        if seen == Some(note.as_str()) {
            return Ok(None);
        }
        // The writer waits for this too before it serves a head; so that no head is served that
        // may be gone after a crash, every reader does. A medium that cannot be written to has
        // nothing to wait for.
        let _ = super::disk::Disk::sync_dir(&super::disk::OsDisk, files.dir());
        match published(files, head, note) {
            Ok((mut tree, covered)) => {
                if head.size - covered > MAX_TAIL {
                    let path = files.dir().join(INDEX);
                    let found = "most of the index is missing".to_owned();
                    let remedy = super::error::Remedy::RemoveIndex;
                    return Err(StoreError::Damaged { path, offset: 0, found, remedy });
                }
                tree.tail = entries(files, covered, head.size)?;
                return Ok(Some(tree));
            }
            // A run was merged away between the listing and the opening.
            Err(error @ StoreError::Io { .. }) => failure = Some(error),
            Err(error) => return Err(error),
        }
    }
    failure.map_or(Ok(None), Err)
}

impl ServerOps for Reader {
    fn signed(&self) -> Result<String, OpsError> {
        self.refresh()?;
        Ok(self.view.tree().note.clone())
    }

    fn records(&self, start: u64, count: u64) -> Result<Vec<String>, OpsError> {
        self.again(|view| view.texts(start, count))
    }

    fn lookup(&self, module: &str, version: &str) -> Result<u64, OpsError> {
        let name = format!("{module}@{version}");
        self.again(|view| view.lookup(&name))
    }

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, OpsError> {
        self.again(|view| view.tile(tile))
    }
}

impl HashReader for Reader {
    type Error = StoreError;

    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, StoreError> {
        self.view.read_hashes(indexes)
    }
}
