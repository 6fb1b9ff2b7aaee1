//! Tokens of encrypted values, byte by byte, and what they are bound to.
//!
//! | format | bytes |
//! |---|---|
//! | 1, randomised | `01`, key id (4, big-endian), nonce (12), ciphertext, tag (16) |
//! | 2, deterministic | `02`, key id (4, big-endian), synthetic IV (16), ciphertext |

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

/// The first byte of a token of AES-256-GCM.
pub const FORMAT_RANDOMISED: u8 = 1;
/// The first byte of a token of AES-256-SIV.
pub const FORMAT_DETERMINISTIC: u8 = 2;
/// Format and key id.
pub(super) const HEAD: usize = 5;
/// Bytes that a token adds to its plaintext: randomised, deterministic.
pub(super) const OVERHEAD: (usize, usize) = (HEAD + 12 + 16, HEAD + 16);
/// No token is longer, in bytes.
const MAX_TOKEN: usize = 1 << 30;

/// The written form of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// base64url without padding, for text columns.
    Text,
    /// The bytes, for binary columns.
    Binary,
}

impl Encoding {
    /// Length of the written form of so many bytes.
    #[must_use]
    pub fn length(self, bytes: usize) -> usize {
        match self {
            Self::Binary => bytes,
            Self::Text => bytes / 3 * 4 + [0, 2, 3][bytes % 3],
        }
    }
}

/// Reads the written form of a token: its bytes, format and key id.
///
/// # Errors
/// With what is wrong, when it is no token.
pub fn parse(written: &[u8], encoding: Encoding) -> Result<(Vec<u8>, u8, u32), &'static str> {
    if written.len() > MAX_TOKEN {
        return Err("it is too long");
    }
    let bytes = match encoding {
        Encoding::Binary => written.to_vec(),
        Encoding::Text => {
            BASE64_URL_SAFE_NO_PAD.decode(written).map_err(|_| "it is not base64url")?
        }
    };
    let [format, id @ ..] = *bytes.first_chunk::<HEAD>().ok_or("it is too short")?;
    let shortest = match format {
        FORMAT_RANDOMISED => OVERHEAD.0,
        FORMAT_DETERMINISTIC => OVERHEAD.1,
        _ => return Err("its format is unknown"),
    };
    if bytes.len() < shortest {
        return Err("it is too short");
    }
    Ok((bytes, format, u32::from_be_bytes(id)))
}

/// The context that a token is bound to: bytes that are authenticated with it.
///
/// Randomised: format, key id, then tenant, table (`schema.table` of the source), column and row;
/// deterministic: format, key id, then tenant and domain. Each part but the first two is its length
/// in 4 bytes, big-endian, and its bytes. The row is the same form again of the canonical bytes of
/// each key column as staging holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding(Vec<u8>);

impl Binding {
    /// The binding of a randomised token, but for the row.
    #[must_use]
    pub fn to_column(key: u32, tenant: &str, table: &str, column: &str) -> Self {
        let mut bytes = head(FORMAT_RANDOMISED, key);
        for part in [tenant, table, column] {
            append(part.as_bytes(), &mut bytes);
        }
        Self(bytes)
    }

    /// The binding of a deterministic token.
    #[must_use]
    pub fn to_domain(key: u32, tenant: &str, domain: &str) -> Self {
        let mut bytes = head(FORMAT_DETERMINISTIC, key);
        append(tenant.as_bytes(), &mut bytes);
        append(domain.as_bytes(), &mut bytes);
        Self(bytes)
    }

    /// The bytes, with a row's. Its parts are made by [`Binding::row_part`].
    pub(super) fn with_row(&self, row: &[u8], out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.0);
        append(row, out);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Appends the part of a row that is one key column's.
    pub fn row_part(canonical: &[u8], out: &mut Vec<u8>) {
        append(canonical, out);
    }
}

pub(super) fn head(format: u8, key: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    bytes.push(format);
    bytes.extend_from_slice(&key.to_be_bytes());
    bytes
}

/// Cells end below 4 GiB, so their lengths fit.
fn append(part: &[u8], out: &mut Vec<u8>) {
    // With the lengths in front, no two different lists of parts give the same bytes: ("ab", "c")
    // is not ("a", "bc").
    out.extend_from_slice(&u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(part);
}

/// The cell that holds a token.
pub(super) fn written(bytes: Vec<u8>, encoding: Encoding) -> crate::value::Cell<'static> {
    match encoding {
        Encoding::Binary => crate::value::Cell::Bytes(bytes.into()),
        Encoding::Text => crate::value::Cell::Utf8(BASE64_URL_SAFE_NO_PAD.encode(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_length_is_known_beforehand() {
        for length in 0..70 {
            let text = BASE64_URL_SAFE_NO_PAD.encode(vec![0; length]);
            assert_eq!(Encoding::Text.length(length), text.len());
        }
        // Eleven digits, randomised: 44 bytes.
        assert_eq!(Encoding::Text.length(OVERHEAD.0 + 11), 59);
    }

    #[test]
    fn parts_of_a_binding_cannot_be_shifted() {
        assert_ne!(Binding::to_column(1, "a", "bc", "d"), Binding::to_column(1, "ab", "c", "d"));
        assert_ne!(Binding::to_domain(1, "a", "b"), Binding::to_domain(2, "a", "b"));
    }

    #[test]
    fn text_that_is_no_token_is_recognised() {
        assert_eq!(parse(b"", Encoding::Binary), Err("it is too short"));
        assert_eq!(parse(b"13800001111", Encoding::Text), Err("it is not base64url"));
        assert_eq!(parse(&[9; 60], Encoding::Binary), Err("its format is unknown"));
        assert_eq!(parse(&[1; 32], Encoding::Binary), Err("it is too short"));
        assert_eq!(parse(&[1; 33], Encoding::Binary).unwrap().2, 0x0101_0101);
    }
}
