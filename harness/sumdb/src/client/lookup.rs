//! The client itself.

use super::fetch::{Fetch, FetchError};
use super::fork::Fork;
use super::kept::Kept;
use super::latest::{SignedHead, View};
use super::proof::{LookupProof, lines_for};
use super::store::{Store, StoreError};
use crate::escape::{EscapeError, escape_path, escape_version};
use crate::note::{KeyError, NoteError, Verifier};
use crate::tile::{TileError, TileHashReader};
use crate::tlog::{
    ParseHeadError, Record, RecordError, TlogError, TreeHead, check_record, prove_record,
    record_hash,
};

/// The tile height that cmd/go asks for, and every database serves.
const DEFAULT_HEIGHT: u8 = 8;

/// The greatest tile height a client takes: its full tiles have 1 MiB.
pub(super) const MAX_CLIENT_HEIGHT: u8 = 15;

/// What to do about a tree head that is older than one seen before, though of the same history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OlderHead {
    /// Accept the answer, and prove it against the newest head seen, as cmd/go does: a cache on
    /// the way may serve an answer from before.
    #[default]
    Accept,
    /// Refuse it with [`LookupError::Rollback`]. For judging a database without caches in front.
    Refuse,
}

/// Why a lookup gave no lines.
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
        /// What came instead.
        source: FetchError,
    },
    /// The answer has no record at its start.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The tree note is not one, or not signed by the database.
    #[error("reading tree note: {0}")]
    Note(#[from] NoteError),
    /// What is signed is not a tree head.
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
    /// A tampering cache on the way cannot be told from a tampering database, and counts as one.
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

/// A client of one checksum database. It may be shared between threads.
#[derive(Debug)]
pub struct Client<F, S> {
    verifier: Verifier,
    fetch: F,
    store: S,
    height: u8,
    older: OlderHead,
    kept: Kept,
}

impl<F: Fetch, S: Store> Client<F, S> {
    /// A client of the database with this verifier key. Nothing is fetched yet.
    ///
    /// # Errors
    /// When the key is not one.
    pub fn new(key: &str, fetch: F, store: S) -> Result<Self, KeyError> {
        let verifier = Verifier::new(key.trim())?;
        Ok(Self {
            verifier,
            fetch,
            store,
            height: DEFAULT_HEIGHT,
            older: OlderHead::default(),
            kept: Kept::default(),
        })
    }

    /// Asks for tiles of this height instead of 8. It is brought into the bounds of 1 to 15.
    #[must_use]
    pub fn with_tile_height(mut self, height: u8) -> Self {
        self.height = height.clamp(1, MAX_CLIENT_HEIGHT);
        self
    }

    /// What to do about older tree heads.
    #[must_use]
    pub fn with_older_head(mut self, older: OlderHead) -> Self {
        self.older = older;
        self
    }

    /// The database's name: that of its key.
    #[must_use]
    pub fn database(&self) -> &str {
        self.verifier.name()
    }

    pub(super) fn view(&self) -> View<'_> {
        View {
            fetch: &self.fetch,
            store: &self.store,
            verifier: &self.verifier,
            height: self.height,
            kept: &self.kept,
        }
    }

    pub(super) fn get(&self, path: &str) -> Result<Vec<u8>, LookupError> {
        self.fetch.get(path).map_err(|source| LookupError::Fetch { path: path.to_owned(), source })
    }

    /// The go.sum lines of a module version, verified. There is at least one.
    ///
    /// With `/go.mod` behind the version, the line is that of the go.mod alone.
    ///
    /// # Errors
    /// See [`LookupError`].
    pub fn lookup(&self, module: &str, version: &str) -> Result<Vec<String>, LookupError> {
        let proof = self.lookup_with_proof(module, version)?;
        Ok(lines_for(&proof.record, module, version))
    }

    /// As [`lookup`](Self::lookup), with all that is needed to check the answer again offline.
    ///
    /// # Errors
    /// See [`LookupError`].
    pub fn lookup_with_proof(
        &self,
        module: &str,
        version: &str,
    ) -> Result<LookupProof, LookupError> {
        let bare = version.strip_suffix("/go.mod").unwrap_or(version);
        let path = format!("/lookup/{}@{}", escape_path(module)?, escape_version(bare)?);
        let view = self.view();
        let answer = self.get(&path)?;
        let (record, note) = Record::parse(&answer)?;
        let theirs = view.open(note)?;
        let SignedHead { head, note } = view.merge(theirs, self.older)?;
        if record.id >= head.size {
            return Err(LookupError::RecordBeyondTree { id: record.id, size: head.size });
        }
        let hash = record_hash(record.text.as_bytes());
        let audit_path = view.with_tiles(|tiles| {
            prove_record(head.size, record.id, &TileHashReader::new(head, tiles))
        })?;
        check_record(&audit_path, head.size, &head.hash, record.id, &hash)
            .map_err(|_| LookupError::WrongRecord { id: record.id })?;
        if lines_for(&record.text, module, version).is_empty() {
            let (module, version) = (module.to_owned(), version.to_owned());
            return Err(LookupError::MissingLine { module, version });
        }
        Ok(LookupProof {
            module: module.to_owned(),
            version: version.to_owned(),
            record_id: record.id,
            record: record.text,
            note,
            tree_size: head.size,
            root_hash: head.hash,
            audit_path,
        })
    }

    /// Fetches the newest tree head, checks it against the one in the store and moves that forward.
    /// Returns the newer of the two.
    ///
    /// # Errors
    /// See [`LookupError`].
    pub fn update_latest(&self) -> Result<TreeHead, LookupError> {
        let view = self.view();
        let theirs = view.open(&self.get("/latest")?)?;
        Ok(view.merge(theirs, self.older)?.head)
    }
}
