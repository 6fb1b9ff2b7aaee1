//! Hyper run over a connection, with an eye on the clock and on the end of the server.

use super::clock::{Clock, Due};
use crate::activity::Activity;
use crate::counters::Late;
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

/// Hyper's side of a connection, on the heap: it is large, and not there when nothing goes on.
#[derive(Debug)]
pub(crate) enum Http<H: Handler> {
    One(Box<http1::Connection<Io, Service<H>>>),
    Two(Pin<Box<http2::Connection<Io, Service<H>, TokioExecutor>>>),
}

/// How it ended.
#[derive(Debug)]
pub(crate) enum End {
    /// Nothing more will come; the socket, where it is left to be closed.
    Done(Option<Stream>),
    /// Nothing goes on. The bytes were read and belong to a request.
    Idle(Stream, Bytes),
    /// The client was late.
    Late(Late, Option<Stream>),
}

/// Whether hyper had an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Well,
    Badly,
    Due(Due),
    Cut,
}

/// Runs hyper until the connection ends, is idle, or its client is late.
pub(crate) async fn serve<H: Handler>(
    mut http: Http<H>,
    activity: &Activity,
    clock: &mut Clock,
    stop: &Stop,
) -> End {
    let outcome = {
        let mut draining = pin!(stop.draining());
        let mut cutting = pin!(stop.cutting());
        let (mut asked, mut leaving) = (false, false);
        poll_fn(|cx| {
            if !asked {
                // Once is enough: a task's waker stays the same, and the stage is looked at below.
                asked = true;
                let _ = draining.as_mut().poll(cx);
                let _ = cutting.as_mut().poll(cx);
            }
            if stop.is_draining() {
                if stop.is_cut() {
                    return Poll::Ready(Outcome::Cut);
                }
                if !leaving {
                    leaving = true;
                    clock.restart();
                    http.leave();
                }
            }
            loop {
                if let Poll::Ready(well) = http.poll(cx) {
                    return Poll::Ready(if well { Outcome::Well } else { Outcome::Badly });
                }
                let due = ready!(clock.poll(cx, activity, http.naps(), leaving));
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
        (Outcome::Well | Outcome::Badly, Some((stream, _))) => End::Done(Some(stream)),
        (Outcome::Well | Outcome::Badly, None) => End::Done(None),
        (Outcome::Due(Due::Nap), Some((stream, rest))) => End::Idle(stream, rest),
        (Outcome::Due(Due::Nap), None) => End::Done(None),
        (Outcome::Due(Due::End(late)), stream) => End::Late(late, stream.map(|(s, _)| s)),
    }
}

impl<H: Handler> Http<H> {
    /// Ready when it has ended: true if well.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        match self {
            Self::One(http) => http.poll_without_shutdown(cx).map(|ended| ended.is_ok()),
            Self::Two(http) => http.as_mut().poll(cx).map(|ended| ended.is_ok()),
        }
    }

    /// Ends it after the requests under way.
    fn leave(&mut self) {
        match self {
            Self::One(http) => Pin::new(http.as_mut()).graceful_shutdown(),
            Self::Two(http) => http.as_mut().graceful_shutdown(),
        }
    }

    /// Whether it can be taken apart and put together again.
    fn naps(&self) -> bool {
        matches!(self, Self::One(_))
    }

    /// The socket, and what was read from it and not used.
    fn into_stream(self) -> Option<(Stream, Bytes)> {
        match self {
            Self::One(http) => {
                let parts = http.into_parts();
                Some((parts.io.into_stream(), parts.read_buf))
            }
            Self::Two(_) => None,
        }
    }
}
