//! The state that all connections of a server share.

use crate::counters::Counters;
use crate::handler::Handler;
use crate::memory::Budget;
use crate::settings::HttpLimits;
use crate::stop::Stop;
use crate::tls::Terminator;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::sync::Arc;
use std::time::Duration;

/// The state that all connections of a server share.
#[derive(Debug)]
pub(crate) struct Shared<H> {
    pub(crate) handler: Arc<H>,
    pub(crate) limits: Arc<HttpLimits>,
    pub(crate) counters: Arc<Counters>,
    pub(crate) terminator: Option<Arc<Terminator>>,
    pub(crate) stop: Stop,
    pub(crate) log: bool,
    pub(crate) budget: Budget,
    pub(crate) one: hyper::server::conn::http1::Builder,
    pub(crate) two: hyper::server::conn::http2::Builder<TokioExecutor>,
}

/// The largest frame and the window of a stream of HTTP/2: requests have next to no bodies.
// The protocol's least connection window. Requests have no bodies here, so that a larger one would
// only let clients fill memory.
const WINDOW: u32 = 64 << 10;

/// The most bytes of an answer that wait for a client of HTTP/2.
const BUFFER: usize = 64 << 10;

/// The most bytes of an answer that hyper buffers for a client of HTTP/1.
const AHEAD: usize = 32 << 10;

/// Interval of pings to a silent client of HTTP/2.
const PING: Duration = Duration::from_secs(30);

impl<H: Handler> Shared<H> {
    pub(crate) fn new(
        handler: Arc<H>,
        limits: Arc<HttpLimits>,
        counters: Arc<Counters>,
        terminator: Option<Arc<Terminator>>,
        log: bool,
    ) -> Self {
        let mut one = hyper::server::conn::http1::Builder::new();
        // A client that has ended its side and waits is the business of `stream::Io`.
        one.half_close(false)
            .max_headers(limits.fields)
            .max_header_size(limits.head)
            .max_buf_size(AHEAD.max(2 * limits.head))
            // `Clock` limits the head: hyper's timer would not cover the fast path.
            .header_read_timeout(None);
        let mut two = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        two.timer(TokioTimer::new())
            .max_concurrent_streams(limits.streams)
            .max_header_list_size(u32::try_from(limits.head).unwrap_or(u32::MAX))
            .initial_stream_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_send_buf_size(BUFFER)
            .keep_alive_interval(PING)
            .keep_alive_timeout(PING);
        let budget = Budget::new(limits.memory);
        Self { handler, limits, counters, terminator, stop: Stop::default(), log, budget, one, two }
    }
}
