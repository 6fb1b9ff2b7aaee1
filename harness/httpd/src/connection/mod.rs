//! One connection from its first byte to its end.
//!
//! `first` detects the protocol. `serve` has requests answered: by `fast_path` where it can, by
//! hyper otherwise. `clock` has the time limit of each phase, and `lingering_close` closes so that
//! the last answer arrives.

mod clock;
mod first;
mod lingering_close;
mod serve;
mod shared;

pub(crate) use lingering_close::{LINGER, lingering_close};
pub(crate) use shared::Shared;

use crate::activity::Activity;
use crate::counters::{Handshake, Late};
use crate::fast_path::answering::FastPath;
use crate::handler::Handler;
use crate::memory::{self, Taken};
use crate::peer::Peer;
use crate::refusal::Refusal;
use crate::service::Service;
use crate::stream::{Io, Stream};
use crate::tls::Admission;
use bytes::Bytes;
use clock::Clock;
use first::First;
use lingering_close::SHORT_LINGER;
use serve::{End, Http};
use socket2::SockRef;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;

/// Number of requests in a row that are not plain, after which hyper keeps the connection until it
/// is idle.
// Changing between the fast path and hyper costs a copy of what was read. A client that never sends
// a plain request stays with hyper after eight tries.
const PATIENCE: u32 = 8;

impl<H: Handler> Shared<H> {
    /// Serves a connection to its end.
    pub(crate) async fn connection(
        self: Arc<Self>,
        mut tcp: TcpStream,
        from: SocketAddr,
        number: u64,
        mut taken: Taken,
    ) {
        let mut clock = Clock::new(&self.limits, &self.budget);
        let Some((first, before)) = first::first(&mut tcp, &self, &mut clock).await else { return };
        let mut peer = Peer { address: from, tls: false, identity: None };
        let mut forbidden = None;
        let (stream, http2) = match (&self.terminator, first) {
            (_, First::Late) => {
                let text = Refusal::Late.raw(&self.limits);
                return lingering_close(Stream::Plain(tcp), text, LINGER).await;
            }
            (None, First::Http2) => (Stream::Plain(tcp), true),
            (None, _) => (Stream::Plain(tcp), false),
            (Some(_), First::Http1 | First::Http2) => {
                self.counters.handshake_failed(Handshake::NoTls);
                let text = Refusal::Plain.raw(&self.limits);
                return lingering_close(Stream::Plain(tcp), text, LINGER).await;
            }
            (Some(terminator), First::Other) => {
                let Some(mut memory) = self.budget.try_take(memory::TLS + memory::HANDSHAKE) else {
                    return self.counters.turned_away();
                };
                let limit = self.limits.handshake_time;
                let accepted = tokio::time::timeout(limit, Box::pin(terminator.accept(tcp))).await;
                match accepted {
                    Ok(Ok((stream, admission))) => {
                        memory.keep(memory::TLS);
                        taken.merge(memory);
                        self.counters.handshake();
                        peer.tls = true;
                        match admission {
                            Admission::Anybody => {}
                            Admission::Known(identity) => peer.identity = identity,
                            Admission::Forbidden(reason) => forbidden = Some(reason),
                        }
                        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                        (Stream::Tls(stream), http2)
                    }
                    Ok(Err((reason, tcp))) => {
                        self.no_handshake(from, reason);
                        // With TLS 1.3 it sends its request before it reads the alert.
                        return lingering_close(Stream::Plain(tcp), Bytes::new(), LINGER).await;
                    }
                    Err(_) => return self.no_handshake(from, Handshake::Late),
                }
            }
        };
        let activity = Arc::new(Activity::new(Arc::clone(&self.counters), number));
        let service = Service {
            handler: Arc::clone(&self.handler),
            limits: Arc::clone(&self.limits),
            activity: Arc::clone(&activity),
            peer: Arc::new(peer),
            forbidden,
            log: self.log,
            share: self.budget.share(),
        };
        if http2 {
            let Some(memory) = self.budget.try_take(memory::HTTP2) else {
                return self.counters.turned_away();
            };
            taken.merge(memory);
            self.http2(stream, before, service, clock).await;
        } else {
            self.http1(stream, before, service, clock).await;
        }
    }

    fn no_handshake(&self, from: SocketAddr, reason: Handshake) {
        tracing::debug!(peer = %from, reason = reason.word(), "no TLS handshake");
        self.counters.handshake_failed(reason);
    }

    async fn http2(&self, stream: Stream, before: Bytes, service: Service<H>, mut clock: Clock) {
        let activity = Arc::clone(&service.activity);
        let io = Io::new(stream, before, Arc::clone(&activity), Arc::clone(&self.limits)).http2();
        let http = Http::Two(Box::pin(self.two.serve_connection(io, service)));
        if let End::Late(late, _) =
            serve::serve(http, false, &activity, &mut clock, &self.stop).await
        {
            self.counters.late(late);
        }
    }

    async fn http1(
        &self,
        mut stream: Stream,
        mut before: Bytes,
        service: Service<H>,
        mut clock: Clock,
    ) {
        let activity = Arc::clone(&service.activity);
        let may_be_fast = service.forbidden.is_none();
        let (mut fast, mut in_vain) = (may_be_fast, 0);
        loop {
            let http = if fast {
                Http::Fast(Box::new(FastPath::new(stream, before, service.clone())))
            } else {
                let limits = Arc::clone(&self.limits);
                let io = Io::new(stream, before, Arc::clone(&activity), limits);
                Http::One(Box::new(self.one.serve_connection(io, service.clone())))
            };
            let turns = may_be_fast && in_vain < PATIENCE;
            let calls = activity.calls();
            match serve::serve(http, turns, &activity, &mut clock, &self.stop).await {
                End::Done(None) => return,
                End::Done(Some(stream)) => {
                    // A client that has asked once more meanwhile must not lose its last answer.
                    let linger = match (activity.lingers(), self.stop.is_draining()) {
                        (true, _) => LINGER,
                        (false, true) => SHORT_LINGER,
                        (false, false) => Duration::ZERO,
                    };
                    return lingering_close(stream, Bytes::new(), linger).await;
                }
                End::Late(late, stream) => {
                    self.counters.late(late);
                    return match (late, stream) {
                        (Late::Head, Some(stream)) => {
                            activity.refuse();
                            lingering_close(stream, Refusal::Late.raw(&self.limits), LINGER).await;
                        }
                        (Late::Write, Some(stream)) => abandon(&stream),
                        _ => {}
                    };
                }
                End::Turn(left, rest) => {
                    (stream, before) = (left, rest);
                    if fast {
                        in_vain = if activity.calls() == calls { in_vain + 1 } else { 0 };
                    }
                    fast = !fast;
                }
                End::Idle(left, rest) => {
                    (stream, before) = (left, rest);
                    (fast, in_vain) = (may_be_fast, 0);
                    if before.is_empty() && !first::again(&stream, self, &mut clock).await {
                        return lingering_close(stream, Bytes::new(), Duration::ZERO).await;
                    }
                }
            }
        }
    }
}

/// Makes the operating system drop unsent bytes, where the client does not take them.
fn abandon(stream: &Stream) {
    // Without it the bytes stay in the kernel for some minutes.
    if let Err(error) = SockRef::from(stream.tcp()).set_linger(Some(Duration::ZERO)) {
        tracing::debug!(%error, "SO_LINGER");
    }
}
