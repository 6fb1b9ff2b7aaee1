//! The evidence of a lookup, and its check without the database.

use serde::{Deserialize, Serialize};

use crate::note::{self, KeyError, NoteError, Verifier};
use crate::tlog::{
    Hash, ParseHeadError, Record, RecordError, TlogError, TreeHead, check_record, record_hash,
};

/// All that is needed to check one answer of a checksum database, kept as evidence.
///
/// Anyone who has the database's key can judge it offline with [`check_proof`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupProof {
    /// The module that was looked up.
    pub module: String,
    /// The version, with `/go.mod` behind it when that hash was asked for.
    pub version: String,
    /// The number of the record in the log, from 0.
    pub record_id: u64,
    /// The record's text, as it is hashed.
    pub record: String,
    /// The signed note with the tree head that the record is proven to be under.
    pub note: String,
    /// Size of that tree, in records.
    pub tree_size: u64,
    /// Root hash of that tree.
    pub root_hash: Hash,
    /// The inclusion proof (RFC 6962 §2.1.1): the siblings from the record up to the root.
    pub audit_path: Vec<Hash>,
}

/// The reason why evidence does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The key to check with is not a key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The note is not one, or not signed with that key.
    #[error("the tree note: {0}")]
    Note(#[from] NoteError),
    /// The signed text is not a tree head.
    #[error(transparent)]
    Head(#[from] ParseHeadError),
    /// The size or root hash beside the note is not what the note says.
    #[error("the tree size and root hash stated are not those of the signed note")]
    Restated,
    /// The record's text is not one.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The audit path does not lead from the record to the root.
    #[error(transparent)]
    Path(#[from] TlogError),
    /// The record has no line for the module and version.
    #[error("the record has no line for {module} {version}")]
    MissingLine {
        /// The module.
        module: String,
        /// The version.
        version: String,
    },
    /// The two tree heads of an alleged fork agree.
    #[error("the two tree heads are of one history: this is no fork")]
    NoFork,
}

/// Judges evidence with nothing but the database's key: signature, tree head, audit path, lines.
///
/// Returns the go.sum lines that it proves.
///
/// # Errors
/// With the first thing that does not hold.
pub fn check_proof(key: &str, proof: &LookupProof) -> Result<Vec<String>, ProofError> {
    let verifier = Verifier::new(key)?;
    let head = open_head(&proof.note, &verifier)?;
    if (head.size, head.hash) != (proof.tree_size, proof.root_hash) {
        return Err(ProofError::Restated);
    }
    Record { id: proof.record_id, text: proof.record.clone() }.format()?;
    let hash = record_hash(proof.record.as_bytes());
    check_record(&proof.audit_path, head.size, &head.hash, proof.record_id, &hash)?;
    let lines = lines_for(&proof.record, &proof.module, &proof.version);
    if lines.is_empty() {
        let (module, version) = (proof.module.clone(), proof.version.clone());
        return Err(ProofError::MissingLine { module, version });
    }
    Ok(lines)
}

/// The tree head in a note signed by `verifier`.
pub(super) fn open_head(note: &str, verifier: &Verifier) -> Result<TreeHead, ProofError> {
    let note = note::open(note.as_bytes(), std::slice::from_ref(verifier))?;
    Ok(TreeHead::parse(&note.text)?)
}

/// The lines of a record for exactly this module and version.
pub(super) fn lines_for(record: &str, module: &str, version: &str) -> Vec<String> {
    // With the blank: `v1.0.0` must not find the line of `v1.0.0/go.mod`.
    let prefix = format!("{module} {version} ");
    record.lines().filter(|line| line.starts_with(&prefix)).map(str::to_owned).collect()
}
