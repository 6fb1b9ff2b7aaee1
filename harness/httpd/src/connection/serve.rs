//! Serves the requests of a connection until it ends, a time limit passes, or the server stops.

use super::clock::{Clock, Due};
use crate::activity::{Activity, Phase};
use crate::counters::Late;
use crate::fast_path::answering::{FastPath, Next};
use crate::handler::Handler;
use crate::service::Service;
use crate::stop::Stop;
use crate::stream::{Io, Stream};
use bytes::Bytes;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::TokioExecutor;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

/// The future that answers on a connection, on the heap: it is large, and absent while the
/// connection is idle.
#[derive(Debug)]
pub(crate) enum Http<H: Handler> {
    Fast(Box<FastPath<H>>),
    One(Box<http1::Connection<Io, Service<H>>>),
    Two(Pin<Box<http2::Connection<Io, Service<H>, TokioExecutor>>>),
}

/// The state of a connection when `serve` returns.
#[derive(Debug)]
pub(crate) enum End {
    /// The connection is finished. The socket, where it is still to be closed.
    Done(Option<Stream>),
    /// The connection is idle. The bytes were read and belong to a request.
    Idle(Stream, Bytes),
    /// Hyper or the fast path is to answer next, whichever did not so far. The bytes were read.
    Turn(Stream, Bytes),
    /// The client was late.
    Late(Late, Option<Stream>),
}

/// The reason why serving stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// There is no more, or there was an error.
    Ended,
    Turn,
    Due(Due),
    Cut,
}

/// Answers until the connection ends, is idle, or its client is late; hyper, where it is to take
/// `turns`, until it has answered what there is.
pub(crate) async fn serve<H: Handler>(
    mut http: Http<H>,
    turns: bool,
    activity: &Activity,
    clock: &mut Clock,
    stop: &Stop,
) -> End {
    let outcome = {
        let mut draining = pin!(stop.draining());
        let mut cutting = pin!(stop.cutting());
        let (mut asked, mut restarted, mut leaving) = (false, false, false);
        poll_fn(|cx| {
            if !asked {
                // Once is enough: a task's waker stays the same, and the stage is looked at below.
                asked = true;
                let _ = draining.as_mut().poll(cx);
                let _ = cutting.as_mut().poll(cx);
            }
            if stop.is_cut() {
                return Poll::Ready(Outcome::Cut);
            }
            let draining = stop.is_draining();
            if draining && !restarted {
                restarted = true;
                clock.restart();
            }
            loop {
                if let Poll::Ready(outcome) = http.poll(cx) {
                    return Poll::Ready(outcome);
                }
                // Only now: what had come was read, and is answered. A connection without an answer
                // yet has some time to ask.
                if draining && !leaving && activity.calls() > 0 {
                    leaving = true;
                    http.leave();
                    continue;
                }
                // hyper has answered the request that the fast path could not; the next one may be
                // plain again.
                if turns && !draining && http.is_hyper() && activity.phase() == Phase::Idle {
                    return Poll::Ready(Outcome::Turn);
                }
                let due = ready!(clock.poll(cx, activity, http.naps(), leaving || draining));
                match (due, &http) {
                    (Due::End(Late::Idle), Http::Two(_)) if !leaving => {
                        leaving = true;
                        clock.restart();
                        http.leave();
                    }
                    _ => return Poll::Ready(Outcome::Due(due)),
                }
            }
        })
        .await
    };
    match (outcome, http.into_stream()) {
        (Outcome::Cut, _) => End::Done(None),
        (Outcome::Ended, Some((stream, _))) => End::Done(Some(stream)),
        (Outcome::Turn, Some((stream, rest))) => End::Turn(stream, rest),
        (Outcome::Due(Due::Nap), Some((stream, rest))) => End::Idle(stream, rest),
        (Outcome::Ended | Outcome::Turn | Outcome::Due(Due::Nap), None) => End::Done(None),
        (Outcome::Due(Due::End(late)), stream) => End::Late(late, stream.map(|(s, _)| s)),
    }
}

impl<H: Handler> Http<H> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        match self {
            Self::Fast(fast) => fast.poll(cx).map(|next| match next {
                Ok(Next::Hyper) => Outcome::Turn,
                Ok(Next::End) | Err(_) => Outcome::Ended,
            }),
            Self::One(http) => http.poll_without_shutdown(cx).map(|_| Outcome::Ended),
            Self::Two(http) => http.as_mut().poll(cx).map(|_| Outcome::Ended),
        }
    }

    /// Ends it after the requests under way.
    fn leave(&mut self) {
        match self {
            Self::Fast(fast) => fast.leave(),
            Self::One(http) => Pin::new(http.as_mut()).graceful_shutdown(),
            Self::Two(http) => http.as_mut().graceful_shutdown(),
        }
    }

    /// Whether it can be taken apart and put together again.
    fn naps(&self) -> bool {
        !matches!(self, Self::Two(_))
    }

    /// Whether it is hyper, with HTTP/1.
    fn is_hyper(&self) -> bool {
        matches!(self, Self::One(_))
    }

    /// The socket, and what was read from it and not used.
    fn into_stream(self) -> Option<(Stream, Bytes)> {
        match self {
            Self::Fast(fast) => Some(fast.into_stream()),
            Self::One(http) => {
                let parts = http.into_parts();
                let (stream, before) = parts.io.into_stream();
                let rest = match before.is_empty() {
                    true => parts.read_buf,
                    false => [parts.read_buf, before].concat().into(),
                };
                Some((stream, rest))
            }
            Self::Two(_) => None,
        }
    }
}
