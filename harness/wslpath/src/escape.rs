//! The characters that Windows forbids in file names, moved to U+F000 and above and back.
//!
//! Forbidden are 0x00 to 0x1F and `" * : < > ? \ |`. The slash is not escaped but turned into a
//! backslash; DEL (0x7F) and bytes from 0x80 on pass as they are.

use crate::text::{BACKSLASH, SLASH, c_str};

/// Whether a byte is a character that Windows forbids in a file name.
fn is_forbidden(byte: u8) -> bool {
    byte < 0x20 || matches!(byte, b'"' | b'*' | b':' | b'<' | b'>' | b'?' | b'\\' | b'|')
}

/// Whether any byte of a Linux path is escaped on its way to Windows.
pub fn needs_escape(path: &[u8]) -> bool {
    path.iter().any(|&byte| is_forbidden(byte))
}

/// A Linux path as Windows sees it: slashes to backslashes, forbidden characters to U+F000 and
/// their value.
pub fn escape(path: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(path.len());
    for &byte in path {
        match byte {
            SLASH => escaped.push(BACKSLASH),
            _ if is_forbidden(byte) => {
                // UTF-8 of U+F000 + byte. The forbidden bytes are below 0x80, so two bits of the
                // byte go into the second byte and six into the third.
                escaped.extend([0xEF, 0x80 | (byte >> 6), 0x80 | (byte & 0x3F)]);
            }
            _ => escaped.push(byte),
        }
    }
    escaped
}

/// Undoes [`escape`] in place, in the C string at the start of `memory`; bytes that the shorter
/// text leaves free keep their values, behind a NUL.
///
/// Upstream defect: only the first byte of the three is compared, so every character from U+F000
/// to U+FFFF whose low eight bits are forbidden is unescaped, full-width punctuation (U+FF1A) and
/// the emoji selector (U+FE0F) among them. U+F000 becomes the NUL that ends the text; what follows
/// it is unescaped still.
pub fn unescape_in_place(memory: &mut [u8]) {
    let mut at = 0;
    while memory.get(at).is_some_and(|&byte| byte != 0) {
        if let Some(&[0xEF, second @ 0x80..=0xFF, third @ 0x80..=0xFF]) = memory.get(at..at + 3) {
            // The upper bits of `second` are shifted out of the byte: only the low eight bits of
            // the character are compared.
            let character = (second << 6) | (third & 0x3F);
            if character < 0x80 && is_forbidden(character) {
                let rest = c_str(&memory[at + 3..]).len();
                memory[at] = character;
                memory.copy_within(at + 3..at + 3 + rest, at + 1);
                memory[at + 1 + rest] = 0;
            }
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{escape, needs_escape, unescape_in_place};

    /// The table of upstream's `escape.cpp`, one character for each of 0x00 to 0x7F: `x` is moved,
    /// `.` stays.
    const MOVED: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\
                         ..x.......x...............x.x.xx\
                         ............................x...\
                         ............................x...";

    fn moved(byte: u8) -> Vec<u8> {
        char::from_u32(0xF000 + u32::from(byte)).unwrap().to_string().into_bytes()
    }

    fn table() -> impl Iterator<Item = (u8, bool)> {
        assert_eq!(MOVED.len(), 128);
        (0..128).zip(MOVED.bytes().map(|mark| mark == b'x'))
    }

    #[test]
    fn each_of_the_128_characters_is_moved_as_the_table_says() {
        for (byte, is_moved) in table() {
            let expected = match byte {
                b'/' => b"\\".to_vec(),
                _ if is_moved => moved(byte),
                _ => vec![byte],
            };
            assert_eq!(escape(&[byte]), expected, "0x{byte:02X}");
            assert_eq!(needs_escape(&[byte]), is_moved, "0x{byte:02X}");
        }
    }

    #[test]
    fn each_of_the_128_characters_is_moved_back_as_the_table_says() {
        for (byte, is_moved) in table() {
            let mut memory = [b"a".as_slice(), &moved(byte), b"z"].concat();
            unescape_in_place(&mut memory);
            let kept = [b"a".as_slice(), &moved(byte), b"z"].concat();
            // Bytes behind the shorter text keep their values, after a NUL.
            let back = [b'a', byte, b'z', 0, b'z'];
            let expected = if is_moved { back.as_slice() } else { &kept };
            assert_eq!(memory, expected, "0x{byte:02X}");
        }
    }
}
