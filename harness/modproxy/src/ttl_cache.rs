//! Answers that hold for a time: lists, `@latest`, queries, and that something does not exist.
//!
//! Each is kept beyond its time, for as long as it may stand in while upstreams fail.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::answer::Content;
use crate::failure::Failure;
use crate::store::Name;

/// Answers that are reckoned with; there may be more.
// Clients choose the names, so both the number and the bytes are bounded.
const ENTRIES: usize = 4096;

/// Bytes of answers that are kept.
const MAX_BYTES: u64 = 16 << 20;

/// An answer and its time.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) answer: Result<Arc<Content>, Failure>,
    until: Instant,
    stale_until: Instant,
}

impl Kept {
    pub(crate) fn is_fresh(&self) -> bool {
        Instant::now() < self.until
    }

    pub(crate) fn may_stand_in(&self) -> bool {
        Instant::now() < self.stale_until
    }
}

/// The answers, by the name that a file of theirs would have.
pub(crate) struct TtlCache(Cache<Name, Kept, Bytes>);

#[derive(Clone)]
struct Bytes;

impl Weighter<Name, Kept> for Bytes {
    fn weight(&self, name: &Name, kept: &Kept) -> u64 {
        name.as_str().len() as u64
            + match &kept.answer {
                Ok(content) => content.weight(),
                Err(failure) => 128 + failure.text.len() as u64,
            }
    }
}

impl TtlCache {
    pub(crate) fn new() -> Self {
        Self(Cache::with_weighter(ENTRIES, MAX_BYTES, Bytes))
    }

    pub(crate) fn get(&self, name: &Name) -> Option<Kept> {
        self.0.get(name)
    }

    /// Keeps an answer for `ttl`, and `stale` longer for bad times.
    pub(crate) fn keep(
        &self,
        name: &Name,
        answer: Result<Arc<Content>, Failure>,
        ttl: Duration,
        stale: Duration,
    ) {
        let now = Instant::now();
        let after = |time: Duration| now.checked_add(time).unwrap_or(now);
        let until = after(ttl);
        let stale_until = after(ttl.saturating_add(stale));
        self.0.insert(name.clone(), Kept { answer, until, stale_until });
    }
}
