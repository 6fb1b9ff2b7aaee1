//! Go's build ID where it is no note: at the start of the code, as `go tool buildid` looks for it.

use crate::facts::BuildId;
use crate::read::{Identity, Parsed};
use memchr::memmem;

// As cmd/internal/buildid has it: the linker puts it at the begin of the code, for formats without
// notes.
const BEFORE: &[u8] = b"\xff Go build ID: \"";
const AFTER: &[u8] = b"\"\n \xff";

/// Number of bytes of code that are searched: as many as `go tool buildid` reads.
const LOOKED_AT: usize = 32 << 10;

/// Looks for a build ID from an offset on, and takes note of where it is.
pub(crate) fn raw(parsed: &mut Parsed<'_>, offset: u64) {
    let mut head = vec![0; LOOKED_AT];
    let Ok(read) = parsed.view.fill(offset, &mut head) else { return };
    let head = head.get(..read).unwrap_or_default();
    let Some((start, text)) = id_in(head) else { return };
    if let Some(id) = BuildId::parse(text) {
        parsed.mark(Identity::BuildId, offset + start as u64, text.len() as u64);
        parsed.image.ids.go = Some(id);
    }
}

/// A build ID in bytes, and where it begins there.
pub(crate) fn id_in(bytes: &[u8]) -> Option<(usize, &str)> {
    let start = memmem::find(bytes, BEFORE)? + BEFORE.len();
    let rest = bytes.get(start..)?;
    let end = memmem::find(rest.get(..rest.len().min(1024))?, AFTER)?;
    Some((start, std::str::from_utf8(rest.get(..end)?).ok()?))
}
