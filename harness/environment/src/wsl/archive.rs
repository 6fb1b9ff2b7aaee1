//! Files as tar archives: the form in which they pass through `wsl.exe`.

use crate::driver::{Contents, Put, SnapshotLimits, TreeEntry};
use crate::files::shown;
use std::collections::BTreeMap;
use std::io::{self, Read as _};
use tar::{Archive, Builder, EntryType, Header};
use twinproof_model::EntryKind;

/// An archive with one thing in it, at an absolute path, for extraction at `/`.
pub(super) fn pack(path: &str, what: &Put) -> io::Result<Vec<u8>> {
    // `tar` unpacks below `/`; a leading slash would make it warn on standard error.
    let path = path.trim_start_matches('/');
    let mut builder = Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_size(0);
    match what {
        Put::File { bytes, mode } => {
            header.set_mode(mode.unwrap_or(0o644));
            header.set_size(bytes.len() as u64);
            builder.append_data(&mut header, path, bytes.as_slice())?;
        }
        Put::Dir { mode } => {
            header.set_mode(mode.unwrap_or(0o755));
            header.set_entry_type(EntryType::Directory);
            builder.append_data(&mut header, format!("{path}/"), io::empty())?;
        }
        Put::Symlink { target } => {
            header.set_mode(0o777);
            header.set_entry_type(EntryType::Symlink);
            builder.append_link(&mut header, path, target)?;
        }
    }
    builder.into_inner()
}

/// An error in reading an archive.
#[derive(Debug)]
pub(super) enum UnpackError {
    /// The archive is damaged.
    Io(io::Error),
    /// The archive exceeds a limit: what, and the limit with its unit.
    Limit(String, String),
}

impl From<io::Error> for UnpackError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The entries of an archive of `.`, or of a single file or link, sorted by path.
pub(super) fn unpack(
    bytes: &[u8],
    contents: Contents,
    limits: SnapshotLimits,
) -> Result<Vec<TreeEntry>, UnpackError> {
    let mut entries: Vec<TreeEntry> = Vec::new();
    let mut first_names: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
    let (mut total, mut listed) = (0, 0);
    for entry in Archive::new(bytes).entries()? {
        let mut entry = entry?;
        let full = entry.path_bytes().into_owned();
        let path = relative(&full);
        let wanted = within(&path, limits.depth);
        listed += usize::from(wanted);
        if listed > limits.entries {
            let limit = format!("{} entries", limits.entries);
            return Err(UnpackError::Limit("the number of files".to_owned(), limit));
        }
        let link = entry.link_name_bytes().map(|name| name.into_owned()).unwrap_or_default();
        let mut shown_entry = TreeEntry {
            path,
            kind: EntryKind::Other,
            // Some archives have the kind of file in the upper bits as well.
            mode: Some(entry.header().mode()? & 0o7777),
            target: None,
            size: 0,
            sha256: None,
            bytes: None,
        };
        match entry.header().entry_type() {
            EntryType::Directory => shown_entry.kind = EntryKind::Dir,
            EntryType::Symlink => {
                shown_entry.kind = EntryKind::Symlink;
                shown_entry.target = Some(shown(&link));
            }
            EntryType::Link => {
                // A further name of a file that came before.
                if let Some(first) = first_names.get(&link).and_then(|&i| entries.get(i)) {
                    shown_entry = TreeEntry { path: shown_entry.path, ..first.clone() };
                }
            }
            kind if kind.is_file() => {
                if wanted {
                    total += entry.size();
                }
                if total > limits.bytes {
                    let limit = format!("{} bytes", limits.bytes);
                    return Err(UnpackError::Limit("the size of all files".to_owned(), limit));
                }
                let mut content = Vec::new();
                entry.read_to_end(&mut content)?;
                shown_entry.file(content, contents);
                first_names.insert(full, entries.len());
            }
            _ => {}
        }
        entries.push(shown_entry);
    }
    // Not before: one that is listed may be a further name of one that is not.
    entries.retain(|entry| within(&entry.path, limits.depth));
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

/// Whether a path, relative to the listed one, is within the depth.
fn within(path: &str, depth: u32) -> bool {
    path.split('/').filter(|part| !part.is_empty()).count() <= depth as usize
}

/// `./a/b/` as `a/b`, `.` as nothing.
fn relative(full: &[u8]) -> String {
    let path = shown(full);
    let path = path.trim_end_matches('/');
    path.strip_prefix("./").unwrap_or(if path == "." { "" } else { path }).to_owned()
}

#[cfg(test)]
mod tests {
    use super::{UnpackError, pack, unpack};
    use crate::driver::{Contents, Put, SnapshotLimits};
    use rstest::rstest;

    #[rstest]
    #[case(Put::File { bytes: b"x".to_vec(), mode: None }, "w/a|File|644|None|1")]
    #[case(Put::File { bytes: Vec::new(), mode: Some(0o4755) }, "w/a|File|4755|None|0")]
    #[case(Put::Dir { mode: Some(0o555) }, "w/a|Dir|555|None|0")]
    #[case(Put::Symlink { target: "../x y".to_owned() }, "w/a|Symlink|777|Some(\"../x y\")|0")]
    fn packed_entry_unpacks_to_the_same(#[case] what: Put, #[case] want: &str) {
        let bytes = pack("/w/a", &what).unwrap();
        let entries = unpack(&bytes, Contents::Wanted, SnapshotLimits::default()).unwrap();
        let e = &entries[0];
        let mode = e.mode.unwrap();
        assert_eq!(format!("{}|{:?}|{mode:o}|{:?}|{}", e.path, e.kind, e.target, e.size), want);
    }

    #[rstest]
    #[case(SnapshotLimits { entries: 0, ..SnapshotLimits::default() }, "0 entries")]
    #[case(SnapshotLimits { bytes: 3, ..SnapshotLimits::default() }, "3 bytes")]
    fn limits_are_kept(#[case] limits: SnapshotLimits, #[case] want: &str) {
        let bytes = pack("/a/b/c", &Put::File { bytes: b"four".to_vec(), mode: None }).unwrap();
        let error = unpack(&bytes, Contents::Hashes, limits).unwrap_err();
        assert!(matches!(&error, UnpackError::Limit(_, limit) if limit == want), "{error:?}");
    }

    #[rstest]
    #[case(2, 0)]
    #[case(3, 1)]
    fn entries_below_the_depth_are_neither_listed_nor_counted(
        #[case] depth: u32,
        #[case] want: usize,
    ) {
        let bytes = pack("/a/b/c", &Put::File { bytes: b"four".to_vec(), mode: None }).unwrap();
        let limits = SnapshotLimits { depth, entries: want, bytes: 4 * want as u64 };
        assert_eq!(unpack(&bytes, Contents::Hashes, limits).unwrap().len(), want);
    }

    #[test]
    fn a_broken_archive_is_an_error() {
        assert!(matches!(
            unpack(&[7; 600], Contents::Hashes, SnapshotLimits::default()),
            Err(UnpackError::Io(_))
        ));
    }
}
