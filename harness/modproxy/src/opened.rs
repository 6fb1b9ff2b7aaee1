//! Zips that were served lately, still open: the next request opens nothing and waits for no thread.
//!
//! They are found by their module version. A file that was removed, replaced or changed in size is
//! looked at anew, and what goes for the store's budget is closed with it.

use std::sync::Arc;

use quick_cache::sync::Cache;

use crate::answer::{Content, Payload};
use crate::eviction::Version;

/// The most zips that are kept open.
const OPEN: usize = 64;

/// Zips that are open.
pub(crate) struct OpenZips(Cache<Version, Arc<Content>>);

impl OpenZips {
    pub(crate) fn new() -> Self {
        Self(Cache::new(OPEN))
    }

    /// A version's zip, if it is open and still what is in the store.
    pub(crate) fn get(&self, version: &Version) -> Option<Arc<Content>> {
        let content = self.0.get(version)?;
        if is_current(&content) {
            return Some(content);
        }
        self.0.remove(version);
        None
    }

    /// Keeps a zip open. On Windows none is: an open file keeps its folder from being removed.
    pub(crate) fn keep(&self, version: &Version, content: &Arc<Content>) {
        // Windows removes no file that is open: an eviction would fail.
        if cfg!(unix) && matches!(content.payload, Payload::File { .. }) {
            self.0.insert(version.clone(), Arc::clone(content));
        }
    }

    /// Closes what has been removed.
    pub(crate) fn forget(&self, version: &Version) {
        self.0.remove(version);
    }
}

/// Whether an open file still has a name and its length.
fn is_current(content: &Content) -> bool {
    match &content.payload {
        Payload::Memory(_) => true,
        Payload::Partial(..) => false,
        #[cfg(unix)]
        Payload::File { file, length, .. } => {
            use std::os::unix::fs::MetadataExt as _;
            // An administrator may have removed the file, or another process replaced it: the open
            // descriptor would serve the old bytes for ever.
            file.metadata().is_ok_and(|found| found.nlink() > 0 && found.len() == *length)
        }
        #[cfg(not(unix))]
        Payload::File { .. } => false,
    }
}
