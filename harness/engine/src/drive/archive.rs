//! `archive`: reads a zip or tar file entry by entry, in memory and within limits.

use super::driver::Driver;
use super::error::StepError;
use sha2::{Digest as _, Sha256};
use std::io::{self, Cursor, Read};
use twinproof_base::{error_chain, hash, hex};
use twinproof_model::EntryKind;
use twinproof_steps::{ArchiveEntry, ArchiveFormat, ArchiveSight, ArchiveStep};

/// Most entries that are read.
const MAX_ENTRIES: usize = 100_000;
/// Most bytes that are unpacked, of all entries together.
const MAX_UNPACKED: u64 = 4 << 30;
/// Most bytes of a symbolic link's target.
const MAX_TARGET: u64 = 4096;

pub fn drive(driver: &mut Driver<'_>, step: &ArchiveStep) -> Result<ArchiveSight, StepError> {
    let path = driver.path(&step.path)?;
    let found = driver.looked_at(&path)?;
    let mut sight = ArchiveSight { path, ..ArchiveSight::default() };
    let bytes = match found {
        Ok(bytes) => bytes,
        Err(absent) => return Ok(ArchiveSight { error: Some(absent), ..sight }),
    };
    sight.sha256 = Some(hex::encode(&Sha256::digest(&bytes)));
    sight.format = format_of(&bytes);
    let mut entries = Entries::default();
    let read = match sight.format {
        None => Err(Unreadable::Text("it is neither a zip nor a tar file".to_owned())),
        Some(ArchiveFormat::Zip) => zip(&bytes, &mut entries),
        Some(ArchiveFormat::Tar) => tar(Cursor::new(&bytes), &mut entries),
        // Several gzip members in a row are one stream, as for `tar`.
        Some(ArchiveFormat::TarGz) => {
            tar(flate2::read::MultiGzDecoder::new(Cursor::new(&bytes)), &mut entries)
        }
        Some(ArchiveFormat::TarZst) => zstd::stream::read::Decoder::new(Cursor::new(&bytes))
            .map_err(Unreadable::from)
            .and_then(|plain| tar(plain, &mut entries)),
    };
    sight.entries = entries.all;
    sight.error = read.err().map(|error| match error {
        Unreadable::Text(text) => text,
        Unreadable::Io(error) => error_chain(&error),
    });
    Ok(sight)
}

/// An error in reading an archive to its end.
enum Unreadable {
    Text(String),
    Io(io::Error),
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The format, by the first bytes.
fn format_of(bytes: &[u8]) -> Option<ArchiveFormat> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    // A zip file without entries begins with its end record.
    if starts(b"PK\x03\x04") || starts(b"PK\x05\x06") {
        Some(ArchiveFormat::Zip)
    } else if starts(b"\x1f\x8b") {
        Some(ArchiveFormat::TarGz)
    } else if starts(b"\x28\xb5\x2f\xfd") {
        Some(ArchiveFormat::TarZst)
    // Last: a tar file has its magic number far inside, behind a name that may be anything.
    } else if bytes.get(257..262) == Some(b"ustar") {
        Some(ArchiveFormat::Tar)
    } else {
        None
    }
}

/// Entries so far, and the number of unpacked bytes that the limit still allows.
struct Entries {
    all: Vec<ArchiveEntry>,
    left: u64,
}

impl Default for Entries {
    fn default() -> Self {
        Self { all: Vec::new(), left: MAX_UNPACKED }
    }
}

impl Entries {
    /// Adds an entry, whose bytes are read from `content`.
    fn add(&mut self, mut entry: ArchiveEntry, content: &mut dyn Read) -> Result<(), Unreadable> {
        if self.all.len() >= MAX_ENTRIES {
            return Err(Unreadable::Text(format!("it has more than {MAX_ENTRIES} entries")));
        }
        match entry.kind {
            EntryKind::Symlink if entry.target.is_none() => {
                let mut target = Vec::new();
                // A zip keeps a link's target as the content; a tar file has it in the header.
                content.take(MAX_TARGET).read_to_end(&mut target)?;
                entry.target = Some(String::from_utf8_lossy(&target).into_owned());
            }
            EntryKind::File => {
                // One byte more than is left shows that the limit is passed.
                let mut counted = Counted { inner: content.take(self.left + 1), count: 0 };
                let sha256 = hash::sha256(&mut counted)?;
                if counted.count > self.left {
                    return Err(Unreadable::Text(format!(
                        "it unpacks to more than {} MiB",
                        MAX_UNPACKED >> 20
                    )));
                }
                self.left -= counted.count;
                (entry.size, entry.sha256) = (counted.count, Some(sha256));
            }
            EntryKind::Symlink | EntryKind::Dir | EntryKind::Other => {}
        }
        self.all.push(entry);
        Ok(())
    }
}

/// Counts the bytes that are read.
struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.count += n as u64;
        Ok(n)
    }
}

fn zip(bytes: &[u8], entries: &mut Entries) -> Result<(), Unreadable> {
    let wrong = |e: zip::result::ZipError| Unreadable::Text(error_chain(&e));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(wrong)?;
    // The reader keeps only the last of several entries with one name; what another reader would
    // unpack is not known then.
    if let Some(listed) = listed(bytes).filter(|listed| *listed != archive.len()) {
        let text = format!("it lists {listed} entries, which have only {} names", archive.len());
        return Err(Unreadable::Text(text));
    }
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).map_err(wrong)?;
        let kind = match (file.is_dir(), file.is_symlink()) {
            (true, _) => EntryKind::Dir,
            (_, true) => EntryKind::Symlink,
            _ => EntryKind::File,
        };
        let entry = ArchiveEntry {
            name: file.name().map_err(wrong)?.into_owned(),
            kind,
            mode: file.unix_mode().map(|mode| mode & 0o7777),
            size: 0,
            sha256: None,
            target: None,
        };
        entries.add(entry, &mut file)?;
    }
    Ok(())
}

/// Number of entries that the end record of a zip file declares; `None` where only a zip64 record
/// can say.
fn listed(bytes: &[u8]) -> Option<usize> {
    const RECORD: &[u8] = b"PK\x05\x06";
    // The last one, as readers take it: a comment may hold the same four bytes.
    let at = bytes.windows(RECORD.len()).rposition(|window| window == RECORD)?;
    let count = bytes.get(at + 10..at + 12)?;
    let count = u16::from_le_bytes([count[0], count[1]]);
    (count != u16::MAX).then_some(count.into())
}

fn tar(plain: impl Read, entries: &mut Entries) -> Result<(), Unreadable> {
    let mut archive = tar::Archive::new(plain);
    for file in archive.entries()? {
        let mut file = file?;
        let header = file.header();
        let kind = match header.entry_type() {
            tar::EntryType::Directory => EntryKind::Dir,
            tar::EntryType::Symlink => EntryKind::Symlink,
            tar::EntryType::Regular | tar::EntryType::Continuous | tar::EntryType::GNUSparse => {
                EntryKind::File
            }
            _ => EntryKind::Other,
        };
        let mode = header.mode().ok().map(|mode| mode & 0o7777);
        let mut name = String::from_utf8_lossy(&file.path_bytes()).into_owned();
        if kind == EntryKind::Dir && !name.ends_with('/') {
            name.push('/');
        }
        let target = file.link_name_bytes();
        let target = target.map(|target| String::from_utf8_lossy(&target).into_owned());
        entries.add(ArchiveEntry { name, kind, mode, size: 0, sha256: None, target }, &mut file)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Entries, Unreadable, format_of, tar, zip};
    use std::io::{Cursor, Write as _};
    use twinproof_model::EntryKind;
    use twinproof_steps::ArchiveFormat;

    fn a_tar() -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(5);
        header.set_mode(0o640);
        header.set_cksum();
        builder.append_data(&mut header, "d/hello", &b"hello"[..]).unwrap();
        let mut link = tar::Header::new_ustar();
        link.set_entry_type(tar::EntryType::Symlink);
        link.set_size(0);
        link.set_mode(0o777);
        builder.append_link(&mut link, "l", "d/hello").unwrap();
        builder.into_inner().unwrap()
    }

    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    #[test]
    fn entries_of_a_tar_have_modes_hashes_and_targets() {
        let bytes = a_tar();
        assert_eq!(format_of(&bytes), Some(ArchiveFormat::Tar));
        let mut entries = Entries::default();
        assert!(tar(Cursor::new(&bytes), &mut entries).is_ok());
        let [file, link] = entries.all.as_slice() else { panic!() };
        assert_eq!((file.name.as_str(), file.mode, file.size), ("d/hello", Some(0o640), 5));
        assert_eq!(file.sha256.as_deref(), Some(HELLO));
        assert_eq!((link.kind, link.target.as_deref()), (EntryKind::Symlink, Some("d/hello")));
    }

    fn a_zip(names: [&str; 2]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
        for name in names {
            writer.start_file(name, options).unwrap();
            writer.write_all(b"hello").unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn entries_of_a_zip_have_modes_and_hashes() {
        let bytes = a_zip(["d/hello", "e"]);
        let mut entries = Entries::default();
        assert_eq!(format_of(&bytes), Some(ArchiveFormat::Zip));
        assert!(zip(&bytes, &mut entries).is_ok());
        let first = &entries.all[0];
        assert_eq!((first.name.as_str(), first.mode, first.size), ("d/hello", Some(0o755), 5));
        assert_eq!((entries.all.len(), first.sha256.as_deref()), (2, Some(HELLO)));
    }

    #[test]
    fn two_entries_of_one_name_are_an_error_in_a_zip() {
        let mut bytes = a_zip(["aaaa", "bbbb"]);
        for at in 0..bytes.len() - 3 {
            if &bytes[at..at + 4] == b"bbbb" {
                bytes[at..at + 4].copy_from_slice(b"aaaa");
            }
        }
        let mut entries = Entries::default();
        let error = zip(&bytes, &mut entries).unwrap_err();
        let words = "it lists 2 entries, which have only 1 names";
        assert!(matches!(error, Unreadable::Text(text) if text == words));
    }

    #[test]
    fn an_archive_that_unpacks_to_too_much_is_not_read_on() {
        let mut entries = Entries { left: 4, ..Entries::default() };
        let error = tar(Cursor::new(a_tar()), &mut entries).unwrap_err();
        assert!(matches!(error, Unreadable::Text(text) if text.contains("unpacks to more")));
        assert!(entries.all.is_empty());
    }

    #[test]
    fn a_cut_archive_is_an_error() {
        let bytes = a_tar();
        let mut entries = Entries::default();
        assert!(tar(Cursor::new(&bytes[..520]), &mut entries).is_err());
        assert!(zip(b"PK\x05\x06", &mut Entries::default()).is_err());
        assert_eq!(format_of(b"hello"), None);
    }
}
