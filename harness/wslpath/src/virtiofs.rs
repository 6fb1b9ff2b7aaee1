//! Tags of virtiofs mounts: which name stands for the Windows path, and where its root begins.
//!
//! WSL keeps a symbolic link for each tag (a GUID) in `/run/wsl/virtiofs`, whose target is the
//! Windows path. A shared device (`drvfs`, `drvfsa`) holds a child for each path: there the first
//! name of the mount's root is the tag, and the rest the root.

/// The features bit that turns virtiofs on (`LxInitFeatureVirtIoFs`).
const FEATURE_VIRTIOFS: i32 = 2;

/// The tag of a mount, and the root below the tag's target; `None` where it is no GUID.
pub fn tag_and_root<'a>(source: &'a [u8], root: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    if let Some((child, below)) = shared_child(source, root) {
        return Some((child, below));
    }
    is_guid(source).then_some((source, root))
}

fn shared_child<'a>(source: &[u8], root: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
    if source != b"drvfs" && source != b"drvfsa" {
        return None;
    }
    let path = root.strip_prefix(b"/")?;
    let end = path.iter().position(|&byte| byte == b'/').unwrap_or(path.len());
    let (child, below) = path.split_at(end);
    is_guid(child).then_some((child, if below.is_empty() { b"/" } else { below }))
}

/// Whether the value of `WSL_FEATURE_FLAGS` turns virtiofs on: a hexadecimal number as `strtol`
/// reads it, cut to 32 bits.
pub fn is_enabled(flags: Option<&[u8]>) -> bool {
    let Some(flags) = flags else { return false };
    let digits_at = flags.iter().position(|byte| !is_space(*byte)).unwrap_or(flags.len());
    let (negative, digits) = match &flags[digits_at..] {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let digits = match digits {
        [b'0', b'x' | b'X', rest @ ..] if rest.first().is_some_and(u8::is_ascii_hexdigit) => rest,
        _ => digits,
    };
    let mut value = 0i64;
    for &byte in digits {
        let Some(digit) = (byte as char).to_digit(16) else { break };
        let digit = i64::from(digit);
        let next = value.checked_mul(16).and_then(|value| {
            if negative { value.checked_sub(digit) } else { value.checked_add(digit) }
        });
        // The largest number cut to 32 bits is all ones, the smallest none.
        let Some(next) = next else { return !negative };
        value = next;
    }
    // strtol gives a long and upstream stores it in an int, so the upper half is lost.
    value as i32 & FEATURE_VIRTIOFS != 0
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Whether a text passes for a GUID: 36 characters, or 38 with braces, and eleven hexadecimal
/// fields in it.
///
/// Upstream defect: the fields are read by `sscanf`, so one may be shorter than its width, signed,
/// or begin with `0x` or blanks, and what follows the last is not looked at.
fn is_guid(text: &[u8]) -> bool {
    let inner = match (text.len(), text) {
        (38, [b'{', inner @ .., b'}']) => inner,
        (36, _) => text,
        _ => return false,
    };
    let mut rest = inner;
    for (index, width) in [8, 4, 4, 2, 2, 2, 2, 2, 2, 2, 2].into_iter().enumerate() {
        if matches!(index, 1..=3 | 5) {
            let Some(after) = rest.strip_prefix(b"-") else { return false };
            rest = after;
        }
        let Some(after) = scan_hexadecimal(rest, width) else { return false };
        rest = after;
    }
    true
}

/// Reads one `%<width>x` and gives what follows it.
fn scan_hexadecimal(text: &[u8], width: usize) -> Option<&[u8]> {
    let start = text.iter().position(|&byte| !is_space(byte))?;
    let text = &text[start..];
    let field = &text[..width.min(text.len())];
    let sign = usize::from(matches!(field.first(), Some(b'+' | b'-')));
    let prefix = match &field[sign..] {
        [b'0', b'x' | b'X', ..] => 2,
        _ => 0,
    };
    let digits = field[sign + prefix..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    (digits > 0).then(|| &text[sign + prefix + digits..])
}
