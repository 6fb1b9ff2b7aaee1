//! Plain requests whose answer is at hand, answered before hyper sees them.
//!
//! Such a request is a GET of HTTP/1.1, whole, with a `Host` and nothing beside it that could
//! change the answer or the connection; the handler has the answer ready ([`Handler::at_hand`]).
//! Any other request is left for hyper, byte for byte. After hyper's answer the next request is
//! looked at here again.

use crate::access::AccessLine;
use crate::handler::Handler;
use crate::memory::{BLOCKED, Taken};
use crate::service::Service;
use crate::settings::HttpLimits;
use crate::stream::Stream;
use bytes::{Buf, Bytes, BytesMut};
use http::StatusCode;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;
use tokio_util::io::poll_read_buf;

/// Bytes read at a time: heads of plain requests are much shorter.
const READ: usize = 4 << 10;

/// Bytes of answers that are put together before they are sent.
const BATCH: usize = 16 << 10;

/// Header fields of a plain request.
const FIELDS: usize = 8;

/// A connection on which nothing else was asked for yet.
#[derive(Debug)]
pub(crate) struct FastPath<H> {
    stream: Stream,
    service: Service<H>,
    read: BytesMut,
    out: BytesMut,
    leaving: bool,
    /// The memory budget for answers that the client does not take.
    blocked: Option<Taken>,
}

/// The state of the connection afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The connection ended.
    End,
    /// Hyper answers the next request.
    Hyper,
}

impl<H: Handler> FastPath<H> {
    /// Goes on with what was read `before`.
    pub(crate) fn new(stream: Stream, before: Bytes, service: Service<H>) -> Self {
        let (read, out) = (BytesMut::from(before), BytesMut::new());
        Self { stream, service, read, out, leaving: false, blocked: None }
    }

    /// The socket, and what was read from it and not answered.
    pub(crate) fn into_stream(self) -> (Stream, Bytes) {
        (self.stream, self.read.freeze())
    }

    /// Ends it after what is under way.
    pub(crate) fn leave(&mut self) {
        self.leaving = true;
    }

    /// Answers until something comes that is for hyper.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Next>> {
        loop {
            ready!(self.poll_send(cx))?;
            if self.leaving {
                return Poll::Ready(Ok(Next::End));
            }
            while self.out.len() < BATCH && self.answer() {}
            if !self.out.is_empty() {
                continue;
            }
            if !self.read.is_empty() {
                return Poll::Ready(Ok(Next::Hyper));
            }
            self.read.reserve(READ);
            if ready!(poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.read))? == 0 {
                return Poll::Ready(Ok(Next::End));
            }
            self.service.activity.read();
        }
    }

    /// Sends what is to be sent.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let activity = &self.service.activity;
        if self.out.is_empty() && !activity.is_writing() {
            return Poll::Ready(Ok(()));
        }
        activity.write();
        while !self.out.is_empty() {
            let Poll::Ready(bytes) = Pin::new(&mut self.stream).poll_write(cx, &self.out)? else {
                if self.blocked.is_none() {
                    // Memory is counted only for clients that do not read: for the others the
                    // buffer is empty again before the next request.
                    let taken = self.service.share.try_take(BLOCKED);
                    // The budget has no room for another client that does not read.
                    self.blocked = Some(taken.ok_or(io::ErrorKind::OutOfMemory)?);
                }
                return Poll::Pending;
            };
            if bytes == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            activity.wrote(bytes);
            self.out.advance(bytes);
        }
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        activity.flushed();
        self.blocked = None;
        Poll::Ready(Ok(()))
    }

    /// Answers the request that was read, if it is a plain one for what is at hand.
    fn answer(&mut self) -> bool {
        let Service { handler, limits, activity, peer, log, .. } = &self.service;
        // The last allowed request needs `Connection: close` in its answer, which hyper writes.
        if limits.requests.is_some_and(|most| activity.calls() + 1 >= most) {
            return false;
        }
        let Some(plain) = Plain::of(&self.read, limits) else { return false };
        let Some(answer) = handler.at_hand(plain.path) else { return false };
        activity.begin();
        let entry = log.then(|| AccessLine::plain(plain.path, plain.agent, peer));
        answer.put(&mut self.out, entry.as_ref().map(AccessLine::id));
        if let Some(mut entry) = entry {
            entry.answered(StatusCode::OK);
            entry.sent(answer.length());
            entry.whole();
            entry.log();
        }
        activity.end();
        let length = plain.length;
        self.read.advance(length);
        true
    }
}

/// A plain request.
#[derive(Debug, PartialEq, Eq)]
struct Plain<'a> {
    /// Length of the request in bytes.
    length: usize,
    path: &'a str,
    agent: &'a str,
}

impl<'a> Plain<'a> {
    /// The request that the bytes begin with, if it is a plain one. Its path is as it came: whether
    /// there is such a path is for the handler to tell.
    fn of(bytes: &'a [u8], limits: &HttpLimits) -> Option<Self> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        let httparse::Status::Complete(length) = request.parse(bytes).ok()? else { return None };
        let path = request.path?;
        let (mut hosts, mut agent, mut known) = (0, "", true);
        for field in request.headers.iter() {
            let is = |name: &str| field.name.eq_ignore_ascii_case(name);
            if is("host") {
                hosts += 1;
                // Any other field or character may change the answer (ranges, conditions, a body,
                // an invalid Host); hyper decides those.
                let usual = |byte: &u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(byte);
                known &= field.value.iter().all(usual);
            } else if is("user-agent") {
                agent = std::str::from_utf8(field.value).unwrap_or_default();
            } else {
                known &= is("accept") || is("accept-encoding");
            }
        }
        let plain =
            request.method == Some("GET") && request.version == Some(1) && known && hosts == 1;
        let within = length <= limits.head
            && request.headers.len() <= limits.fields
            && path.len() <= limits.target;
        (plain && within).then_some(Self { length, path, agent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("GET /a HTTP/1.1\r\nHost: h\r\n\r\n", Some(("/a", "")))]
    #[case("GET /a HTTP/1.1\r\nhost: h\r\nUser-Agent: x\r\nAccept-Encoding: gzip\r\n\r\n", Some(("/a", "x")))]
    #[case("\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n", Some(("/a", "")))]
    #[case("GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n", Some(("/a?b", "")))]
    #[case("GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n", Some(("http://h/a", "")))]
    #[case("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n", None)]
    #[case("GET /a HTTP/1.0\r\nHost: h\r\n\r\n", None)]
    #[case("GET /a HTTP/1.1\r\n\r\n", None)]
    #[case("GET /a HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", None)]
    #[case("GET /a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", None)]
    #[case("GET /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", None)]
    #[case("GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", None)]
    #[case("GET /a HTTP/1.1\r\nHost: h\r\nIf-None-Match: *\r\n\r\n", None)]
    #[case("GET /a HTTP/1.1\r\nHost: h\r\nX-Request-Id: a\r\n\r\n", None)]
    #[case("GET /a HTTP/1.1\r\nHost: h\r\n", None)]
    #[case("GET /a HTTP/1.1\r\nHost : h\r\n\r\n", None)]
    #[case("GET /a HTTP/1.1\r\nHost: h i\r\n\r\n", None)]
    #[case("GET /a HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", None)]
    #[case("", None)]
    fn only_plain_requests_are_taken(#[case] text: &str, #[case] want: Option<(&str, &str)>) {
        let want = want.map(|(path, agent)| Plain { length: text.len(), path, agent });
        let with_more = format!("{text}GET /");
        for bytes in [text, with_more.as_str()] {
            assert_eq!(Plain::of(bytes.as_bytes(), &HttpLimits::default()), want, "{bytes:?}");
        }
    }

    #[test]
    fn limits_are_for_hyper_to_tell() {
        let text = b"GET /a HTTP/1.1\r\nHost: h\r\nAccept: x\r\n\r\n";
        let found = |limits: HttpLimits| Plain::of(text, &limits).is_some();
        let limits = HttpLimits::default;
        assert!(found(limits()));
        assert!(found(HttpLimits { head: text.len(), target: 2, fields: 2, ..limits() }));
        assert!(!found(HttpLimits { head: text.len() - 1, ..limits() }));
        assert!(!found(HttpLimits { target: 1, ..limits() }));
        assert!(!found(HttpLimits { fields: 1, ..limits() }));
    }
}
