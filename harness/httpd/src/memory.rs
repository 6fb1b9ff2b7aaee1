//! Memory that clients can make this process hold: a budget for all of it, and a share of it for the
//! answers of each connection.
//!
//! | what | bytes taken | for how long |
//! | --- | --- | --- |
//! | a connection | [`CONNECTION`], with TLS [`TLS`], with HTTP/2 [`HTTP2`] more | its life |
//! | a TLS handshake | [`HANDSHAKE`] | until it is made |
//! | an answer of HTTP/1 that is read in pieces | [`PARTS`] | until the client has it |
//! | a request of HTTP/2 | [`REQUEST`], then what its answer holds, at least [`STREAM`] | until the client has the answer |
//! | a piece of a file | its length | until the client has it |
//! | answers that the client does not take (fast path) | [`BLOCKED`] | until it takes them |
//!
//! When nothing is left, requests and pieces of files wait, and connections are turned away. So
//! what one client does not take is bounded by its share, and what all of them do not take by the
//! budget; `connection::clock` ends connections that take nothing.
//!
//! The constants are what `cargo xtask attack --only costs,window,slow-tls` measures (resident memory of
//! the process over the number of connections or streams), rounded up; its limits are these constants.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit of counting: KiB.
// A semaphore counts permits in 32 bits for one request; a permit for each byte could not hold 4
// GiB.
const UNIT: usize = 1 << 10;

/// The memory that the answers of one connection may hold, in bytes.
// 1.5 MiB: 250 streams of small answers, or a few large ones. One client can then not take the
// budget of all.
const SHARE: usize = 3 << 19;

/// A connection that was answered, in bytes. Measured: 7.5 KiB.
pub(crate) const CONNECTION: usize = 8 << 10;
/// Bytes that TLS adds to it. Measured: 14.6 KiB with the connection.
pub(crate) const TLS: usize = 8 << 10;
/// Bytes that TLS adds until its handshake is done. Measured: 10.5 KiB with the connection, when
/// the server has sent its part.
pub(crate) const HANDSHAKE: usize = 8 << 10;
/// Bytes that HTTP/2 adds to a connection. Measured: 22.4 KiB with it.
pub(crate) const HTTP2: usize = 16 << 10;
/// Bytes that an answer in pieces holds beside its piece: hyper's buffers, and encrypted bytes that
/// the client has not taken. Measured: 62.4 KiB for a TLS reader that takes nothing, with the
/// connection and a piece.
pub(crate) const PARTS: usize = 16 << 10;
/// A request of HTTP/2 whose answer is not known yet.
pub(crate) const REQUEST: usize = 16 << 10;
/// The most that one answer is made to wait for: with its request's own part it must fit into a share.
pub(crate) const ANSWER: usize = SHARE / 2;
/// A stream of HTTP/2 that holds nothing else. Measured: 16.4 KiB with a first piece of 4 KiB.
pub(crate) const STREAM: usize = 12 << 10;
/// A connection whose client does not take what was put together for it.
pub(crate) const BLOCKED: usize = 48 << 10;

/// The budget of the process.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    left: Arc<Semaphore>,
    all: usize,
}

impl Budget {
    pub(crate) fn new(bytes: u64) -> Self {
        let all = usize::try_from(bytes).unwrap_or(usize::MAX) / UNIT;
        let all = all.min(Semaphore::MAX_PERMITS);
        Self { left: Arc::new(Semaphore::new(all)), all }
    }

    /// Takes bytes, if there are so many left.
    pub(crate) fn try_take(&self, bytes: usize) -> Option<Taken> {
        let process = Arc::clone(&self.left).try_acquire_many_owned(units(bytes, self.all)).ok()?;
        Some(Taken { process, share: None })
    }

    /// Whether less than a quarter is left: a connection that holds memory and makes no progress is not waited for
    /// any longer.
    pub(crate) fn is_tight(&self) -> bool {
        // A quarter is left for connections that make progress, so that they can finish and give
        // theirs back.
        self.left.available_permits() < self.all / 4
    }

    /// A connection's share.
    pub(crate) fn share(&self) -> Share {
        Share { budget: self.clone(), left: Arc::new(Semaphore::new(SHARE / UNIT)) }
    }
}

/// Permits for bytes, at most all there are: a request for more would wait for ever.
fn units(bytes: usize, all: usize) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT).min(all)).unwrap_or(u32::MAX)
}

/// The share of one connection.
#[derive(Clone, Debug)]
pub(crate) struct Share {
    budget: Budget,
    left: Arc<Semaphore>,
}

impl Share {
    /// Takes bytes, if there are so many left of the share and of the budget.
    pub(crate) fn try_take(&self, bytes: usize) -> Option<Taken> {
        let share = Arc::clone(&self.left).try_acquire_many_owned(units(bytes, SHARE / UNIT));
        Some(Taken { share: Some(share.ok()?), ..self.budget.try_take(bytes)? })
    }

    async fn take(self, bytes: usize) -> Option<Taken> {
        let share = self.left.acquire_many_owned(units(bytes, SHARE / UNIT)).await.ok()?;
        let Budget { left, all } = self.budget;
        let process = left.acquire_many_owned(units(bytes, all)).await.ok()?;
        Some(Taken { process, share: Some(share) })
    }
}

/// Bytes that are taken, until this is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    process: OwnedSemaphorePermit,
    share: Option<OwnedSemaphorePermit>,
}

impl Taken {
    /// Gives back all but so many bytes.
    pub(crate) fn keep(&mut self, bytes: usize) {
        for permit in [Some(&mut self.process), self.share.as_mut()].into_iter().flatten() {
            let more = permit.num_permits().saturating_sub(bytes.div_ceil(UNIT));
            drop(permit.split(more));
        }
    }

    /// Holds other bytes as well.
    pub(crate) fn merge(&mut self, other: Self) {
        self.process.merge(other.process);
        match (&mut self.share, other.share) {
            (Some(mine), Some(others)) => mine.merge(others),
            (mine @ None, others) => *mine = others,
            (Some(_), None) => {}
        }
    }
}

/// A wait for bytes. It costs an allocation only where it has to wait.
#[derive(Default)]
pub(crate) struct Wait(Option<Pin<Box<dyn Future<Output = Option<Taken>> + Send>>>);

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Wait").field(&self.0.is_some()).finish()
    }
}

impl Wait {
    /// Bytes of a share, once there are so many. To be asked for the same number until it is ready.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        share: &Share,
        bytes: usize,
    ) -> Poll<Option<Taken>> {
        if self.0.is_none() {
            if let Some(taken) = share.try_take(bytes) {
                return Poll::Ready(Some(taken));
            }
            self.0 = Some(Box::pin(share.clone().take(bytes)));
        }
        let polled = self.0.as_mut().map_or(Poll::Ready(None), |wait| wait.as_mut().poll(cx));
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_bounded_by_itself_and_by_the_budget() {
        let budget = Budget::new((SHARE as u64) + (1 << 20));
        let (one, other) = (budget.share(), budget.share());
        let held = one.try_take(SHARE).expect("all of its share");
        assert!(one.try_take(1).is_none());
        assert!(other.try_take(SHARE).is_none());
        let rest = other.try_take(1 << 20).expect("what is left");
        assert!(budget.is_tight() && budget.try_take(1).is_none());
        drop((held, rest));
        assert!(!budget.is_tight());
    }

    #[test]
    fn request_above_the_whole_budget_takes_all_of_it() {
        let budget = Budget::new(1 << 20);
        assert!(budget.try_take(1 << 30).is_some());
        assert!(budget.share().try_take(1 << 30).is_some());
    }

    #[tokio::test]
    async fn a_waiter_gets_what_is_given_back() {
        let budget = Budget::new(64 << 10);
        let share = budget.share();
        let mut held = share.try_take(64 << 10).expect("all");
        let mut wait = Wait::default();
        let waiting = std::future::poll_fn(|cx| wait.poll(cx, &share, 32 << 10));
        let (taken, ()) = tokio::join!(waiting, async { held.keep(32 << 10) });
        assert!(taken.is_some() && share.try_take(1).is_none());
    }
}
