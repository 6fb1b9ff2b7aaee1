//! Bytes as lower-case hexadecimal, two digits each.

use std::fmt::Write as _;

/// The digits of `bytes`, lower case.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The bytes that `text` spells, in lower or upper case; `None` when it is no hexadecimal of whole
/// bytes.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
    // An odd number of digits is refused.
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|&[high, low]| Some(digit(high)? << 4 | digit(low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};
    use rstest::rstest;

    #[rstest]
    #[case(&[], "")]
    #[case(&[0x00, 0x0f, 0xa0, 0xff], "000fa0ff")]
    fn encoding_and_decoding_are_inverse(#[case] bytes: &[u8], #[case] text: &str) {
        assert_eq!(encode(bytes), text);
        assert_eq!(decode(text).as_deref(), Some(bytes));
        assert_eq!(decode(&text.to_uppercase()).as_deref(), Some(bytes));
    }

    #[rstest]
    #[case("0")]
    #[case("0g")]
    #[case("+1")]
    #[case(" 1")]
    #[case("é")]
    fn other_text_is_refused(#[case] text: &str) {
        assert_eq!(decode(text), None);
    }
}
