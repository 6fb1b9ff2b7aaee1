//! Detects the protocol of a connection by its first bytes, and waits for them.
//!
//! Where TLS is spoken, one byte is enough, and is looked at without being taken. Otherwise bytes are
//! taken until they are enough, and handed on: a look at bytes that are too few would find them again and
//! again, and would never find the client's end.

use super::clock::{Clock, FIRST_REQUEST};
use super::shared::Shared;
use crate::counters::{Handshake, Late};
use crate::handler::Handler;
use crate::stream::Stream;
use bytes::{Bytes, BytesMut};
use socket2::SockRef;
use std::io;
use std::mem::MaybeUninit;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

/// The beginning of the preface of HTTP/2; no method of HTTP/1 begins so.
const PREFACE: &[u8] = b"PRI ";

/// Bytes taken at a time.
const READ: usize = 1 << 10;

/// The protocol of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum First {
    /// HTTP/1, or what hyper will find malformed.
    Http1,
    /// HTTP/2 without TLS.
    Http2,
    /// Some other first byte than a letter: TLS, perhaps.
    Other,
    /// Too little, for too long.
    Late,
}

/// Waits for the first bytes: the protocol by them, and those that were taken. `None`: the connection ends.
pub(crate) async fn first<H: Handler>(
    tcp: &mut TcpStream,
    shared: &Shared<H>,
    clock: &mut Clock,
) -> Option<(First, Bytes)> {
    let tls = shared.terminator.is_some();
    let mut end =
        if tls { Instant::now() + shared.limits.handshake_time } else { clock.idle_end() };
    let (mut taken, mut leaving) = (BytesMut::new(), false);
    loop {
        let read = tokio::select! {
            biased;
            () = shared.stop.draining(), if !leaving => {
                // The connection was accepted before the stop, so its first request is answered if
                // it comes soon.
                leaving = true;
                end = end.min(Instant::now() + FIRST_REQUEST);
                continue;
            }
            () = sleep_until(end) => None,
            read = read(tcp, tls, &mut taken) => Some(read.ok()?),
        };
        match read {
            None if tls => {
                shared.counters.handshake_failed(Handshake::Late);
                return None;
            }
            None if !taken.is_empty() => {
                shared.counters.late(Late::Head);
                return Some((First::Late, Bytes::new()));
            }
            None => {
                shared.counters.late(Late::Idle);
                return None;
            }
            // The client has ended. Hyper answers the request that it began.
            Some((0, _)) if taken.is_empty() => return None,
            Some((0, _)) => return Some((First::Http1, taken.freeze())),
            Some((_, Some(First::Other))) if !tls => return Some((First::Http1, taken.freeze())),
            Some((_, Some(kind))) => return Some((kind, taken.freeze())),
            // The limit for heads runs from the first byte, and does not begin anew with each
            // further one.
            Some((_, None)) => end = end.min(Instant::now() + shared.limits.head_time),
        }
    }
}

/// Bytes that came, and the protocol by all of them.
async fn read(
    tcp: &mut TcpStream,
    tls: bool,
    taken: &mut BytesMut,
) -> io::Result<(usize, Option<First>)> {
    if tls {
        let mut byte = [0];
        // Peeked, because the handshake has to read the byte again. A TLS record begins with 0x16,
        // and a request of HTTP with a letter.
        let length = tcp.peek(&mut byte).await?;
        let letter = byte.first().is_some_and(u8::is_ascii_alphabetic);
        return Ok((length, Some(if letter { First::Http1 } else { First::Other })));
    }
    taken.reserve(READ);
    let length = tcp.read_buf(taken).await?;
    Ok((length, tell(taken)))
}

/// `None`: more bytes are needed to decide.
fn tell(bytes: &[u8]) -> Option<First> {
    match bytes.first() {
        None => None,
        Some(_) if bytes.starts_with(PREFACE) => Some(First::Http2),
        Some(_) if PREFACE.starts_with(bytes) => None,
        Some(first) if first.is_ascii_alphabetic() => Some(First::Http1),
        Some(_) => Some(First::Other),
    }
}

/// Waits until a connection that was taken apart has something to say. False: it ends.
pub(crate) async fn again<H>(stream: &Stream, shared: &Shared<H>, clock: &mut Clock) -> bool {
    tokio::select! {
        biased;
        () = shared.stop.draining() => has_bytes(stream),
        ready = stream.tcp().readable() => ready.is_ok(),
        () = sleep_until(clock.idle_end()) => {
            shared.counters.late(Late::Idle);
            false
        }
    }
}

/// Whether something has come that was not read.
fn has_bytes(stream: &Stream) -> bool {
    let mut byte = [MaybeUninit::uninit()];
    SockRef::from(stream.tcp()).peek(&mut byte).is_ok_and(|length| length > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(b"", None)]
    #[case(b"P", None)]
    #[case(b"PRI", None)]
    #[case(b"PRI ", Some(First::Http2))]
    #[case(b"PRI * HTTP/2.0\r\n", Some(First::Http2))]
    #[case(b"PRIX", Some(First::Http1))]
    #[case(b"POST", Some(First::Http1))]
    #[case(b"G", Some(First::Http1))]
    #[case(b"\x16\x03\x01", Some(First::Other))]
    #[case(b"\r\nGE", Some(First::Other))]
    fn the_first_bytes_tell(#[case] bytes: &[u8], #[case] kind: Option<First>) {
        assert_eq!(tell(bytes), kind);
    }
}
