//! Errors of a store, each with a remedy.

use std::io;
use std::path::{Path, PathBuf};

use crate::note::NoteError;
use crate::server::OpsError;
use crate::tile::TileError;
use crate::tlog::{RecordError, TlogError};
use twinproof_gomod::escape::EscapeError;

/// An error in opening, reading or writing a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused something. Published records stay as they were.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The action that failed.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// Another process, or this one a second time, has it open for writing.
    #[error(
        "{} is in use: another process writes to this log, and there can be only one; stop that \
         one, or open the log for reading", path.display()
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The directory has something else in it.
    #[error("{} is no checksum database: {reason}", path.display())]
    NotAStore {
        /// The directory.
        path: PathBuf,
        /// Why the directory is not a database.
        reason: String,
    },
    /// The newest head is signed with another key.
    #[error(
        "the head in {} is not signed by the key {key}: give the key that this log was made with",
        path.display()
    )]
    OtherKey {
        /// The file with the head.
        path: PathBuf,
        /// The verifier key that was tried.
        key: String,
    },
    /// Something that was published is not there any more as it was.
    #[error("the log is damaged: {} at byte {offset}: {found}; {remedy}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Offset in the file, in bytes.
        offset: u64,
        /// The bytes or the error found there, and the expected ones.
        found: String,
        /// The remedy.
        remedy: Remedy,
    },
    /// The module path or version is not valid, so that no client could ask for it.
    #[error(transparent)]
    Name(#[from] EscapeError),
    /// The record's text is not one that a record may have.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// No line of the record is for the module version it is added for.
    #[error("the record for {module}@{version} has no line for it")]
    MissingLine {
        /// The module.
        module: String,
        /// The version.
        version: String,
    },
    /// There is a record for the module version, and it says something else.
    #[error(
        "{name} has a record already, and it is another one: a record is for ever. The log has\n\
         {known}and was given\n{given}"
    )]
    Conflict {
        /// The module version.
        name: String,
        /// The record that there is.
        known: String,
        /// The one that was to be added.
        given: String,
    },
    /// Too much was added without being published.
    #[error("{0} records wait to be published, and no more may: publish them first")]
    Pending(u64),
    /// After a failed sync it is unknown which bytes are on the medium.
    #[error(
        "an earlier write to this log could not be brought to the medium; it still serves what was \
         published, and must be opened anew before it is written to"
    )]
    Poisoned,
    /// The head could not be signed.
    #[error("signing the head: {0}")]
    Sign(NoteError),
    /// The log has no such record or hash.
    #[error("not found: {0}")]
    NotFound(String),
    /// The log has it, but returns no more than its limit at once.
    #[error("too large: {0}")]
    TooLarge(String),
    /// A tile operation failed.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// A tree operation failed.
    #[error(transparent)]
    Tree(#[from] TlogError),
}

/// The remedy for damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// The log itself is hurt.
    Restore,
    /// Only the index is hurt, which can be made anew.
    RemoveIndex,
}

impl std::fmt::Display for Remedy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Restore => {
                "restore the whole directory from a copy that is not older than the newest head \
                 that anyone may have seen: a log that goes back, or contradicts an earlier head, counts \
                 as misbehaving for ever"
            }
            Self::RemoveIndex => {
                "run `twinproof sumdb rebuild`: the index is made anew from the records"
            }
        })
    }
}

impl StoreError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_path_buf(), source }
    }

    pub(super) fn damaged(path: &Path, offset: u64, found: impl Into<String>) -> Self {
        let (path, found) = (path.to_path_buf(), found.into());
        Self::Damaged { path, offset, found, remedy: Remedy::Restore }
    }
}

impl From<StoreError> for OpsError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound(what) => Self::NotFound(what),
            StoreError::TooLarge(what) => Self::TooLarge(what),
            damaged @ StoreError::Damaged { .. } => Self::Damaged(damaged.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}
