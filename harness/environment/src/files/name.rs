//! Names of files as text, also those that are no text.

use std::fmt::Write as _;

/// Marks a byte that is no UTF-8: this character and the byte's two hexadecimal digits.
const MARK: char = char::REPLACEMENT_CHARACTER;

/// A name, or the target of a link, as text. A byte that is not part of UTF-8 (on Windows: of a lone
/// surrogate in WTF-8) is shown as U+FFFD and two hexadecimal digits, so that different names of
/// this kind stay different: `b"a\xff"` is `a\u{fffd}ff`.
pub(crate) fn shown(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(text, "{MARK}{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::shown;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_is_shown_as_it_is(text in "\\PC*") {
            prop_assert_eq!(shown(text.as_bytes()), text);
        }

        #[test]
        fn different_names_stay_different(
            a in prop::collection::vec(0x7f_u8.., 0..5),
            b in prop::collection::vec(0x7f_u8.., 0..5),
        ) {
            prop_assert_eq!(shown(&a) == shown(&b), a == b);
        }
    }
}
