//! Files as the engine's archive interface carries them: tar, in memory, under limits. Pure; the
//! requests are in [`crate::Session::upload`] and [`crate::Session::snapshot`].

use std::collections::HashMap;
use std::io::{self, Read};

use tar::{Archive, Builder, EntryType, Header};

use crate::Error;

/// A file, directory or link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchiveEntry {
    /// Path relative to the directory of the upload or snapshot, `/` between its parts; empty for
    /// the directory (or file) itself.
    pub path: String,
    /// File, directory, link or another kind.
    pub kind: Kind,
    /// Permission bits, `0o644`; 0o7777 at most.
    pub mode: u32,
    /// Seconds since the epoch. An upload without it writes 0, so that it is the same every time.
    pub mtime: Option<u64>,
}

/// The kinds of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file and its content.
    File(Vec<u8>),
    /// A directory.
    Dir,
    /// A symbolic link and its target.
    Symlink(String),
    /// Something else (`fifo`, `device`); in snapshots only.
    Other(&'static str),
}

impl ArchiveEntry {
    /// A regular file of mode 0644.
    pub fn file(path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), kind: Kind::File(content.into()), mode: 0o644, mtime: None }
    }

    /// A directory of mode 0755.
    pub fn dir(path: impl Into<String>) -> Self {
        Self { path: path.into(), kind: Kind::Dir, mode: 0o755, mtime: None }
    }

    /// A symbolic link.
    pub fn symlink(path: impl Into<String>, target: impl Into<String>) -> Self {
        let kind = Kind::Symlink(target.into());
        Self { path: path.into(), kind, mode: 0o777, mtime: None }
    }

    /// The same entry with other permission bits.
    #[must_use]
    pub fn mode(self, mode: u32) -> Self {
        Self { mode, ..self }
    }
}

/// Limits of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DownloadLimits {
    /// Bytes of all files together.
    pub bytes: u64,
    /// Entries.
    pub entries: usize,
    /// Deepest level that is listed: 0 is the path itself, 1 its entries. Deeper entries are left
    /// out and do not count for the other limits.
    pub depth: u32,
}

impl Default for DownloadLimits {
    /// 64 MiB and 20,000 entries, however deep.
    fn default() -> Self {
        Self { bytes: 64 << 20, entries: 20_000, depth: u32::MAX }
    }
}

impl DownloadLimits {
    /// The longest archive that can be within the limits.
    pub(crate) fn archive_bytes(&self) -> usize {
        // A header has 512 bytes, with long names and padding up to eight times that.
        let headers = (self.entries as u64).saturating_mul(4096);
        usize::try_from(self.bytes.saturating_add(headers).saturating_add(1 << 20))
            .unwrap_or(usize::MAX)
    }
}

/// A path's parts, if it stays below the directory that it is relative to.
pub(crate) fn check_relative(path: &str) -> Result<(), Error> {
    let bad = path.is_empty()
        || path.contains('\0')
        || path.split('/').any(|part| matches!(part, "" | "." | ".."));
    if bad {
        return Err(Error::Invalid(format!(
            "`{path}` is not a path below a directory: no leading `/`, no `.`, no `..`"
        )));
    }
    Ok(())
}

/// Packs entries under `dir` (absolute, in the container) into an archive for `/`.
pub(crate) fn pack(dir: &str, entries: &[ArchiveEntry]) -> Result<Vec<u8>, Error> {
    let broken = |source| Error::Archive { path: dir.into(), source };
    let base = dir.trim_matches('/');
    let mut builder = Builder::new(Vec::new());
    for entry in entries {
        check_relative(&entry.path)?;
        let path =
            if base.is_empty() { entry.path.clone() } else { format!("{base}/{}", entry.path) };
        let mut header = Header::new_gnu();
        header.set_mode(entry.mode & 0o7777);
        header.set_mtime(entry.mtime.unwrap_or_default());
        // The uploading user's numbers mean nothing in the container; programs run there as root.
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(0);
        match &entry.kind {
            Kind::File(content) => {
                header.set_size(content.len() as u64);
                builder.append_data(&mut header, path, content.as_slice()).map_err(broken)?;
            }
            Kind::Dir => {
                header.set_entry_type(EntryType::Directory);
                builder
                    .append_data(&mut header, format!("{path}/"), io::empty())
                    .map_err(broken)?;
            }
            Kind::Symlink(target) => {
                header.set_entry_type(EntryType::Symlink);
                builder.append_link(&mut header, path, target).map_err(broken)?;
            }
            Kind::Other(what) => {
                return Err(Error::Invalid(format!("a {what} ({path}) cannot be uploaded")));
            }
        }
    }
    builder.into_inner().map_err(broken)
}

/// Whether the bytes received so far begin an archive of a directory.
pub(crate) fn begins_with_dir(bytes: &[u8]) -> bool {
    let mut archive = Archive::new(bytes);
    let first = archive.entries().ok().and_then(|mut entries| entries.next());
    matches!(first, Some(Ok(entry)) if entry.header().entry_type() == EntryType::Directory)
}

/// Whether a path, relative to the listed one, is within the depth.
fn within(path: &str, depth: u32) -> bool {
    path.split('/').filter(|part| !part.is_empty()).count() <= depth as usize
}

/// Unpacks the archive of `path`, whose entries all begin with the last part of `path`.
pub(crate) fn unpack(
    path: &str,
    bytes: &[u8],
    limits: DownloadLimits,
) -> Result<Vec<ArchiveEntry>, Error> {
    let broken = |source| Error::Archive { path: path.into(), source };
    let large = |what: String| Error::TooLarge { path: path.into(), what };
    let mut entries: Vec<ArchiveEntry> = Vec::new();
    let mut files: HashMap<String, usize> = HashMap::new();
    let (mut total, mut listed) = (0_u64, 0);
    for entry in Archive::new(bytes).entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let full = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let full = full.trim_end_matches('/').to_owned();
        let relative = full.split_once('/').map_or("", |(_, rest)| rest).to_owned();
        let wanted = within(&relative, limits.depth);
        listed += usize::from(wanted);
        // Entries too deep do not count: with a depth the caller asks for a part of the tree only.
        if listed > limits.entries {
            return Err(large(format!("{} entries", limits.entries)));
        }
        let target = |bytes: Option<std::borrow::Cow<'_, [u8]>>| {
            String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
        };
        let kind = match entry.header().entry_type() {
            EntryType::Directory => Kind::Dir,
            EntryType::Symlink => Kind::Symlink(target(entry.link_name_bytes())),
            EntryType::Link => {
                // tar stores a file's second name as a hard link to the first. A snapshot gives
                // both the same content.
                let first = files.get(&target(entry.link_name_bytes()));
                match first.and_then(|&index| entries.get(index)) {
                    Some(first) => first.kind.clone(),
                    None => Kind::Other("hard link"),
                }
            }
            kind if kind.is_file() => {
                if wanted {
                    total = total.saturating_add(entry.size());
                }
                if total > limits.bytes {
                    return Err(large(format!("{} bytes", limits.bytes)));
                }
                let mut content = Vec::new();
                entry.read_to_end(&mut content).map_err(broken)?;
                files.insert(full.clone(), entries.len());
                Kind::File(content)
            }
            EntryType::Fifo => Kind::Other("fifo"),
            EntryType::Char | EntryType::Block => Kind::Other("device"),
            _ => Kind::Other("unknown"),
        };
        let mode = entry.header().mode().map_err(broken)? & 0o7777;
        let mtime = Some(entry.header().mtime().map_err(broken)?);
        entries.push(ArchiveEntry { path: relative, kind, mode, mtime });
        // The archive may be cut after its first entry; see `begins_with_dir`.
        if limits.depth == 0 {
            break;
        }
    }
    // Entries that are too deep are dropped only now: a listed entry may be a hard link to one of them.
    entries.retain(|entry| within(&entry.path, limits.depth));
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn entries_survive_the_archive() {
        let long = format!("{}/file", ["a-rather-long-name"; 12].join("/"));
        let entries = vec![
            ArchiveEntry::dir("d").mode(0o1777),
            ArchiveEntry::file("d/ü", [0, 255, 10]).mode(0o4755),
            ArchiveEntry { mtime: Some(1_700_000_000), ..ArchiveEntry::file("d/z", "") },
            ArchiveEntry::symlink("d/zz", "../somewhere/else"),
            ArchiveEntry::file(long, "x"),
        ];
        let packed = pack("/base", &entries).unwrap();
        let mut unpacked = unpack("/base", &packed, DownloadLimits::default()).unwrap();
        let mut expected = entries;
        for entry in &mut expected {
            entry.mtime = entry.mtime.or(Some(0));
        }
        expected.sort_by(|a, b| a.path.cmp(&b.path));
        unpacked.sort_by(|a, b| a.path.cmp(&b.path));
        assert_eq!(unpacked, expected);
    }

    #[rstest]
    #[case("")]
    #[case("/x")]
    #[case("../x")]
    #[case("a/../b")]
    #[case("./a")]
    #[case("a//b")]
    #[case("a/")]
    #[case("a\0b")]
    fn a_path_that_leaves_its_directory_is_refused(#[case] path: &str) {
        assert!(matches!(pack("/w", &[ArchiveEntry::file(path, "")]), Err(Error::Invalid(_))));
    }

    #[test]
    fn unpacking_stops_at_its_limits() {
        let packed =
            pack("/w", &[ArchiveEntry::file("a", "12345"), ArchiveEntry::file("b", "67890")])
                .unwrap();
        let of = |bytes, entries| {
            unpack("/w", &packed, DownloadLimits { bytes, entries, ..DownloadLimits::default() })
        };
        assert_eq!(of(10, 2).unwrap().len(), 2);
        assert_eq!(of(9, 2).unwrap_err().to_string(), "/w holds more than 9 bytes");
        assert_eq!(of(10, 1).unwrap_err().to_string(), "/w holds more than 1 entries");
    }

    #[rstest]
    #[case(0, &[""])]
    #[case(1, &["", "a", "d"])]
    #[case(2, &["", "a", "d", "d/b"])]
    fn entries_below_the_depth_are_neither_listed_nor_counted(
        #[case] depth: u32,
        #[case] want: &[&str],
    ) {
        let entries = [
            ArchiveEntry::dir("w"),
            ArchiveEntry::dir("w/d"),
            ArchiveEntry::file("w/d/b", "12345"),
            ArchiveEntry::file("w/a", "12345"),
        ];
        let packed = pack("/", &entries).unwrap();
        let limits = DownloadLimits { bytes: 5 * u64::from(depth), entries: want.len(), depth };
        let found = unpack("/w", &packed, limits).unwrap();
        assert_eq!(found.iter().map(|e| e.path.as_str()).collect::<Vec<_>>(), want);
        // The first header is enough for the directory itself.
        assert!(begins_with_dir(&packed[..512]) && !begins_with_dir(&packed[..511]));
        assert_eq!(
            unpack("/w", &packed[..512], DownloadLimits { depth: 0, ..limits }).unwrap().len(),
            1
        );
    }

    #[test]
    fn a_hard_link_has_the_content_of_its_file() {
        let mut builder = Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(2);
        builder.append_data(&mut header, "w/a", &b"hi"[..]).unwrap();
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Link);
        header.set_mode(0o644);
        header.set_size(0);
        builder.append_link(&mut header, "w/b", "w/a").unwrap();
        let entries =
            unpack("/w", &builder.into_inner().unwrap(), DownloadLimits::default()).unwrap();
        assert_eq!(entries[1].path, "b");
        assert_eq!(entries[1].kind, Kind::File(b"hi".to_vec()));
    }

    #[test]
    fn bytes_that_are_no_archive_are_an_error() {
        assert!(matches!(
            unpack("/w", &[7; 700], DownloadLimits::default()),
            Err(Error::Archive { .. })
        ));
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            let _ = unpack("/w", &bytes, DownloadLimits::default());
        }
    }
}
