//! Frames of HTTP/2, as an attacker writes them (RFC 9113, section 4.1).

use std::io::Read;

/// The first frames of a client.
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const PRIORITY: u8 = 2;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

/// Flags of HEADERS: all of the head, and no body.
pub const WHOLE: u8 = 0x5;
/// Flag of CONTINUATION and HEADERS: the head is whole. Of DATA: the body is.
pub const END: u8 = 0x1;

/// A frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut frame = [&length[..], &[kind, flags], &stream.to_be_bytes()].concat();
    frame.extend(payload);
    frame
}

/// The head of a GET without Huffman codes and without the dynamic table (RFC 7541, appendix A).
pub fn head(target: &str) -> Vec<u8> {
    let length = u8::try_from(target.len()).unwrap_or(u8::MAX);
    let mut head = vec![0x82, 0x86, 0x01, 1, b'x', 0x04, length];
    head.extend(target.bytes().take(length.into()));
    head
}

/// A frame that was received.
#[derive(Debug)]
pub struct Received {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

/// The next frame; none when there is no more.
pub fn next(from: &mut impl Read) -> Option<Received> {
    let mut head = [0; 9];
    from.read_exact(&mut head).ok()?;
    let [a, b, c, kind, flags, stream @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
    from.read_exact(&mut payload).ok()?;
    Some(Received { kind, flags, stream: u32::from_be_bytes(stream), payload })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_written() {
        let bytes = frame(HEADERS, WHOLE, 7, &head("/a"));
        let read = next(&mut &*bytes).unwrap();
        assert_eq!((read.kind, read.flags, read.stream), (HEADERS, WHOLE, 7));
        assert_eq!(read.payload, b"\x82\x86\x01\x01x\x04\x02/a");
        assert!(next(&mut &bytes[..bytes.len() - 1]).is_none());
    }
}
