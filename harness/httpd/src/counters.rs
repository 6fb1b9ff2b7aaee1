//! The counters of a server.
//!
//! Requests are counted in shards, so that connections on different cores do not contend for one
//! cache line.

use std::sync::atomic::{AtomicU64, Ordering};

/// Number of shards.
const SHARDS: usize = 16;

/// The reason why a TLS handshake failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Handshake {
    /// The handshake timed out.
    Late,
    /// The client hung up, or said why it will not go on.
    Left,
    /// The bytes that came were no TLS.
    NoTls,
    /// No version, cipher or key is common to both.
    Unlike,
    /// A client certificate is needed and none came.
    NoCertificate,
    /// The client's certificate is expired, or not valid yet.
    Expired,
    /// No trusted authority issued the client's certificate.
    Unknown,
    /// The client's certificate is for none of the identities that are let in.
    Unlisted,
    /// Anything else.
    Other,
}

impl Handshake {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::Late,
        Self::Left,
        Self::NoTls,
        Self::Unlike,
        Self::NoCertificate,
        Self::Expired,
        Self::Unknown,
        Self::Unlisted,
        Self::Other,
    ];

    /// The word for it in logs and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Late => "late",
            Self::Left => "left",
            Self::NoTls => "no_tls",
            Self::Unlike => "unlike",
            Self::NoCertificate => "no_certificate",
            Self::Expired => "expired",
            Self::Unknown => "unknown_authority",
            Self::Unlisted => "unlisted",
            Self::Other => "other",
        }
    }
}

/// The part of an exchange that a client was too late with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Late {
    /// The head of a request.
    Head,
    /// The next request.
    Idle,
    /// Taking the answer.
    Write,
}

impl Late {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Head, Self::Idle, Self::Write];

    /// The word for it in logs and metrics.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Idle => "idle",
            Self::Write => "write",
        }
    }
}

/// The counters of a server, while it runs.
#[derive(Debug, Default)]
pub struct Counters {
    shards: [Shard; SHARDS],
    accepted: AtomicU64,
    closed: AtomicU64,
    turned_away: AtomicU64,
    handshakes: AtomicU64,
    handshakes_failed: [AtomicU64; Handshake::ALL.len()],
    late: [AtomicU64; Late::ALL.len()],
    reloads: AtomicU64,
    reloads_failed: AtomicU64,
}

/// The requests of some connections, in a cache line of their own.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Shard {
    begun: AtomicU64,
    ended: AtomicU64,
    refused: AtomicU64,
}

/// The counts of one event, by reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// The reason, one word.
    pub reason: &'static str,
    /// Number of events with this reason.
    pub count: u64,
}

/// A server's counts at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Connections accepted.
    pub accepted: u64,
    /// Connections open now.
    pub open: u64,
    /// Connections answered with 503, since there were too many.
    pub turned_away: u64,
    /// Requests whose head was read whole.
    pub requests: u64,
    /// Of those, the ones under way now.
    pub in_flight: u64,
    /// Requests that the server answered by itself, by limit or certificate.
    pub refused: u64,
    /// TLS handshakes that were completed.
    pub handshakes: u64,
    /// TLS handshakes that were not, by [`Handshake::word`].
    pub handshakes_failed: Vec<Count>,
    /// Connections ended because the client was late, by [`Late::word`].
    pub late: Vec<Count>,
    /// Number of times that new TLS files were loaded.
    pub reloads: u64,
    /// Number of times that new TLS files could not be used.
    pub reloads_failed: u64,
}

impl Counters {
    /// A server's counts at one moment. Sums are of one moment each, not all of the same.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let sum = |of: fn(&Shard) -> &AtomicU64| -> u64 {
            self.shards.iter().map(|shard| of(shard).load(Ordering::Relaxed)).sum()
        };
        // Ended requests are read first, so that the difference is never negative.
        let ended = sum(|shard| &shard.ended);
        let requests = sum(|shard| &shard.begun);
        let closed = self.closed.load(Ordering::Relaxed);
        let accepted = self.accepted.load(Ordering::Relaxed);
        Snapshot {
            accepted,
            open: accepted.saturating_sub(closed),
            turned_away: self.turned_away.load(Ordering::Relaxed),
            requests,
            in_flight: requests.saturating_sub(ended),
            refused: sum(|shard| &shard.refused),
            handshakes: self.handshakes.load(Ordering::Relaxed),
            handshakes_failed: counts(&Handshake::ALL, &self.handshakes_failed, Handshake::word),
            late: counts(&Late::ALL, &self.late, Late::word),
            reloads: self.reloads.load(Ordering::Relaxed),
            reloads_failed: self.reloads_failed.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn closed(&self) {
        self.closed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn turned_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn handshake(&self) {
        self.handshakes.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn handshake_failed(&self, reason: Handshake) {
        if let Some(count) = self.handshakes_failed.get(reason as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn late(&self, with: Late) {
        if let Some(count) = self.late.get(with as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn reloaded(&self, well: bool) {
        let count = if well { &self.reloads } else { &self.reloads_failed };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn begun(&self, shard: usize) {
        if let Some(shard) = self.shards.get(shard % SHARDS) {
            shard.begun.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn ended(&self, shard: usize) {
        if let Some(shard) = self.shards.get(shard % SHARDS) {
            shard.ended.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn refused(&self, shard: usize) {
        if let Some(shard) = self.shards.get(shard % SHARDS) {
            shard.refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn counts<R: Copy>(all: &[R], of: &[AtomicU64], word: fn(R) -> &'static str) -> Vec<Count> {
    all.iter()
        .zip(of)
        .map(|(&reason, count)| Count {
            reason: word(reason),
            count: count.load(Ordering::Relaxed),
        })
        .collect()
}
