//! Errors of a lookup.

use super::fetch::FetchError;
use super::fork::Fork;
use super::store::StoreError;
use crate::note::NoteError;
use crate::tile::TileError;
use crate::tlog::{ParseHeadError, RecordError, TlogError};
use twinproof_gomod::escape::EscapeError;

/// The treatment of a tree head that is older than one seen before, though of the same history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OlderHead {
    /// Accept the answer, and prove it against the newest head seen, as cmd/go does: a cache on
    /// the way may serve an answer from before.
    #[default]
    Accept,
    /// Refuse it with [`LookupError::Rollback`]. For judging a database without caches in front.
    Refuse,
}

/// An error of a lookup.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The module path or version is not valid: nothing was asked.
    #[error(transparent)]
    Name(#[from] EscapeError),
    /// The database did not answer with what was asked for.
    #[error("{path}: {source}")]
    Fetch {
        /// The path asked for.
        path: String,
        /// The error of the transport.
        source: FetchError,
    },
    /// The answer has no record at its start.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The tree note is not one, or not signed by the database.
    #[error("reading tree note: {0}")]
    Note(#[from] NoteError),
    /// The signed text is not a tree head.
    #[error("reading tree: {0}")]
    Head(#[from] ParseHeadError),
    /// Tiles do not fit the tree they are said to be of.
    #[error(transparent)]
    Tile(#[from] TileError),
    /// The proof of the record or of the older tree fails.
    #[error(transparent)]
    Tree(#[from] TlogError),
    /// The record is not the one that the tree has at its number.
    #[error("cannot authenticate record {id} in server response")]
    WrongRecord {
        /// The number it was given.
        id: u64,
    },
    /// The record's number is not in the tree that came with it.
    #[error("cannot validate record {id} in tree of size {size}")]
    RecordBeyondTree {
        /// The number it was given.
        id: u64,
        /// The size of the newest tree, in records.
        size: u64,
    },
    /// The database has signed two histories. The message is cmd/go's.
    #[error("{0}")]
    Fork(Box<Fork>),
    /// The empty tree was signed with a hash that is not its own.
    #[error("the signed tree of size 0 does not have the hash of the empty tree")]
    EmptyTreeHash,
    /// The tree head is older than one seen before, and [`OlderHead::Refuse`] was asked for.
    #[error("the database went back from a tree of {seen} records to one of {got}")]
    Rollback {
        /// Size of the newest tree seen, in records.
        seen: u64,
        /// Size of the tree that came.
        got: u64,
    },
    /// The record is authentic, and has no line for what was asked.
    #[error("missing line: the record for {module}@{version} has no line for it")]
    MissingLine {
        /// The module.
        module: String,
        /// The version.
        version: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store's tree head changed each time it was to be replaced.
    #[error("the stored tree head kept changing: too many clients use the store at once")]
    Contended,
}

impl LookupError {
    /// Whether the database is to blame, and not the way to it, the store or the question.
    ///
    /// A tampering cache on the way cannot be distinguished from a tampering database and counts as one.
    #[must_use]
    pub fn is_misbehavior(&self) -> bool {
        match self {
            Self::Name(_) | Self::Fetch { .. } | Self::Store(_) | Self::Contended => false,
            Self::Record(_)
            | Self::Note(_)
            | Self::Head(_)
            | Self::Tile(_)
            | Self::Tree(_)
            | Self::WrongRecord { .. }
            | Self::RecordBeyondTree { .. }
            | Self::Fork(_)
            | Self::EmptyTreeHash
            | Self::Rollback { .. }
            | Self::MissingLine { .. } => true,
        }
    }
}
