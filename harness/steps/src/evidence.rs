//! The sources of checks besides the record itself: stored bytes, and the values of variables.

use crate::Scope;
use std::borrow::Cow;
use twinproof_model::BlobRef;

/// A store of the bytes that evidence refers to.
pub trait Blobs: Sync {
    /// The bytes, or nothing when they are lost.
    fn get(&self, blob: &BlobRef) -> Option<Cow<'_, [u8]>>;
}

/// Stored bytes, and the variables as the step saw them.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    /// Stored bytes.
    pub blobs: &'a dyn Blobs,
    /// Values of variables and captures before the step.
    pub scope: &'a Scope,
}

impl Evidence<'_> {
    /// The bytes of a blob, or a sentence that says that they are lost.
    ///
    /// # Errors
    /// When the bytes are lost.
    pub fn read(&self, blob: &BlobRef) -> Result<Cow<'_, [u8]>, String> {
        self.blobs.get(blob).ok_or_else(|| format!("evidence {} is lost", blob.sha256))
    }
}
