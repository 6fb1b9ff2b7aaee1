//! A bundle as one file, `bundle.tar.zst`, in which any changed byte is found.
//!
//! Entries are sorted, with no owner and no time. After the compressed frame stands a skippable
//! frame (RFC 8878, section 3.1.2) with the SHA-256 of all bytes before it: other programs ignore
//! it, and it covers what no checksum in the format does.

use crate::store::slashed;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::path::{Component, Path};
use twinproof_base::hex;

const SKIPPABLE: [u8; 8] = [0x50, 0x2a, 0x4d, 0x18, 32, 0, 0, 0];
const TRAILER: usize = SKIPPABLE.len() + 32;

/// An archive that cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The system refused.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// It does not end as Twinproof writes it.
    #[error("it does not end with a hash: cut short, or not written by Twinproof")]
    NoHash,
    /// A byte of it is not as it was written.
    #[error("a byte of it was changed: its SHA-256 is {actual}, its end says {expected}")]
    Changed {
        /// By its end.
        expected: String,
        /// As it is.
        actual: String,
    },
    /// It is over a limit.
    #[error("it is over the limit of {0}")]
    Limit(&'static str),
    /// An entry that a bundle cannot have.
    #[error("its entry {0:?} cannot belong to a bundle")]
    Entry(String),
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
    const SIZE: u64 = 4 << 30;
    let mut packed = Vec::new();
    from.by_ref().take(SIZE + 1).read_to_end(&mut packed)?;
    if packed.len() as u64 > SIZE {
        return Err(ArchiveError::Limit("4 GiB packed"));
    }
    let at = packed.len().checked_sub(TRAILER).ok_or(ArchiveError::NoHash)?;
    let (body, trailer) = packed.split_at(at);
    let (magic, expected) = trailer.split_at(SKIPPABLE.len());
    if magic != SKIPPABLE {
        return Err(ArchiveError::NoHash);
    }
    let actual = Sha256::digest(body);
    if actual[..] != *expected {
        return Err(ArchiveError::Changed {
            expected: hex::encode(expected),
            actual: hex::encode(&actual),
        });
    }
    let mut tar = tar::Archive::new(zstd::Decoder::new(body)?);
    let mut unpacked = 0;
    for (number, entry) in tar.entries()?.enumerate() {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let refuse = || ArchiveError::Entry(path.display().to_string());
        let mut parts = path.components();
        let within = parts.next() == Some(Component::Normal("bundle".as_ref()))
            && parts.clone().next().is_some()
            && parts.clone().all(|c| matches!(c, Component::Normal(_)));
        if !within || !entry.header().entry_type().is_file() {
            return Err(refuse());
        }
        unpacked += entry.size();
        if unpacked > SIZE {
            return Err(ArchiveError::Limit("4 GiB unpacked"));
        }
        if number >= 1_000_000 {
            return Err(ArchiveError::Limit("a million entries"));
        }
        let to = into.join(parts.as_path());
        std::fs::create_dir_all(to.parent().unwrap_or(into))?;
        std::io::copy(&mut entry, &mut std::fs::File::create(&to)?)?;
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
    use super::{pack, unpack};

    #[test]
    fn any_changed_byte_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let bundle = dir.path().join("b");
        std::fs::create_dir_all(bundle.join("records")).unwrap();
        std::fs::write(bundle.join("records/a.json"), "{}").unwrap();
        std::fs::write(bundle.join("docket.json"), "[1,2,3]").unwrap();
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
            let mut bad = packed.clone();
            bad[at] ^= 0x10;
            assert!(unpack(bad.as_slice(), &out).is_err(), "byte {at}");
        }
        assert!(unpack(&packed[..packed.len() - 1], &out).is_err());
    }
}
