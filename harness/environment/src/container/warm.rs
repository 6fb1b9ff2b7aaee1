//! The build cache of a container, begun with the one of the harness's machine.

use super::environment::Flavour;
use crate::driver::{Contents, SnapshotLimits};
use crate::files;
use std::path::Path;
use twinproof_container::{Entry, Error, Session};
use twinproof_model::EntryKind;

/// Most that is put into a container; a larger cache is not worth its transfer.
const LIMITS: SnapshotLimits = SnapshotLimits { depth: 4, entries: 50_000, bytes: 512 << 20 };

/// Makes the cache directory at a native path, with what `source` holds where that is within limits.
/// Says how it begins.
pub(super) fn warm(
    session: &Session,
    flavour: Flavour,
    native: &str,
    source: Option<&Path>,
) -> Result<&'static str, Error> {
    let unix = flavour.unix(native).unwrap_or_default();
    let (parent, name) = unix.rsplit_once('/').unwrap_or_default();
    session.upload(parent, &[Entry::dir(name)])?;
    let Some(source) = source else { return Ok("cold") };
    // A cache in use changes while it is read, or is too large: a cold one serves as well.
    let Ok(entries) = files::entries(source, Contents::Wanted, LIMITS, cfg!(unix)) else {
        return Ok("cold: the machine's own could not be read within limits");
    };
    let entries: Vec<_> = entries
        .into_iter()
        .filter(|e| !e.path.is_empty())
        .filter_map(|e| match e.kind {
            EntryKind::Dir => Some(Entry::dir(e.path)),
            EntryKind::File => Some(Entry::file(e.path, e.bytes.unwrap_or_default())),
            EntryKind::Symlink | EntryKind::Other => None,
        })
        .collect();
    if entries.is_empty() {
        return Ok("cold");
    }
    session.upload(&unix, &entries)?;
    Ok("warm")
}
