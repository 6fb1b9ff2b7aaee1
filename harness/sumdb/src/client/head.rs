//! A signed tree head.

use super::error::LookupError;
use crate::note::{self, Verifier};
use crate::tlog::TreeHead;

/// A tree head with the note that says so. The empty log needs none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignedHead {
    pub(super) head: TreeHead,
    pub(super) note: String,
}

impl SignedHead {
    pub(super) const EMPTY: Self = Self { head: TreeHead::EMPTY, note: String::new() };

    /// Opens a signed tree note.
    pub(super) fn open(note: &[u8], verifier: &Verifier) -> Result<Self, LookupError> {
        let opened = note::open(note, std::slice::from_ref(verifier))?;
        let head = TreeHead::parse(&opened.text)?;
        // Opening has found it to be UTF-8.
        Ok(Self { head, note: String::from_utf8_lossy(note).into_owned() })
    }
}
