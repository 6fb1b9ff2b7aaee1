//! The parts of a client that one operation uses.

use super::fetch::Fetch;
use super::kept::Kept;
use super::store::Store;
use crate::note::Verifier;

/// The parts of a client that one operation uses.
pub(super) struct View<'a> {
    pub(super) fetch: &'a dyn Fetch,
    pub(super) store: &'a dyn Store,
    pub(super) verifier: &'a Verifier,
    pub(super) kept: &'a Kept,
    pub(super) height: u8,
}
