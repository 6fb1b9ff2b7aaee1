//! Standard base64 with padding (RFC 4648 §4), strict both ways.
//!
//! Unused trailing bits must be zero, so that one value has one spelling and no byte of a signed
//! or hashed text can change unnoticed. Go's decoder is laxer; no server writes what it alone reads.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Encodes `data`, with padding.
pub fn encode(data: &[u8]) -> String {
    STANDARD.encode(data)
}

/// Decodes `text`; `None` when it is not canonical base64.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Decodes exactly 32 bytes, the size of every hash and seed here.
pub fn decode32(text: &str) -> Option<[u8; 32]> {
    decode(text)?.try_into().ok()
}
