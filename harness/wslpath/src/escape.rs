//! The characters that Windows forbids in file names, moved to U+F000 and above and back.
//!
//! Forbidden are NUL to 0x1F without the tab, and `" * : < > ? \ |`. The slash is not escaped but
//! turned into a backslash.

use crate::text::{BACKSLASH, SLASH, c_str};

/// Whether a byte is a character that Windows forbids in a file name.
fn is_forbidden(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t')
        || matches!(byte, b'"' | b'*' | b':' | b'<' | b'>' | b'?' | b'\\' | b'|')
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
                escaped.extend([0xEF, 0x80 | (byte >> 6), 0x80 | (byte & 0x3F)]);
            }
            _ => escaped.push(byte),
        }
    }
    escaped
}

/// Undoes [`escape`] in place, in the C string at the start of `memory`; what the shorter text
/// leaves free keeps its old bytes, behind a NUL.
///
/// Upstream defect: only the first byte of the three is compared, so every character from U+F000
/// to U+FFFF whose low eight bits are forbidden is unescaped, full-width punctuation (U+FF1A) and
/// the emoji selector (U+FE0F) among them. U+F000 becomes the NUL that ends the text; what follows
/// it is unescaped still.
pub fn unescape_in_place(memory: &mut [u8]) {
    let mut at = 0;
    while memory.get(at).is_some_and(|&byte| byte != 0) {
        if let Some(&[0xEF, second @ 0x80..=0xFF, third @ 0x80..=0xFF]) = memory.get(at..at + 3) {
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
