//! One entry: its fields in the directory and in the local header, and its content.

use std::io::{self, BufReader, Read};

use flate2::bufread::DeflateDecoder;
use sha2::{Digest, Sha256};

use super::layout::{DESCRIPTOR, Fields, LOCAL, LOCAL_LENGTH, Wide};
use super::source::{Section, Source, read};
use super::violation::Reason;

pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;

/// The sizes and checksum follow the content.
pub(super) const FLAG_DESCRIPTOR: u16 = 1 << 3;
// Bit 0 of the general purpose flags; the go command reads no encrypted zip.
const FLAG_ENCRYPTED: u16 = 1;

/// An entry, as the directory has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ZipEntry {
    pub(super) name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) compressed: u64,
    pub(super) uncompressed: u64,
    /// Of the local header.
    pub(super) offset: u64,
    /// Unix mode, or 0.
    pub(super) mode: u32,
}

/// A content cannot be read, or is not as declared.
pub(super) enum EntryError {
    Io(io::Error),
    Reason(Reason),
}

impl From<Reason> for EntryError {
    fn from(reason: Reason) -> Self {
        Self::Reason(reason)
    }
}

impl From<io::Error> for EntryError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Checks the fields that local header and directory have in common.
pub(super) fn check_header(flags: u16, method: u16, ambiguous: bool) -> Result<(), Reason> {
    if flags & FLAG_ENCRYPTED != 0 && !ambiguous {
        return Err(Reason::Encrypted);
    }
    if !matches!(method, STORED | DEFLATED) {
        return Err(Reason::Method(method));
    }
    Ok(())
}

/// A local header. Sizes and checksum mean nothing when they follow the content.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) compressed: u64,
    pub(super) uncompressed: u64,
}

impl Local {
    /// Reads the fixed part, and gives the lengths of name and extra field that follow.
    pub(super) fn head(bytes: &[u8]) -> Option<(Self, usize, usize)> {
        let mut fields = Fields(bytes.get(..LOCAL_LENGTH)?);
        if fields.u32()? != LOCAL {
            return None;
        }
        // The version that is needed to extract it.
        fields.u16()?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        // Time and date.
        fields.u32()?;
        let crc = fields.u32()?;
        let (compressed, uncompressed) = (fields.u32()?.into(), fields.u32()?.into());
        let local = Self { flags, method, crc, compressed, uncompressed };
        Some((local, fields.u16()?.into(), fields.u16()?.into()))
    }

    /// Takes the wide sizes from the extra field.
    pub(super) fn widen(&mut self, extra: &[u8]) -> Option<()> {
        let narrow = [self.uncompressed, self.compressed]
            .map(|size| u32::try_from(size).unwrap_or(u32::MAX));
        [self.uncompressed, self.compressed] = Wide::read(extra, narrow)?.0;
        Some(())
    }

    pub(super) fn has_descriptor(&self) -> bool {
        self.flags & FLAG_DESCRIPTOR != 0
    }
}

impl ZipEntry {
    /// Checks the content against what is declared, and gives its SHA-256. Where it may be `ambiguous`,
    /// only what the directory says is held against it.
    pub(super) fn hash<S: Source + ?Sized>(
        &self,
        source: &S,
        ambiguous: bool,
    ) -> Result<[u8; 32], EntryError> {
        let body = self.body(source, ambiguous)?;
        let mut section = Section { source, offset: body, left: self.compressed };
        let (crc, sha256) = if self.method == DEFLATED {
            self.digest(DeflateDecoder::new(BufReader::with_capacity(32 << 10, &mut section)))?
        } else {
            self.digest(&mut section)?
        };
        if crc != self.crc {
            return Err(Reason::Checksum.into());
        }
        if self.flags & FLAG_DESCRIPTOR != 0 {
            let end = body.saturating_add(self.compressed);
            let bytes = read(source, end, 8)?;
            let mut fields = Fields(&bytes);
            let first = fields.u32();
            // The signature is optional.
            let crc = if first == Some(DESCRIPTOR) { fields.u32() } else { first };
            if crc != Some(self.crc) {
                return Err(Reason::Contradiction("checksum").into());
            }
        }
        Ok(sha256)
    }

    /// Checks the local header against the directory, and returns the offset of the content.
    fn body<S: Source + ?Sized>(&self, source: &S, ambiguous: bool) -> Result<u64, EntryError> {
        let head = read(source, self.offset, LOCAL_LENGTH)?;
        let (mut local, name, extra) =
            Local::head(&head).ok_or(Reason::Contradiction("local header"))?;
        let after = self.offset.saturating_add(LOCAL_LENGTH as u64);
        let begin = after.saturating_add((name + extra) as u64);
        // As Go's archive/zip, which takes nothing of the local header but its length.
        if ambiguous {
            return Ok(begin);
        }
        let variable = read(source, after, name + extra)?;
        let fits = variable.len() == name + extra;
        let (local_name, extra_field) = variable.split_at(name.min(variable.len()));
        if !fits || local.widen(extra_field).is_none() {
            return Err(Reason::Contradiction("local header").into());
        }
        self.agrees(local_name, &local)?;
        Ok(begin)
    }

    /// Checks what a local header says.
    pub(super) fn agrees(&self, name: &[u8], local: &Local) -> Result<(), Reason> {
        let differs = |what| Err(Reason::Contradiction(what));
        if name != self.name {
            return differs("name");
        }
        if local.method != self.method {
            return differs("method");
        }
        let both = FLAG_DESCRIPTOR | FLAG_ENCRYPTED;
        if (local.flags ^ self.flags) & both != 0 {
            return differs("flags");
        }
        if local.has_descriptor() {
            return Ok(());
        }
        if (local.compressed, local.uncompressed) != (self.compressed, self.uncompressed) {
            return differs("size");
        }
        if local.crc != self.crc {
            return differs("checksum");
        }
        Ok(())
    }

    /// The checksum and SHA-256 of a content, which must be of the declared size.
    fn digest(&self, mut content: impl Read) -> Result<(u32, [u8; 32]), EntryError> {
        let wrong = || Reason::SizeMismatch { declared: self.uncompressed };
        let (mut crc, mut sha256) = (crc32fast::Hasher::new(), Sha256::new());
        let mut left = self.uncompressed;
        let mut buffer = vec![0; 32 << 10];
        loop {
            let n = match content.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                // The kinds of errors that the decoder returns for bad data.
                Err(e)
                    if matches!(
                        e.kind(),
                        io::ErrorKind::InvalidInput
                            | io::ErrorKind::InvalidData
                            | io::ErrorKind::UnexpectedEof
                    ) =>
                {
                    return Err(Reason::Corrupt.into());
                }
                Err(e) => return Err(e.into()),
            };
            // Ends at the declared size: a zip bomb is not inflated any further.
            left = left.checked_sub(n as u64).ok_or_else(wrong)?;
            let part = buffer.get(..n).unwrap_or_default();
            crc.update(part);
            sha256.update(part);
        }
        if left != 0 {
            return Err(wrong().into());
        }
        Ok((crc.finalize(), sha256.finalize().into()))
    }
}
