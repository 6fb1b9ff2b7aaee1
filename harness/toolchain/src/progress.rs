//! Progress of long work, and its cancellation.
//!
//! It draws nothing: a terminal, a log or a test implements [`Progress`].

/// The kind of work under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Asking the checksum database.
    Lookup,
    /// Downloading; the amounts are bytes.
    Download,
    /// Hashing a zip or a tree.
    Verify,
    /// Unpacking; the amounts are files.
    Unpack,
    /// Waiting for another process that does the same.
    Wait,
    /// Building executables.
    Build,
    /// Comparing files.
    Compare,
}

/// Receives progress. Both methods are called often, from the thread that called the library.
pub trait Progress {
    /// `done` of `total` (where known) of this phase, for `what`.
    fn report(&mut self, phase: Phase, what: &str, done: u64, total: Option<u64>);

    /// Whether to stop: asked between pieces of work and at least every 200 ms while waiting.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Drops all progress.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn report(&mut self, _phase: Phase, _what: &str, _done: u64, _total: Option<u64>) {}
}
