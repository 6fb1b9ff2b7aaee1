//! The newest tree head: checks that another one is of the same history, and moves forward to it.

use super::error::{LookupError, OlderHead};
use super::fork::Fork;
use super::head::SignedHead;
use super::store::Swap;
use super::tiles::Tiles;
use super::view::View;
use crate::tile::{TileError, TileHashReader};
use crate::tlog::{Hash, TreeHead, prove_tree, tree_hash};

/// Number of attempts to store a tree head while other processes store theirs.
// Each conflict means that another process has moved the head forward, so a hundred in a row mean
// that something else writes the file.
const MAX_CONFLICTS: usize = 100;

impl View<'_> {
    /// Runs `work` over tiles; again without the store's tiles if those turn out to be wrong.
    pub(super) fn with_tiles<T>(
        &self,
        work: impl Fn(&Tiles<'_>) -> Result<T, LookupError>,
    ) -> Result<T, LookupError> {
        let first = Tiles::new(self, true);
        match work(&first) {
            // The store is a cache that others can write to. Only what the database itself sends
            // may be called its fault.
            Err(LookupError::Tile(TileError::Inconsistent { .. })) if first.used_store() => {
                let again = Tiles::new(self, false);
                let result = work(&again)?;
                again.keep();
                Ok(result)
            }
            result => {
                let result = result?;
                first.keep();
                Ok(result)
            }
        }
    }

    /// Opens a signed tree note.
    pub(super) fn open(&self, note: &[u8]) -> Result<SignedHead, LookupError> {
        self.kept.open(note, self.verifier)
    }

    /// The tree head in the store.
    pub(super) fn stored(&self) -> Result<(Option<Vec<u8>>, SignedHead), LookupError> {
        let note = self.store.latest(self.verifier.name())?;
        let head = match &note {
            Some(note) => self.open(note)?,
            None => SignedHead::EMPTY,
        };
        Ok((note, head))
    }

    /// Checks `theirs` against the store's tree head, moves that forward if `theirs` is larger,
    /// and returns the larger one.
    pub(super) fn merge(
        &self,
        theirs: SignedHead,
        older: OlderHead,
    ) -> Result<SignedHead, LookupError> {
        for _ in 0..MAX_CONFLICTS {
            let (stored, ours) = self.stored()?;
            if theirs.head.size <= ours.head.size {
                self.check_trees(&theirs, &ours)?;
                if older == OlderHead::Refuse && theirs.head.size < ours.head.size {
                    return Err(LookupError::Rollback {
                        seen: ours.head.size,
                        got: theirs.head.size,
                    });
                }
                return Ok(ours);
            }
            self.check_trees(&ours, &theirs)?;
            let note = theirs.note.as_bytes();
            if self.store.swap_latest(self.verifier.name(), stored.as_deref(), note)? == Swap::Done
            {
                return Ok(theirs);
            }
        }
        Err(LookupError::Contended)
    }

    /// Checks that the tree `older` is the beginning of the tree `newer`.
    fn check_trees(&self, older: &SignedHead, newer: &SignedHead) -> Result<(), LookupError> {
        if older.head == newer.head || (older.head == TreeHead::EMPTY) {
            return Ok(());
        }
        let fork = |hash: Hash, proof: Vec<Hash>| {
            LookupError::Fork(Box::new(Fork {
                older_note: older.note.clone(),
                newer_note: newer.note.clone(),
                hash,
                proof,
            }))
        };
        if older.head.size == newer.head.size {
            // Two hashes for one size: the signatures alone prove it.
            return Err(fork(newer.head.hash, Vec::new()));
        }
        if older.head.size == 0 {
            return Err(LookupError::EmptyTreeHash);
        }
        self.with_tiles(|tiles| {
            let reader = TileHashReader::new(newer.head, tiles);
            let hash = tree_hash(older.head.size, &reader)?;
            if hash == older.head.hash {
                return Ok(());
            }
            // The proof needs no tile that the hash did not, and they are still at hand.
            Err(fork(hash, prove_tree(newer.head.size, older.head.size, &reader)?))
        })
    }
}
