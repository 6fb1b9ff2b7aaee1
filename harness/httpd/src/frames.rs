//! Frames of HTTP/2 that ask for nothing: PING, SETTINGS, PRIORITY, WINDOW_UPDATE, unknown ones.
//!
//! Each costs the server work, and the HTTP/2 library does not limit them. So this module counts them
//! in the client's bytes on their way to hyper. A client has an allowance: some frames at the start, some
//! for each request, one for each 512 bytes it receives, and some each second. Such floods are
//! CVE-2019-9512, 9515 and others; RFC 9113, section 10.5, asks for a limit.

use tokio::time::Instant;

/// Bytes of the client's preface.
const PREFACE: usize = 24;
/// Bytes of a frame's head.
const HEAD: usize = 9;
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;

/// Frames that are always allowed.
// The numbers are those of CVE-2019-9512 and its relatives turned round: an ordinary client sends a
// handful of such frames for each request, a flood sends nothing else.
const START: u64 = 1024;
/// Frames allowed for each request.
const REQUEST: u64 = 16;
/// Bytes sent to the client that allow one more frame.
const BYTES: u64 = 512;
/// Frames allowed for each second.
const SECOND: u64 = 16;

/// Counts them on one connection.
#[derive(Debug)]
pub(crate) struct Frames {
    /// Bytes to come that are no head: of the preface, of a payload.
    skip: usize,
    head: [u8; HEAD],
    have: usize,
    seen: u64,
    begun: Instant,
}

impl Frames {
    pub(crate) fn new() -> Self {
        Self { skip: PREFACE, head: [0; HEAD], have: 0, seen: 0, begun: Instant::now() }
    }

    /// Looks at bytes from the client.
    pub(crate) fn read(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let skipped = self.skip.min(bytes.len());
            self.skip -= skipped;
            bytes = &bytes[skipped..];
            let more = (HEAD - self.have).min(bytes.len());
            self.head[self.have..self.have + more].copy_from_slice(&bytes[..more]);
            self.have += more;
            bytes = &bytes[more..];
            if self.have == HEAD {
                self.have = 0;
                let [a, b, c, kind, ..] = self.head;
                // A frame's length is 24 bits, big-endian (RFC 9113, section 4.1).
                self.skip = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
                self.seen += u64::from(!matches!(kind, DATA | HEADERS | CONTINUATION));
            }
        }
    }

    /// Whether they are too many for what the connection has done.
    pub(crate) fn too_many(&self, requests: u64, written: u64) -> bool {
        // Most of the time the first look will do.
        self.seen > START
            && self.seen
                > START
                    + requests * REQUEST
                    + written / BYTES
                    + self.begun.elapsed().as_secs() * SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn frame(kind: u8, payload: usize) -> Vec<u8> {
        let length = u32::try_from(payload).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, 0, 0, 0, 0, 0];
        frame.resize(HEAD + payload, 0x4);
        frame
    }

    #[rstest]
    fn frames_are_counted_in_whatever_pieces(#[values(1, 3, 9, 100, 10_000)] piece: usize) {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        for (kind, payload) in [(4, 18), (1, 300), (6, 8), (8, 4), (0, 70_000), (9, 5), (200, 0)] {
            bytes.extend(frame(kind, payload));
        }
        let mut frames = Frames::new();
        bytes.chunks(piece).for_each(|part| frames.read(part));
        assert_eq!((frames.seen, frames.skip, frames.have), (4, 0, 0));
    }

    #[test]
    fn work_done_allows_more_of_them() {
        let mut frames = Frames::new();
        frames.seen = START + 100;
        assert!(frames.too_many(0, 0));
        assert!(!frames.too_many(7, 0));
        assert!(!frames.too_many(0, 100 * BYTES));
    }
}
