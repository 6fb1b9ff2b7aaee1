//! Lines of `/proc/self/mountinfo`, split as WSL's own reader splits them.
//!
//! The format is proc_pid_mountinfo(5); what a line means for Windows paths is in `drives`.

use crate::text::c_str;

/// The fields of one line that matter here.
#[derive(Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Root of the mount inside its file system, octal escapes undone.
    pub root: Vec<u8>,
    /// The mount point, octal escapes undone.
    pub mount_point: Vec<u8>,
    /// File system type.
    pub file_system: &'a [u8],
    /// Mount source, octal escapes undone.
    pub source: Vec<u8>,
    /// Options of the file system, as they are: escapes stay.
    pub super_options: &'a [u8],
}

/// Splits a line; `None` where it is malformed, which skips it.
///
/// Fields end at runs of spaces, so an empty source makes a line malformed: its options are taken
/// for the source and none are left.
pub fn parse(line: &[u8]) -> Option<Line<'_>> {
    let mut rest = c_str(line);
    let _id = next_field(&mut rest)?;
    let _parent = next_field(&mut rest)?;
    let device = next_field(&mut rest)?;
    // Upstream reads `%u:%u` with sscanf; without a colon that fails, and the line is skipped.
    if !device.contains(&b':') {
        return None;
    }
    let root = next_field(&mut rest)?;
    let mount_point = next_field(&mut rest)?;
    let _options = next_field(&mut rest)?;
    while next_field(&mut rest)? != b"-" {}
    let file_system = next_field(&mut rest)?;
    let source = next_field(&mut rest)?;
    if rest.is_empty() {
        return None;
    }
    Some(Line {
        root: unescape(root),
        mount_point: unescape(mount_point),
        file_system,
        source: unescape(source),
        super_options: rest,
    })
}

/// Takes the next field and the one space behind it.
fn next_field<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let start = rest.iter().position(|&byte| byte != b' ')?;
    let text = &rest[start..];
    let end = text.iter().position(|&byte| byte == b' ').unwrap_or(text.len());
    *rest = text.get(end + 1..).unwrap_or_default();
    Some(&text[..end])
}

/// Undoes `\` and three octal digits; a value over 255 loses its high bit, a NUL ends the field.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(field.len());
    let mut at = 0;
    while at < field.len() {
        let (byte, step) = match field[at..] {
            [b'\\', a @ b'0'..=b'7', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
                // The first digit is shifted out of the byte where it is 4 or more. The kernel
                // writes no such value.
                (((a - b'0') << 6) | ((b - b'0') << 3) | (c - b'0'), 4)
            }
            _ => (field[at], 1),
        };
        if byte == 0 {
            break;
        }
        text.push(byte);
        at += step;
    }
    text
}
