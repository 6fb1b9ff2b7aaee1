//! A record as it stands in the records file.
//!
//! ```text
//! 4 bytes   length of the name, least byte first
//! 4 bytes   length of the text, least byte first
//! name      MODULE@VERSION
//! text      the record's text
//! 8 bytes   the first of the SHA-256 of all that stands before
//! ```

use sha2::{Digest, Sha256};

const CHECK: usize = 8;
const HEADER: usize = 8;

/// The longest name, in bytes.
pub(super) const MAX_NAME: usize = 4 << 10;

/// The longest text, in bytes.
pub(super) const MAX_TEXT: usize = 64 << 10;

/// The largest size of a frame with name and text, in bytes.
pub(super) const MAX_FRAME: u64 = (HEADER + MAX_NAME + MAX_TEXT + CHECK) as u64;

fn check(bytes: &[u8]) -> [u8; CHECK] {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    digest.first_chunk().copied().unwrap_or_default()
}

/// Appends a record to `out`. Name and text must not be longer than they may be.
pub(super) fn write(out: &mut Vec<u8>, name: &str, text: &str) {
    let start = out.len();
    for length in [name.len(), text.len()] {
        out.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    }
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(text.as_bytes());
    let check = check(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&check);
}

/// The name and text of a record, or what is wrong with its bytes.
pub(super) fn read(bytes: &[u8]) -> Result<(&str, &str), &'static str> {
    let (content, sum) =
        bytes.split_last_chunk::<CHECK>().ok_or("a record is shorter than its frame")?;
    if check(content) != *sum {
        return Err("a record does not have the checksum that stands behind it");
    }
    let fields = || {
        let (header, rest) = content.split_first_chunk::<HEADER>()?;
        let [a, b, c, d, lengths @ ..] = *header;
        let name = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?;
        let text = usize::try_from(u32::from_le_bytes(lengths)).ok()?;
        let (name, rest) = rest.split_at_checked(name)?;
        (rest.len() == text).then_some((name, rest))
    };
    let (name, text) = fields().ok_or("a record has other lengths than it says")?;
    match (std::str::from_utf8(name), std::str::from_utf8(text)) {
        (Ok(name), Ok(text)) => Ok((name, text)),
        _ => Err("a record is not UTF-8"),
    }
}
