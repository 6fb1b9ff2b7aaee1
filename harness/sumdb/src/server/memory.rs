//! A log in memory.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use super::respond::{OpsError, ServerOps};
use crate::note::{Note, Signer, sign};
use crate::tile::{Level, Tile, TileError, read_tile_data};
use crate::tlog::{
    Hash, HashReader, Record, RecordError, TlogError, TreeHead, stored_hashes, tree_hash,
};

/// An append-only log with a signing key, in memory. It serves what was added, and nothing else.
#[derive(Debug)]
pub struct MemoryLog {
    signer: Signer,
    contents: Mutex<Contents>,
}

#[derive(Debug, Default)]
struct Contents {
    records: Vec<String>,
    hashes: Vec<Hash>,
    numbers: HashMap<(String, String), u64>,
}

/// Stored hashes read as tiles are made of them.
struct Stored<'a>(&'a [Hash]);

impl HashReader for Stored<'_> {
    type Error = TileError;

    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, TileError> {
        Ok(self.0.read_hashes(indexes)?)
    }
}

impl MemoryLog {
    /// An empty log, whose tree heads `signer` signs.
    #[must_use]
    pub fn new(signer: Signer) -> Self {
        Self { signer, contents: Mutex::default() }
    }

    /// The key that a client of this log needs.
    #[must_use]
    pub fn key(&self) -> String {
        self.signer.verifier().encode()
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Adds a record for a module version and returns its number; if there is one already, its
    /// number, and nothing changes.
    ///
    /// # Errors
    /// When `text` is not one that a record may have.
    pub fn add(&self, module: &str, version: &str, text: &str) -> Result<u64, RecordError> {
        let key = (module.to_owned(), version.to_owned());
        let mut contents = self.contents();
        if let Some(id) = contents.numbers.get(&key) {
            return Ok(*id);
        }
        let id = contents.records.len() as u64;
        Record { id, text: text.to_owned() }.format()?;
        let hashes = stored_hashes(id, text.as_bytes(), contents.hashes.as_slice())
            .map_err(|_| RecordError("the log has lost hashes"))?;
        contents.hashes.extend(hashes);
        contents.records.push(text.to_owned());
        contents.numbers.insert(key, id);
        Ok(id)
    }

    /// The head of the log as it is.
    ///
    /// # Errors
    /// Never, unless the log has lost hashes.
    pub fn head(&self) -> Result<TreeHead, TlogError> {
        let contents = self.contents();
        let size = contents.records.len() as u64;
        Ok(TreeHead { size, hash: tree_hash(size, contents.hashes.as_slice())? })
    }
}

fn failed(error: impl ToString) -> OpsError {
    OpsError::Failed(error.to_string())
}

impl ServerOps for MemoryLog {
    fn signed(&self) -> Result<String, OpsError> {
        let text = self.head().map_err(failed)?.to_string();
        sign(&Note { text, ..Note::default() }, &[&self.signer]).map_err(failed)
    }

    fn records(&self, start: u64, count: u64) -> Result<Vec<String>, OpsError> {
        let range = usize::try_from(start)
            .ok()
            .zip(start.checked_add(count).and_then(|end| usize::try_from(end).ok()));
        range
            .and_then(|(start, end)| self.contents().records.get(start..end).map(<[_]>::to_vec))
            .ok_or_else(|| OpsError::NotFound(format!("records {start} to {start}+{count}")))
    }

    fn lookup(&self, module: &str, version: &str) -> Result<u64, OpsError> {
        let key = (module.to_owned(), version.to_owned());
        let number = self.contents().numbers.get(&key).copied();
        number.ok_or_else(|| OpsError::NotFound(format!("{module}@{version}")))
    }

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, OpsError> {
        let contents = self.contents();
        let Level::Hashes(level) = tile.level() else {
            return Err(failed(TileError::NotHashes { tile }));
        };
        // How many hashes the tree has at the tile's level, against those the tile would list.
        let shift = u32::from(tile.height()) * u32::from(level);
        let there = (contents.records.len() as u64).checked_shr(shift).unwrap_or(0);
        let end = tile
            .number()
            .checked_mul(1 << tile.height())
            .and_then(|start| start.checked_add(u64::from(tile.width())));
        if end.is_none_or(|end| end > there) {
            return Err(OpsError::NotFound(tile.to_string()));
        }
        read_tile_data(tile, &Stored(&contents.hashes)).map_err(failed)
    }
}
