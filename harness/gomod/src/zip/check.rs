//! Checks a whole zip.

use std::io;

use crate::dirhash::H1;
use crate::dirhash::{DirHashError, FileHash, hash_files, in_parallel};

use super::container::{ContainerError, directory};
use super::entry::{EntryError, ZipEntry, check_header};
use super::limits::ZipLimits;
use super::names::{Kind, Names, check_special};
use super::source::Source;
use super::violation::{Reason, Refusal, Violation};

/// The facts about a zip that is one of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Its `h1:` hash, as go.sum has it.
    pub h1: H1,
    /// The entries and the hashes of their contents, sorted by name.
    pub files: Vec<FileHash>,
    /// Bytes of the zip.
    pub compressed: u64,
    /// Bytes of all contents.
    pub uncompressed: u64,
}

/// There is no module zip.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The zip breaks a rule.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The zip cannot be read.
    #[error("reading the zip")]
    Read(#[source] io::Error),
}

impl From<Violation> for CheckError {
    fn from(violation: Violation) -> Self {
        Self::Refused(violation.into())
    }
}

impl From<ContainerError> for CheckError {
    fn from(error: ContainerError) -> Self {
        match error {
            ContainerError::Io(error) => Self::Read(error),
            ContainerError::Violation(violation) => violation.into(),
        }
    }
}

/// Judges the zip of a module version.
///
/// Uses all cores, and memory for the directory and two buffers a core, whatever the zip's size.
///
/// # Errors
/// When it breaks a rule or cannot be read.
pub fn check<S: Source + ?Sized>(
    source: &S,
    module: &str,
    version: &str,
    limits: ZipLimits,
) -> Result<Checked, CheckError> {
    let directory = Directory::read(source, module, version, limits)?;
    let work = |(): &mut (), i: usize| -> Result<[u8; 32], CheckError> {
        let Some(entry) = directory.entries.get(i) else {
            return Err(Violation::whole(Reason::NotAZip("entry out of range")).into());
        };
        entry.hash(source, limits.ambiguous).map_err(|error| match error {
            EntryError::Io(error) => CheckError::Read(error),
            EntryError::Reason(reason) => Violation::of(&entry.name, reason).into(),
        })
    };
    let hashes = in_parallel(directory.entries.len(), || (), work)?;
    directory.checked(hashes)
}

/// A directory whose names and declared sizes break no rule.
pub(super) struct Directory {
    pub(super) entries: Vec<ZipEntry>,
    compressed: u64,
    uncompressed: u64,
}

impl Directory {
    /// Reads and judges everything but the contents.
    pub(super) fn read<S: Source + ?Sized>(
        source: &S,
        module: &str,
        version: &str,
        limits: ZipLimits,
    ) -> Result<Self, CheckError> {
        let mut names = Names::new(module, version)?;
        let compressed = source.size().map_err(CheckError::Read)?;
        if compressed > limits.compressed {
            return Err(Violation::whole(Reason::ZipSize { limit: limits.compressed }).into());
        }
        let entries = directory(source, limits)?;
        let mut violations = Vec::new();
        let mut uncompressed: u64 = 0;
        for entry in &entries {
            if let Err(reason) = check_entry(&mut names, entry, &mut uncompressed, limits) {
                violations.push(Violation::of(&entry.name, reason));
            }
        }
        if uncompressed > limits.uncompressed {
            let reason = Reason::ContentSize { limit: limits.uncompressed };
            // In front, because the list is cut at its end.
            violations.insert(0, Violation::whole(reason));
        } else if limits.ratio.passed(uncompressed, compressed) {
            violations.insert(0, Violation::whole(Reason::Ratio { max: limits.ratio.max }));
        }
        violations.truncate(Refusal::MAX);
        if !violations.is_empty() {
            return Err(Refusal { violations }.into());
        }
        Ok(Self { entries, compressed, uncompressed })
    }

    /// The result, with a hash for each entry in their order.
    pub(super) fn checked(self, hashes: Vec<[u8; 32]>) -> Result<Checked, CheckError> {
        let Self { entries, compressed, uncompressed } = self;
        let mut files = Vec::with_capacity(entries.len());
        for (entry, sha256) in entries.into_iter().zip(hashes) {
            match String::from_utf8(entry.name) {
                Ok(name) => files.push(FileHash { name, sha256 }),
                Err(e) => return Err(Violation::of(e.as_bytes(), Reason::NotUtf8).into()),
            }
        }
        files.sort();
        let h1 = hash_files(&files).map_err(|error| match error {
            DirHashError::Newline(name) => Violation::of(name.as_bytes(), Reason::NotClean).into(),
            other => CheckError::Read(io::Error::other(other)),
        })?;
        Ok(Checked { h1, files, compressed, uncompressed })
    }
}

fn check_entry(
    names: &mut Names,
    entry: &ZipEntry,
    total: &mut u64,
    limits: ZipLimits,
) -> Result<(), Reason> {
    let kind = names.add(&entry.name)?;
    check_header(entry.flags, entry.method, limits.ambiguous)?;
    if !limits.ambiguous {
        check_mode(entry.mode)?;
    }
    match kind {
        Kind::Directory if entry.uncompressed != 0 => Err(Reason::DirectoryContent),
        Kind::Directory => Ok(()),
        Kind::File(special) => {
            // The sizes are the sender's words: their sum may be beyond 64 bits.
            *total = total.saturating_add(entry.uncompressed);
            check_special(special, entry.uncompressed, limits)
        }
    }
}

/// Only regular files and directories, or nothing said.
fn check_mode(mode: u32) -> Result<(), Reason> {
    match mode & 0o170_000 {
        0 | 0o040_000 | 0o100_000 => Ok(()),
        _ => Err(Reason::Irregular),
    }
}
