//! The build cache of a container, begun with the one of the harness's machine.

use super::flavour::Flavour;
use super::gathered::Gathered;
use crate::driver::{Contents, SnapshotLimits};
use crate::files;
use std::path::Path;
use std::time::UNIX_EPOCH;
use twinproof_container::{ArchiveEntry, Error, Session};
use twinproof_model::EntryKind;

/// Largest cache, in bytes, that is copied into a container; transferring more takes longer than
/// compiling anew.
const LIMITS: SnapshotLimits = SnapshotLimits { depth: 4, entries: 50_000, bytes: 512 << 20 };

/// Bytes after which files are sent: they are in memory twice meanwhile, for each container that
/// starts at the same time.
const BATCH: usize = 16 << 20;

/// Makes the cache directory at a native path, with the contents of `source` where they are within
/// limits. Returns how the cache begins, for the fingerprint.
pub(super) fn warm(
    session: &Session,
    flavour: Flavour,
    native: &str,
    source: Option<&Path>,
) -> Result<&'static str, Error> {
    let unix = flavour.unix(native).unwrap_or_default();
    let (parent, name) = unix.rsplit_once('/').unwrap_or_default();
    session.upload(parent, &[ArchiveEntry::dir(name)])?;
    let Some(source) = source else { return Ok("cold") };
    // The cache may change while it is read, or be too large: then the container begins with an empty one.
    let Ok(entries) = files::entries(source, Contents::Sizes, LIMITS, cfg!(unix)) else {
        return Ok("cold: the machine's own could not be read within limits");
    };
    let below = entries.iter().filter(|e| !e.path.is_empty());
    let dirs = below.clone().filter(|e| e.kind == EntryKind::Dir);
    let mut batch = Gathered::default();
    dirs.for_each(|e| batch.add(ArchiveEntry::dir(e.path.clone())));
    let mut files = 0;
    for entry in below.filter(|e| e.kind == EntryKind::File) {
        let path = source.join(&entry.path);
        // Go removed it meanwhile: it compiles that anew where it needs it.
        let Ok(content) = std::fs::read(&path) else { continue };
        files += 1;
        let mode = mode(&entry.path, entry.mode);
        let file = ArchiveEntry::file(entry.path.clone(), content).mode(mode);
        batch.add(ArchiveEntry { mtime: mtime(&path), ..file });
        if batch.bytes >= BATCH {
            std::mem::take(&mut batch).upload(session, &unix)?;
        }
    }
    batch.upload(session, &unix)?;
    Ok(if files == 0 { "cold" } else { "warm" })
}

/// A file's permission bits. From 1.24 Go keeps programs in the cache, in directories whose names
/// end in `-d`, and runs them there; a Windows machine has no bits to go by.
fn mode(path: &str, bits: Option<u32>) -> u32 {
    // Only a machine without permission bits (Windows) has to guess from the name.
    let program = path.rsplit_once('/').is_some_and(|(dir, _)| dir.ends_with("-d"));
    bits.unwrap_or(if program { 0o755 } else { 0o644 })
}

/// Time of a file's last use, in seconds since the epoch: Go removes files that were not used for long.
fn mtime(path: &Path) -> Option<u64> {
    let modified = path.metadata().and_then(|metadata| metadata.modified()).ok()?;
    modified.duration_since(UNIX_EPOCH).ok().map(|age| age.as_secs())
}

#[cfg(test)]
mod tests {
    use super::mode;
    use rstest::rstest;

    #[rstest]
    #[case("0a/0ab-d/prog", None, 0o755)]
    #[case("0a/0ab-d", None, 0o644)]
    #[case("trim.txt", None, 0o644)]
    #[case("0a/0ab-d/prog", Some(0o555), 0o555)]
    fn programs_may_be_run(#[case] path: &str, #[case] bits: Option<u32>, #[case] want: u32) {
        assert_eq!(mode(path, bits), want);
    }
}
