//! The progress of a connection's HTTP/2 streams.
//!
//! A body is asked for its next piece only when the client has room for it, and a piece is dropped
//! when the client has it. So the time since a stream's body was last asked, while it or a piece of
//! it is there, is the time for which the client has taken less than one piece.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// The streams with an answer, by number, each with the time of its last progress: none while it is
/// this side that is waited for.
#[derive(Debug, Default)]
pub(crate) struct Streams(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    next: u64,
    since: HashMap<u64, Option<Instant>>,
}

impl Streams {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stream whose answer begins.
    pub(crate) fn begin(self: &Arc<Self>) -> Progress {
        let mut inner = self.lock();
        let number = inner.next;
        inner.next += 1;
        inner.since.insert(number, Some(Instant::now()));
        Progress(Arc::new(Stream { streams: Arc::clone(self), number }))
    }

    /// Since when the slowest of them has made no progress.
    pub(crate) fn stalled_since(&self) -> Option<Instant> {
        self.lock().since.values().flatten().min().copied()
    }

    /// Whether there is any.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().since.is_empty()
    }
}

#[derive(Debug)]
struct Stream {
    streams: Arc<Streams>,
    number: u64,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.streams.lock().since.remove(&self.number);
    }
}

/// The progress of one stream. It counts until the last clone is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Progress(Arc<Stream>);

impl Progress {
    /// The client has taken what there was.
    pub(crate) fn made(&self) {
        self.set(Some(Instant::now()));
    }

    /// This side is waited for.
    pub(crate) fn pause(&self) {
        self.set(None);
    }

    fn set(&self, since: Option<Instant>) {
        if let Some(of_this) = self.0.streams.lock().since.get_mut(&self.0.number) {
            *of_this = since;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_stream_counts_until_its_last_piece_is_gone() {
        let streams = Arc::new(Streams::default());
        let (one, other) = (streams.begin(), streams.begin());
        let first = streams.stalled_since().expect("two");
        one.made();
        other.pause();
        assert!(streams.stalled_since().expect("one") >= first);
        let piece = one.clone();
        drop(one);
        assert!(streams.stalled_since().is_some());
        drop(piece);
        assert_eq!(streams.stalled_since(), None);
        assert!(!streams.is_empty());
    }
}
