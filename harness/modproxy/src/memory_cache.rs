//! Small files in memory, by the target they were asked for with: a hit decodes nothing.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::answer::Content;

/// The longest target that is remembered, in bytes.
const MAX_TARGET: usize = 1024;

/// Entries that are reckoned with; there may be more.
const ENTRIES: usize = 4096;

/// The answers that were served lately.
pub(crate) struct MemoryCache {
    cache: Cache<Box<str>, Arc<Content>, Bytes>,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Box<str>, Arc<Content>> for Bytes {
    fn weight(&self, target: &Box<str>, content: &Arc<Content>) -> u64 {
        content.weight() + target.len() as u64
    }
}

impl MemoryCache {
    /// Room for this many bytes.
    pub(crate) fn new(bytes: u64) -> Self {
        Self { cache: Cache::with_weighter(ENTRIES, bytes, Bytes) }
    }

    /// The answer that was served for this target, if it may be served again.
    pub(crate) fn get(&self, target: &str) -> Option<Arc<Content>> {
        self.cache.get(target)
    }

    /// Remembers what was served for a target.
    pub(crate) fn keep(&self, target: &str, content: &Arc<Content>) {
        // A longer target is unusual, and a client could fill the cache with names.
        if target.len() <= MAX_TARGET {
            self.cache.insert(target.into(), Arc::clone(content));
        }
    }

    /// Forgets everything, as when the rules have changed.
    pub(crate) fn clear(&self) {
        self.cache.clear();
    }

    /// Bytes in use.
    pub(crate) fn weight(&self) -> u64 {
        self.cache.weight()
    }
}
