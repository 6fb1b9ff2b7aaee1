//! Evidence bytes, stored by their hash.

use crate::bundle_names::MAX_BYTES;
use crate::redact::Counting;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use twinproof_base::{file, hex};
use twinproof_model::BlobRef;
use twinproof_steps::Blobs;

/// Evidence that cannot be stored.
#[derive(Debug, thiserror::Error)]
#[error("cannot store evidence in {}: {error}; is the disk full or read-only?", path.display())]
pub struct StoreError {
    /// The file.
    pub path: PathBuf,
    /// The system's error.
    pub error: std::io::Error,
}

/// Bytes in files named by their SHA-256, below `blobs/` of a bundle. Small ones, and there are
/// many equal ones, are kept in memory too.
pub struct BlobStore {
    folder: PathBuf,
    known: Mutex<HashMap<String, Option<Vec<u8>>>>,
}

/// Blobs up to this size are kept in memory.
const KEPT: usize = 4 << 10;

/// Path of a blob below the bundle, with `/`.
#[must_use]
pub fn blob_path(sha256: &str) -> String {
    format!("blobs/{sha256}")
}

impl BlobStore {
    /// A store in a bundle's folder, which need not be there yet.
    #[must_use]
    pub fn new(bundle: &Path) -> Self {
        Self { folder: bundle.to_owned(), known: Mutex::new(HashMap::new()) }
    }

    /// Takes secrets out of the bytes and stores them.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put(&self, bytes: Vec<u8>, redactions: &Counting<'_>) -> Result<BlobRef, StoreError> {
        let bytes = redactions.bytes(bytes);
        let sha256 = hex::encode(&Sha256::digest(&bytes));
        let blob = BlobRef { sha256: sha256.clone(), size: bytes.len() as u64 };
        if self.known.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&sha256) {
            return Ok(blob);
        }
        let path = self.folder.join(blob_path(&sha256));
        // The whole bundle is synced before it gets its name.
        file::write_unsynced(&path, &bytes).map_err(|error| StoreError { path, error })?;
        let kept = (bytes.len() <= KEPT).then_some(bytes);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(sha256, kept);
        Ok(blob)
    }
}

impl Blobs for BlobStore {
    fn get(&self, blob: &BlobRef) -> Option<Cow<'_, [u8]>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Some(bytes)) = known.get(&blob.sha256) {
            return Some(Cow::Owned(bytes.clone()));
        }
        drop(known);
        let fits = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        if blob.sha256.len() != 64 || !blob.sha256.chars().all(fits) {
            return None;
        }
        let path = self.folder.join(blob_path(&blob.sha256));
        let bytes = file::read(&path, MAX_BYTES).ok()?;
        // Bytes whose hash is not their name are no evidence, whatever a manifest lists.
        (hex::encode(&Sha256::digest(&bytes)) == blob.sha256).then_some(Cow::Owned(bytes))
    }
}
