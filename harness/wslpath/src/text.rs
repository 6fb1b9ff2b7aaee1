//! Byte strings as the program handles them: ended by the first NUL, changed in place, compared
//! without regard to ASCII case only.
//!
//! The program mixes C strings and `std::string`s over the same memory: a string shortened in
//! place keeps its old length, its end filled with left-over bytes behind a NUL. The length of
//! the longer one decides some results, so both are kept: a `Vec<u8>` is the memory, and
//! [`c_str`] what a C function sees of it.

/// Separator of Linux paths.
pub const SLASH: u8 = b'/';
/// Separator of Windows paths.
pub const BACKSLASH: u8 = b'\\';

/// The part of `memory` before its first NUL.
pub fn c_str(memory: &[u8]) -> &[u8] {
    let end = memory.iter().position(|&byte| byte == 0).unwrap_or(memory.len());
    &memory[..end]
}

/// Whether `text` starts with `prefix`; `fold` ignores the case of ASCII letters.
pub fn starts_with(text: &[u8], prefix: &[u8], fold: bool) -> bool {
    text.get(..prefix.len()).is_some_and(|start| {
        if fold { start.eq_ignore_ascii_case(prefix) } else { start == prefix }
    })
}

/// Length of `prefix` where it is `path` or a parent of it, else 0. Windows paths compare without
/// regard to ASCII case.
///
/// Upstream defect: the root directory is a prefix of nothing but itself, as the byte after it is
/// not a separator.
pub fn path_prefix(path: &[u8], prefix: &[u8], windows: bool) -> usize {
    let separator = if windows { BACKSLASH } else { SLASH };
    let ends_well = path.get(prefix.len()).is_none_or(|&next| next == separator);
    if ends_well && starts_with(path, prefix, windows) { prefix.len() } else { 0 }
}

/// Turns all separators of the C string at the start of `memory` into `separator`, repeated ones
/// into one, and gives its new length; the bytes behind it are left over. Two at the very start
/// stay, as they begin a network path.
///
/// Upstream defect: two also stay where `memory` is what follows a mount in a longer path.
pub fn unify_separators_in_place(memory: &mut [u8], separator: u8) -> usize {
    let length = c_str(memory).len();
    let mut to = 0;
    for from in 0..length {
        let byte = memory[from];
        if byte == SLASH || byte == BACKSLASH {
            // `to > 1`, not `to > 0`: a second separator at index 1 begins a network path
            // (`\\server`).
            if to > 1 && memory[to - 1] == separator {
                continue;
            }
            memory[to] = separator;
        } else {
            memory[to] = byte;
        }
        to += 1;
    }
    if let Some(end) = memory.get_mut(to) {
        *end = 0;
    }
    to
}

/// [`unify_separators_in_place`] for a whole string, cut to its new length.
pub fn unify_separators(text: &mut Vec<u8>, separator: u8) {
    let length = unify_separators_in_place(text, separator);
    text.truncate(length);
}

/// Removes `.`, empty and `..` segments from the C string at the start of `memory`, in place,
/// from its end to its start. False where a `..` is left without a segment to remove.
///
/// Upstream defect: a `..` removes the segment before it even if that is `.` or empty, so in
/// `a/./../b` and `a//../b` the `.` and the empty one are removed and `a` stays.
pub fn collapse(memory: &mut [u8], separator: u8) -> bool {
    let length = c_str(memory).len();
    let mut kept = length;
    let mut remaining = length;
    let mut to_remove = 0usize;
    while remaining > 0 {
        let Some(at) = memory[..remaining].iter().rposition(|&byte| byte == separator) else {
            break;
        };
        let start = at + 1;
        let segment = &memory[start..remaining];
        remaining = at;
        if segment == b".." {
            to_remove += 1;
            continue;
        }
        // A `.` or empty segment is removed by the same counter as the name before a `..`. With
        // `..` behind it the counter is used up here, which is the defect described above.
        if to_remove == 0 && (segment.is_empty() || segment == b".") {
            to_remove = 1;
        }
        if to_remove > 0 {
            memory.copy_within(kept..length, start);
            if let Some(end) = memory.get_mut(start + (length - kept)) {
                *end = 0;
            }
            to_remove -= 1;
        }
        kept = start;
    }
    to_remove == 0
}
