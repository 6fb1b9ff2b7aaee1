//! Compressed transactions, read as a stream: no more of one is in memory than one event.

use super::bytes::{Bytes, Malformed};
use std::io::Read as _;

/// No event within a compressed transaction is larger, in bytes. The server's own bound on a row is
/// `max_allowed_packet`, at most 1 GiB.
// max_allowed_packet cannot be larger, so no event can.
pub const PAYLOAD_LIMIT: usize = 1 << 30;
/// The header before each event.
const HEADER: usize = 19;

/// The events of a compressed transaction.
pub struct Payload<'a>(zstd::stream::read::Decoder<'a, std::io::BufReader<&'a [u8]>>);

/// Fields of the event.
mod field {
    pub const END: u64 = 0;
    pub const SIZE: u64 = 1;
    pub const COMPRESSION: u64 = 2;
}

impl<'a> Payload<'a> {
    /// Reads the fields before the compressed bytes.
    ///
    /// # Errors
    /// When it is wrong, or compressed by something else than zstd.
    pub fn new(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut bytes = Bytes(body);
        let mut compression = None;
        loop {
            let field = bytes.lenenc()? as u64;
            if field == field::END {
                break;
            }
            let mut value = Bytes(bytes.lenenc_bytes()?);
            match field {
                field::COMPRESSION => compression = Some(value.lenenc()?),
                field::SIZE => {}
                _ => {}
            }
        }
        if compression != Some(0) {
            return Err(Malformed("a compressed transaction is not compressed by zstd"));
        }
        zstd::stream::read::Decoder::new(bytes.rest())
            .map(Self)
            .map_err(|_| Malformed("a compressed transaction cannot be read"))
    }

    /// The next event, header and body; it has no checksum of its own.
    ///
    /// # Errors
    /// When the compressed bytes are wrong, or an event is larger than [`PAYLOAD_LIMIT`].
    pub fn next_event(&mut self) -> Result<Option<Vec<u8>>, Malformed> {
        let broken = |_| Malformed("a compressed transaction ends too early, or is broken");
        let mut header = Vec::with_capacity(HEADER);
        let read = (&mut self.0).take(HEADER as u64).read_to_end(&mut header).map_err(broken)?;
        // Between two events: the transaction ends here.
        if read == 0 {
            return Ok(None);
        }
        let mut fields = Bytes(&header);
        fields.take(9)?;
        let size = fields.le(4)? as usize;
        if !(HEADER..=PAYLOAD_LIMIT).contains(&size) {
            return Err(Malformed("an event of a compressed transaction has a wrong length"));
        }
        let mut event = header;
        let left = (size - HEADER) as u64;
        // The announced length may be wrong: the buffer grows with the bytes that are there.
        let read = (&mut self.0).take(left).read_to_end(&mut event).map_err(broken)?;
        if read as u64 != left {
            return Err(Malformed("a compressed transaction ends too early, or is broken"));
        }
        Ok(Some(event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(size: u32, length: usize) -> Vec<u8> {
        let mut event = vec![0; HEADER + length];
        event[9..13].copy_from_slice(&size.to_le_bytes());
        event
    }

    fn body(plain: &[u8]) -> Vec<u8> {
        let packed = zstd::encode_all(plain, 3).unwrap();
        [&[2, 1, 0, 1, 1, 9, 0][..], &packed].concat()
    }

    #[test]
    fn events_come_one_by_one() {
        let body = body(&[event(19 + 4, 4), event(19, 0)].concat());
        let mut payload = Payload::new(&body).unwrap();
        assert_eq!(payload.next_event().unwrap().unwrap().len(), 23);
        assert_eq!(payload.next_event().unwrap().unwrap().len(), 19);
        assert_eq!(payload.next_event().unwrap(), None);
    }

    #[test]
    fn announced_lengths_are_not_believed() {
        for plain in [event(u32::MAX, 0), event(3, 0), event(19 + 5, 4), vec![0; 7]] {
            let body = body(&plain);
            assert!(Payload::new(&body).unwrap().next_event().is_err());
        }
        let mut cut = body(&event(19 + 4000, 4000));
        cut.truncate(cut.len() - 3);
        assert!(Payload::new(&cut).unwrap().next_event().is_err());
        assert!(Payload::new(&[2, 1, 255, 0]).is_err());
    }
}
