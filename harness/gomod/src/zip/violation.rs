//! The rules that a zip violates.

use std::fmt;

use crate::escape::EscapeError;

/// A rule that a zip breaks, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The name of the entry, as far as it is UTF-8; `None` when it is the zip as a whole.
    pub entry: Option<String>,
    /// The rule.
    pub reason: Reason,
}

/// A rule of module zips, broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The module path and version are not those of a module.
    #[error("{0}")]
    Module(EscapeError),
    /// The version is not canonical.
    #[error("version {0:?} is not canonical")]
    NotCanonical(String),
    /// The zip is larger than allowed.
    #[error("module zip file is too large (limit is {limit} bytes)")]
    ZipSize {
        /// Bytes.
        limit: u64,
    },
    /// The contents together are larger than allowed.
    #[error("total uncompressed size of module contents too large (max size is {limit} bytes)")]
    ContentSize {
        /// Bytes.
        limit: u64,
    },
    /// The contents are too many times the zip.
    #[error("the contents are more than {max} times as large as the zip")]
    Ratio {
        /// The factor allowed.
        max: u64,
    },
    /// There are more entries than allowed.
    #[error("the zip has more than {limit} entries")]
    Entries {
        /// The number allowed.
        limit: u64,
    },
    /// The file is not a zip, or not unambiguously one.
    #[error("not a readable zip: {0}")]
    NotAZip(&'static str),
    /// The name does not begin with the module's path and version.
    #[error("path does not have prefix {0:?}")]
    Prefix(String),
    /// The path has an element that is empty, `.` or `..`.
    #[error("file path is not clean")]
    NotClean,
    /// The name is not UTF-8.
    #[error("file path is not UTF-8")]
    NotUtf8,
    /// The path has something that paths in modules do not have.
    #[error("{0}")]
    FilePath(EscapeError),
    /// The name differs from another one only in case.
    #[error("case-insensitive file name collision: {first:?} and {second:?}")]
    Collision {
        /// The name that came first.
        first: String,
        /// The name that came later.
        second: String,
    },
    /// The name is that of a file and of a directory.
    #[error("entry {0:?} is both a file and a directory")]
    FileAndDirectory(String),
    /// Two entries have the same name.
    #[error("multiple entries for file {0:?}")]
    Duplicate(String),
    /// A `go.mod` below the root.
    #[error("go.mod file not in module root directory")]
    GoModPlace,
    /// A `go.mod` with capitals.
    #[error("go.mod files must have lowercase names")]
    GoModCase,
    /// `go.mod` or `LICENSE` is larger than allowed.
    #[error("{file} file too large (max size is {limit} bytes)")]
    SpecialSize {
        /// `go.mod` or `LICENSE`.
        file: &'static str,
        /// Bytes.
        limit: u64,
    },
    /// A directory has content.
    #[error("a directory has content")]
    DirectoryContent,
    /// A symbolic link, a device, or the like.
    #[error("not a regular file")]
    Irregular,
    /// The compression method is neither stored nor deflated.
    #[error("compression method {0}; only stored (0) and deflated (8) are known")]
    Method(u16),
    /// The entry is encrypted.
    #[error("the entry is encrypted")]
    Encrypted,
    /// The local header and the directory do not say the same.
    #[error("the local header and the directory do not agree on its {0}")]
    Contradiction(&'static str),
    /// The content is not of the size that is declared.
    #[error("the content is not of the declared size of {declared} bytes")]
    SizeMismatch {
        /// Bytes.
        declared: u64,
    },
    /// The content has another checksum.
    #[error("the content does not have the declared checksum")]
    Checksum,
    /// The content does not inflate.
    #[error("the compressed data is corrupt")]
    Corrupt,
}

impl Violation {
    /// A rule that is broken by the zip as a whole.
    pub(super) fn whole(reason: Reason) -> Self {
        Self { entry: None, reason }
    }

    /// A rule that is broken by an entry.
    pub(super) fn of(name: &[u8], reason: Reason) -> Self {
        // Names have up to 64 KiB; what is shown need not.
        let shown = String::from_utf8_lossy(name.get(..MAX_SHOWN).unwrap_or(name)).into_owned();
        Self { entry: Some(shown), reason }
    }
}

/// As many bytes of a name are kept in a violation.
const MAX_SHOWN: usize = 1024;

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.entry {
            Some(name) => write!(f, "{}: {}", name.escape_debug(), self.reason),
            None => write!(f, "{}", self.reason),
        }
    }
}

/// All that a zip breaks, as far as it was looked for: contents are read only when all names are
/// right. At most [`Refusal::MAX`] are kept. `Display` is one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The rules that it breaks; never empty.
    pub violations: Vec<Violation>,
}

impl Refusal {
    /// The most violations that are kept.
    pub const MAX: usize = 64;
}

impl From<Violation> for Refusal {
    fn from(violation: Violation) -> Self {
        Self { violations: vec![violation] }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, violation) in self.violations.iter().enumerate() {
            let newline = if i == 0 { "" } else { "\n" };
            write!(f, "{newline}{violation}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}
