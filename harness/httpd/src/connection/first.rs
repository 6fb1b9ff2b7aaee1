//! What a connection speaks, seen from its first bytes without taking them; and the wait for more.

use super::Shared;
use super::clock::Clock;
use crate::counters::{Handshake, Late};
use crate::handler::Handler;
use crate::stream::Stream;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until};

/// The beginning of the preface of HTTP/2; no method of HTTP/1 begins so.
const PREFACE: &[u8] = b"PRI ";

/// How long to wait before the first bytes are looked at again, when they were too few to tell.
const PAUSE: Duration = Duration::from_millis(5);

/// What a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum First {
    /// HTTP/1, or what hyper will find malformed.
    Http1,
    /// HTTP/2 without TLS.
    Http2,
    /// Nothing that begins with a letter: TLS, perhaps.
    Other,
    /// Too little, for too long.
    Late,
}

/// Waits for the first bytes. `None`: the connection ends.
pub(crate) async fn first<H: Handler>(
    tcp: &TcpStream,
    shared: &Shared<H>,
    clock: &mut Clock,
) -> Option<First> {
    let tls = shared.terminator.is_some();
    let mut end =
        if tls { Instant::now() + shared.limits.handshake_time } else { clock.idle_end() };
    let mut begun = false;
    loop {
        let peeked = tokio::select! {
            biased;
            () = shared.stop.draining(), if !begun => return None,
            // Bytes that are too few to tell are there at every look: the time is looked at first.
            () = sleep_until(end) => None,
            peeked = peek(tcp) => Some(peeked.ok()?),
        };
        match peeked {
            None if tls => {
                shared.counters.handshake_failed(Handshake::Late);
                return None;
            }
            None if begun => {
                shared.counters.late(Late::Head);
                return Some(First::Late);
            }
            None => {
                shared.counters.late(Late::Idle);
                return None;
            }
            Some((Some(First::Other), _)) if !tls => return Some(First::Http1),
            Some((Some(kind), _)) => return Some(kind),
            Some((None, 0)) => return None,
            Some((None, _)) => {
                if !begun && !tls {
                    end = Instant::now() + shared.limits.head_time;
                }
                begun = true;
                sleep(PAUSE).await;
            }
        }
    }
}

/// What the first bytes say, and how many there are.
async fn peek(tcp: &TcpStream) -> io::Result<(Option<First>, usize)> {
    let mut buffer = [0; PREFACE.len()];
    let length = tcp.peek(&mut buffer).await?;
    let bytes = buffer.get(..length).unwrap_or_default();
    Ok((tell(bytes), length))
}

/// `None`: not to be told yet.
fn tell(bytes: &[u8]) -> Option<First> {
    match bytes.first() {
        None => None,
        Some(_) if bytes == PREFACE => Some(First::Http2),
        Some(_) if PREFACE.starts_with(bytes) => None,
        Some(first) if first.is_ascii_alphabetic() => Some(First::Http1),
        Some(_) => Some(First::Other),
    }
}

/// Waits until a connection that was taken apart has something to say. False: it ends.
pub(crate) async fn again<H>(stream: &Stream, shared: &Shared<H>, clock: &mut Clock) -> bool {
    tokio::select! {
        biased;
        () = shared.stop.draining() => false,
        ready = stream.tcp().readable() => ready.is_ok(),
        () = sleep_until(clock.idle_end()) => {
            shared.counters.late(Late::Idle);
            false
        }
    }
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
    #[case(b"PRIX", Some(First::Http1))]
    #[case(b"POST", Some(First::Http1))]
    #[case(b"G", Some(First::Http1))]
    #[case(b"\x16\x03\x01", Some(First::Other))]
    #[case(b"\r\nGE", Some(First::Other))]
    fn the_first_bytes_tell(#[case] bytes: &[u8], #[case] kind: Option<First>) {
        assert_eq!(tell(bytes), kind);
    }
}
