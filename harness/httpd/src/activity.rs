//! The activity of one connection: shared by the socket below hyper, the service above it and the
//! timer beside it.
//!
//! Everything is relaxed: over HTTP/1.1 all of it happens in one task, and over HTTP/2 a count that
//! is seen late is seen at the next look.

use crate::counters::Counters;
use crate::streams::Streams;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64};

#[derive(Debug)]
pub(crate) struct Activity {
    counters: Arc<Counters>,
    shard: usize,
    calls: AtomicU64,
    open: AtomicU32,
    waiting: AtomicU32,
    written: AtomicU64,
    head: AtomicBool,
    ours: AtomicBool,
    unflushed: AtomicBool,
    linger: AtomicBool,
    streams: Arc<Streams>,
}

/// The phase that a connection is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nothing: the next request is waited for.
    Idle,
    /// A head was begun.
    Head,
    /// The handler is at work.
    Handler,
    /// An answer is on its way.
    Write,
}

impl Activity {
    pub(crate) fn new(counters: Arc<Counters>, number: u64) -> Self {
        Self {
            counters,
            // Connections count in different cache lines; one counter for all would be written by
            // every core.
            shard: usize::try_from(number % 1024).unwrap_or_default(),
            calls: AtomicU64::new(0),
            open: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            written: AtomicU64::new(0),
            head: AtomicBool::new(false),
            ours: AtomicBool::new(false),
            unflushed: AtomicBool::new(false),
            linger: AtomicBool::new(false),
            streams: Arc::default(),
        }
    }

    /// A request's head was read. Gives its number on this connection, from one.
    pub(crate) fn begin(&self) -> u64 {
        self.head.store(false, Relaxed);
        self.open.fetch_add(1, Relaxed);
        self.counters.begun(self.shard);
        self.calls.fetch_add(1, Relaxed) + 1
    }

    /// The streams of a connection of HTTP/2 that have an answer.
    pub(crate) fn streams(&self) -> &Arc<Streams> {
        &self.streams
    }

    /// Number of requests so far.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Relaxed)
    }

    /// A request's answer was handed to hyper whole, or given up.
    pub(crate) fn end(&self) {
        self.open.fetch_sub(1, Relaxed);
        self.counters.ended(self.shard);
    }

    /// The server itself answers a request.
    pub(crate) fn refuse(&self) {
        self.counters.refused(self.shard);
    }

    /// Begins a wait for the handler or a body.
    pub(crate) fn wait(&self) {
        self.waiting.fetch_add(1, Relaxed);
    }

    /// Ends such a wait.
    pub(crate) fn go_on(&self) {
        self.waiting.fetch_sub(1, Relaxed);
    }

    /// Hyper was given something to write; until it is flushed, what it writes is not of its own
    /// making.
    pub(crate) fn give(&self) {
        self.ours.store(true, Relaxed);
    }

    /// Whether hyper is about to write something of its own making.
    pub(crate) fn is_hypers(&self) -> bool {
        !self.ours.load(Relaxed)
    }

    /// Bytes arrived, or the other side's end.
    pub(crate) fn read(&self) {
        // During a request, bytes belong to it or are pipelined behind it; the limit for heads is
        // not for those.
        if self.open.load(Relaxed) == 0 {
            self.head.store(true, Relaxed);
        }
    }

    /// There are bytes to be written.
    pub(crate) fn write(&self) {
        self.unflushed.store(true, Relaxed);
    }

    /// Whether there are bytes to be written or flushed.
    pub(crate) fn is_writing(&self) -> bool {
        self.unflushed.load(Relaxed)
    }

    /// The socket took bytes.
    pub(crate) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Relaxed);
    }

    /// All written bytes are flushed.
    pub(crate) fn flushed(&self) {
        self.ours.store(false, Relaxed);
        self.unflushed.store(false, Relaxed);
    }

    /// The other side may still be sending when the connection is closed: its bytes must be read,
    /// or the answer is lost with the reset that they cause.
    pub(crate) fn linger(&self) {
        self.linger.store(true, Relaxed);
    }

    pub(crate) fn lingers(&self) -> bool {
        self.linger.load(Relaxed)
    }

    pub(crate) fn phase(&self) -> Phase {
        if self.open.load(Relaxed) > 0 {
            if self.waiting.load(Relaxed) > 0 { Phase::Handler } else { Phase::Write }
        } else if self.unflushed.load(Relaxed) {
            Phase::Write
        } else if self.head.load(Relaxed) {
            Phase::Head
        } else {
            Phase::Idle
        }
    }

    /// Changes with everything that the client does towards the end of a phase.
    pub(crate) fn progress(&self) -> (u64, u64) {
        (self.calls.load(Relaxed), self.written.load(Relaxed))
    }
}
