//! The client: looks module versions up and verifies the answers.

use super::error::{LookupError, OlderHead};
use super::fetch::Fetch;
use super::head::SignedHead;
use super::kept::Kept;
use super::proof::{LookupProof, lines_for};
use super::store::Store;
use super::view::View;
use crate::note::{KeyError, Verifier};
use crate::tile::TileHashReader;
use crate::tlog::{Hash, Record, TreeHead, check_record, prove_record, record_hash};
use twinproof_gomod::escape::{escape_path, escape_version};

/// The tile height that cmd/go asks for, and every database serves.
const DEFAULT_HEIGHT: u8 = 8;

/// The greatest tile height a client takes: its full tiles have 1 MiB.
pub(super) const MAX_CLIENT_HEIGHT: u8 = 15;

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

    /// Sets the treatment of older tree heads.
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
        // One record has both lines of a version, the zip's and the go.mod's.
        let bare = version.strip_suffix("/go.mod").unwrap_or(version);
        let path = format!("/lookup/{}@{}", escape_path(module)?, escape_version(bare)?);
        let view = self.view();
        let answer = self.get(&path)?;
        let (record, note) = Record::parse(&answer)?;
        let theirs = view.open(note)?;
        let SignedHead { head, note } = view.merge(theirs, self.older)?;
        let audit_path = prove_lines(&view, head, &record, module, version)?;
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

    /// Proves an answer to a lookup that was kept: its record is in the tree that was signed with it.
    /// Tiles come from the store, and from the database where that has none.
    ///
    /// # Errors
    /// [`LookupError::is_misbehavior`] when it is not what the database had answered; otherwise when
    /// it is not known, for want of tiles.
    pub fn prove_kept(
        &self,
        module: &str,
        version: &str,
        answer: &[u8],
    ) -> Result<(), LookupError> {
        let view = self.view();
        let (record, note) = Record::parse(answer)?;
        let SignedHead { head, .. } = view.open(note)?;
        prove_lines(&view, head, &record, module, version).map(drop)
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

/// Proves that a record is in the tree of a head and has a line for a version; the proof's hashes.
fn prove_lines(
    view: &View<'_>,
    head: TreeHead,
    record: &Record,
    module: &str,
    version: &str,
) -> Result<Vec<Hash>, LookupError> {
    // The answer's own tree does not have the record that it sends.
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
    Ok(audit_path)
}
