//! Proof that a database has shown two histories.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::proof::{ProofError, open_head};
use crate::note::Verifier;
use crate::tlog::{Hash, TreeHead, check_tree};

/// Two signed tree heads of one database that cannot both be true, with the proof.
///
/// `Display` is the message of cmd/go, from `SECURITY ERROR` to the last hash of the proof.
/// The signatures bind the database: it cannot deny either head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fork {
    /// The signed note of the smaller tree (or of the one seen first).
    pub older_note: String,
    /// The signed note of the larger tree.
    pub newer_note: String,
    /// The hash of the smaller tree according to the larger one.
    pub hash: Hash,
    /// The consistency proof that it is: from the tree with `hash` to the larger one.
    pub proof: Vec<Hash>,
}

impl Fork {
    /// Checks that this does prove a fork of the database with this key.
    ///
    /// # Errors
    /// When the key is not one, a note is not signed with it, or the proof fails: then nothing is
    /// proven against the database.
    pub fn check(&self, key: &str) -> Result<(TreeHead, TreeHead), ProofError> {
        let verifier = Verifier::new(key)?;
        let older = open_head(&self.older_note, &verifier)?;
        let newer = open_head(&self.newer_note, &verifier)?;
        check_tree(&self.proof, newer.size, &newer.hash, older.size, &self.hash)?;
        if self.hash == older.hash {
            return Err(ProofError::NoFork);
        }
        Ok((older, newer))
    }
}

impl fmt::Display for Fork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = |note: &str| note.replace('\n', "\n\t");
        f.write_str("SECURITY ERROR\ngo.sum database server misbehavior detected!\n\n")?;
        writeln!(f, "old database:\n\t{}", indent(&self.older_note))?;
        writeln!(f, "new database:\n\t{}", indent(&self.newer_note))?;
        write!(f, "proof of misbehavior:\n\t{}", self.hash)?;
        self.proof.iter().try_for_each(|hash| write!(f, "\n\t{hash}"))
    }
}
