//! The time limit of each phase of a connection.
//!
//! The clock is looked at whenever the connection was polled. Its timer is set only when something
//! is due earlier than the timer is: a connection that answers one request after the other leaves
//! it alone.

use crate::activity::{Activity, Phase};
use crate::counters::Late;
use crate::memory::Budget;
use crate::settings::HttpLimits;
use crate::streams::Streams;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// Time without activity after which a connection's state is dropped and only its socket kept.
// hyper keeps buffers for a connection that is idle. After a second they are given back, and the
// connection waits as a bare socket.
const NAP: Duration = Duration::from_secs(1);

/// Time that a client has to close after `Connection: close` or GOAWAY.
const GOODBYE: Duration = Duration::from_secs(5);

/// Time that a new connection has to send its first request when the server stops.
pub(super) const FIRST_REQUEST: Duration = Duration::from_secs(1);

/// Interval at which the progress of HTTP/2 streams is checked.
const LOOK: Duration = Duration::from_secs(1);

/// Time limit for a stream without progress when memory is short.
const SHORT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Clock {
    head: Duration,
    idle: Duration,
    write: Duration,
    phase: Phase,
    progress: (u64, u64),
    since: Instant,
    timer: Option<Pin<Box<Sleep>>>,
    /// When the streams of HTTP/2 are looked at next.
    look: Option<Pin<Box<Sleep>>>,
    budget: Budget,
}

/// The limit that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// To take the connection apart.
    Nap,
    /// To end it.
    End(Late),
}

impl Clock {
    pub(crate) fn new(limits: &HttpLimits, budget: &Budget) -> Self {
        Self {
            head: limits.head_time,
            idle: limits.idle_time,
            write: limits.write_time,
            phase: Phase::Idle,
            progress: (0, 0),
            since: Instant::now(),
            timer: None,
            look: None,
            budget: budget.clone(),
        }
    }

    /// Looks at the streams of HTTP/2 once a second. Ready when one of them has made no progress for
    /// too long; when memory is short that is not long.
    fn poll_streams(&mut self, cx: &mut Context<'_>, streams: &Streams) -> Poll<()> {
        if self.look.is_none() && streams.is_empty() {
            return Poll::Pending;
        }
        let look = self.look.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + LOOK)));
        while look.as_mut().poll(cx).is_ready() {
            let limit = if self.budget.is_tight() { self.write.min(SHORT) } else { self.write };
            if streams.stalled_since().is_some_and(|since| since.elapsed() >= limit) {
                return Poll::Ready(());
            }
            if streams.is_empty() {
                self.look = None;
                return Poll::Pending;
            }
            look.as_mut().reset(Instant::now() + LOOK.min(limit));
        }
        Poll::Pending
    }

    /// When a connection without a request ends.
    pub(crate) fn idle_end(&self) -> Instant {
        self.since + self.idle
    }

    /// The present phase begins anew.
    pub(crate) fn restart(&mut self) {
        self.since = Instant::now();
    }

    /// Looks at what the connection does. Ready when the time has come for something.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        activity: &Activity,
        naps: bool,
        leaving: bool,
    ) -> Poll<Due> {
        if self.poll_streams(cx, activity.streams()).is_ready() {
            return Poll::Ready(Due::End(Late::Write));
        }
        let (phase, progress) = (activity.phase(), activity.progress());
        if phase != self.phase || progress != self.progress {
            (self.phase, self.progress) = (phase, progress);
            self.since = Instant::now();
        }
        let (limit, due) = match phase {
            // The server itself is at work. Its own limits for upstreams apply, and the client is
            // not late.
            Phase::Handler => return Poll::Pending,
            Phase::Idle if leaving && activity.calls() == 0 => {
                (FIRST_REQUEST, Due::End(Late::Idle))
            }
            Phase::Idle if leaving => (GOODBYE, Due::End(Late::Idle)),
            Phase::Idle if naps && NAP < self.idle => (NAP, Due::Nap),
            Phase::Idle => (self.idle, Due::End(Late::Idle)),
            Phase::Head => (self.head, Due::End(Late::Head)),
            Phase::Write => (self.write, Due::End(Late::Write)),
        };
        let end = self.since + limit;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(end)));
        // Resetting a timer takes a lock; it fires early at times instead, and is set again then.
        if timer.deadline() > end {
            timer.as_mut().reset(end);
        }
        while timer.as_mut().poll(cx).is_ready() {
            if Instant::now() >= end {
                return Poll::Ready(due);
            }
            timer.as_mut().reset(end);
        }
        Poll::Pending
    }
}
