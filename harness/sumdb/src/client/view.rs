//! The environment of one operation of the client.

use super::fetch::Fetch;
use super::kept::Kept;
use super::store::Store;
use crate::note::Verifier;

/// One operation's view of the database.
pub(super) struct View<'a> {
    pub(super) fetch: &'a dyn Fetch,
    pub(super) store: &'a dyn Store,
    pub(super) verifier: &'a Verifier,
    pub(super) kept: &'a Kept,
    pub(super) height: u8,
}
