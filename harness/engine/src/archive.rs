//! A bundle as one file, `bundle.tar.zst`, in which any changed byte is found.
//!
//! Entries are sorted, with no owner and no time. After the compressed frame stands a skippable
//! frame (RFC 8878, section 3.1.2) with the SHA-256 of all bytes before it: other programs ignore
//! it, and it covers what no checksum in the format does.

use crate::bundle_names::{MAX_BYTES, NameError, Names};
use crate::slashed::slashed;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::path::Path;
use twinproof_base::hex;

// The magic number of one of Zstandard's skippable frames (0x184D2A50, little-endian), then the
// length of what follows: 32 bytes. Every decoder passes over such a frame, so that `zstd -d` and
// `tar --zstd` read the archive as well.
const SKIPPABLE: [u8; 8] = [0x50, 0x2a, 0x4d, 0x18, 32, 0, 0, 0];
const TRAILER: usize = SKIPPABLE.len() + 32;

/// An archive that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The system refused.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The file does not end with the hash that Twinproof writes.
    #[error("it does not end with a hash: cut short, or not written by Twinproof")]
    NoHash,
    /// A byte of it is not as it was written.
    #[error("a byte of it was changed: its SHA-256 is {actual}, its end says {expected}")]
    Changed {
        /// SHA-256 in its last frame.
        expected: String,
        /// SHA-256 of its bytes.
        actual: String,
    },
    /// The archive exceeds a limit.
    #[error("it is over the limit of {0}")]
    Limit(&'static str),
    /// An entry that a bundle cannot have.
    #[error(transparent)]
    Name(#[from] NameError),
}

/// Packs a bundle's folder.
///
/// # Errors
/// When a file cannot be read or the archive cannot be written.
pub fn pack(bundle: &Path, to: impl Write) -> Result<(), ArchiveError> {
    let mut hashing = Hashing { inner: to, hasher: Sha256::new() };
    let mut encoder = zstd::Encoder::new(&mut hashing, 6)?;
    encoder.include_checksum(true)?;
    let mut tar = tar::Builder::new(encoder);
    // Sorted, and below without time and owner: the same bundle gives the same bytes.
    for entry in walkdir::WalkDir::new(bundle).sort_by_file_name() {
        let entry = entry.map_err(std::io::Error::from)?;
        if !entry.file_type().is_file() {
            continue;
        }
        let file = std::fs::File::open(entry.path())?;
        let mut header = tar::Header::new_ustar();
        header.set_size(file.metadata()?.len());
        header.set_mode(0o644);
        header.set_mtime(0);
        tar.append_data(&mut header, format!("bundle/{}", slashed(&entry, bundle)), file)?;
    }
    tar.into_inner()?.finish()?;
    let hash = hashing.hasher.clone().finalize();
    hashing.inner.write_all(&SKIPPABLE)?;
    hashing.inner.write_all(&hash)?;
    hashing.inner.flush()?;
    Ok(())
}

/// Unpacks an archive into an empty folder, which then is the bundle.
///
/// # Errors
/// When a byte of it was changed, it is larger than 4 GiB packed or unpacked or has more than a
/// million entries, or the files cannot be written.
pub fn unpack(mut from: impl Read, into: &Path) -> Result<(), ArchiveError> {
    let mut packed = Vec::new();
    // One byte more than allowed tells a file that is too large from one that just fits.
    from.by_ref().take(MAX_BYTES + 1).read_to_end(&mut packed)?;
    if packed.len() as u64 > MAX_BYTES {
        return Err(ArchiveError::Limit("4 GiB packed"));
    }
    let at = packed.len().checked_sub(TRAILER).ok_or(ArchiveError::NoHash)?;
    let (body, trailer) = packed.split_at(at);
    let (magic, expected) = trailer.split_at(SKIPPABLE.len());
    if magic != SKIPPABLE {
        return Err(ArchiveError::NoHash);
    }
    // The hash is compared before the first byte is decompressed: a decoder never sees an archive
    // that was damaged.
    let actual = Sha256::digest(body);
    if actual[..] != *expected {
        return Err(ArchiveError::Changed {
            expected: hex::encode(expected),
            actual: hex::encode(&actual),
        });
    }
    let mut tar = tar::Archive::new(zstd::Decoder::new(body)?);
    let mut names = Names::default();
    for entry in tar.entries()? {
        let mut entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = path.strip_prefix("bundle/").ok_or_else(|| NameError::Name(path.clone()))?;
        names.add(name.to_owned(), entry.header().entry_type().is_file(), entry.size())?;
        let to = into.join(name);
        std::fs::create_dir_all(to.parent().unwrap_or(into))?;
        // Never over a file that is there: the folder is empty at first, and a name that comes
        // twice is an error.
        std::io::copy(&mut entry, &mut std::fs::File::create_new(&to)?)?;
    }
    Ok(())
}

struct Hashing<W> {
    inner: W,
    hasher: Sha256,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::{SKIPPABLE, pack, unpack};
    use rstest::rstest;
    use sha2::{Digest as _, Sha256};
    use tar::EntryType;

    #[test]
    fn any_changed_byte_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let bundle = dir.path().join("b");
        std::fs::create_dir_all(bundle.join("records")).unwrap();
        std::fs::write(bundle.join("records/a.json"), "{}").unwrap();
        std::fs::write(bundle.join("run-manifest.json"), "[1,2,3]").unwrap();
        let mut packed = Vec::new();
        pack(&bundle, &mut packed).unwrap();
        let mut again = Vec::new();
        pack(&bundle, &mut again).unwrap();
        assert_eq!(packed, again);

        let out = dir.path().join("out");
        std::fs::create_dir(&out).unwrap();
        unpack(packed.as_slice(), &out).unwrap();
        assert_eq!(std::fs::read_to_string(out.join("records/a.json")).unwrap(), "{}");
        for at in 0..packed.len() {
            let out = tempfile::tempdir().unwrap();
            let out = out.path();
            let mut bad = packed.clone();
            bad[at] ^= 0x10;
            assert!(unpack(bad.as_slice(), out).is_err(), "byte {at}");
        }
        assert!(unpack(&packed[..packed.len() - 1], &out).is_err());
    }

    /// An archive with these entries, sealed as Twinproof does.
    fn sealed(entries: &[(&str, EntryType)]) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        for (name, kind) in entries {
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(*kind);
            header.set_size(0);
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            tar.append(&header, std::io::empty()).unwrap();
        }
        let mut packed = zstd::encode_all(tar.into_inner().unwrap().as_slice(), 1).unwrap();
        let hash = Sha256::digest(&packed);
        packed.extend(SKIPPABLE);
        packed.extend(hash);
        packed
    }

    #[rstest]
    #[case(&[("bundle/a", EntryType::Regular)], None)]
    #[case(&[("bundle/a", EntryType::Regular); 2], Some("a is there twice"))]
    #[case(&[("bundle/../a", EntryType::Regular)], Some("\"../a\" cannot be a file of a bundle"))]
    #[case(&[("a", EntryType::Regular)], Some("\"a\" cannot be a file of a bundle"))]
    #[case(&[("bundle/a\nb", EntryType::Regular)], Some("\"a\\nb\" cannot be a file of a bundle"))]
    #[case(&[("bundle/a", EntryType::Symlink)], Some("a is no regular file"))]
    #[case(&[("bundle/a", EntryType::Fifo)], Some("a is no regular file"))]
    fn hostile_entries_are_refused(
        #[case] entries: &[(&str, EntryType)],
        #[case] want: Option<&str>,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let error = unpack(sealed(entries).as_slice(), dir.path()).err();
        assert_eq!(error.map(|e| e.to_string()).as_deref(), want);
    }
}
