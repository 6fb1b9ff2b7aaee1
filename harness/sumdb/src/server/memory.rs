//! A log in memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard};

use super::respond::{OpsError, ServerOps};
use crate::note::{Note, Signer, sign};
use crate::tile::{Level, Tile, TileError, read_tile_data};
use crate::tlog::{
    Hash, HashReader, RecordError, TlogError, TreeHead, check_text, stored_hashes_of_all, tree_hash,
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
    numbers: HashMap<String, u64>,
    /// Of as many records as were needed so far.
    hashes: Vec<Hash>,
    hashed: u64,
    /// The newest head and its note, once it was asked for.
    signed: Option<(TreeHead, String)>,
}

/// Stored hashes read as tiles are made of them.
struct Stored<'a>(&'a [Hash]);

impl HashReader for Stored<'_> {
    type Error = TileError;

    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, TileError> {
        Ok(self.0.read_hashes(indexes)?)
    }
}

impl Contents {
    fn size(&self) -> u64 {
        self.records.len() as u64
    }

    /// The stored hashes of all records.
    fn hashes(&mut self) -> Result<&[Hash], TlogError> {
        let new = self.records.get(usize::try_from(self.hashed).unwrap_or(0)..).unwrap_or_default();
        let more = stored_hashes_of_all(self.hashed, new, self.hashes.as_slice())?;
        self.hashes.extend(more);
        self.hashed = self.size();
        Ok(&self.hashes)
    }

    fn head(&mut self) -> Result<TreeHead, TlogError> {
        let size = self.size();
        Ok(TreeHead { size, hash: tree_hash(size, self.hashes()?)? })
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
    /// number, and nothing changes. It is hashed when a tile or head is asked for.
    ///
    /// # Errors
    /// When `text` is not one that a record may have.
    pub fn add(&self, module: &str, version: &str, text: &str) -> Result<u64, RecordError> {
        let mut contents = self.contents();
        let id = contents.size();
        match contents.numbers.entry(name(module, version)) {
            Entry::Occupied(entry) => Ok(*entry.get()),
            Entry::Vacant(entry) => {
                check_text(text)?;
                entry.insert(id);
                contents.records.push(text.to_owned());
                Ok(id)
            }
        }
    }

    /// The head of the log as it is.
    ///
    /// # Errors
    /// Never, unless the log has lost hashes.
    pub fn head(&self) -> Result<TreeHead, TlogError> {
        self.contents().head()
    }
}

fn name(module: &str, version: &str) -> String {
    format!("{module}@{version}")
}

fn failed(error: impl ToString) -> OpsError {
    OpsError::Failed(error.to_string())
}

impl ServerOps for MemoryLog {
    fn signed(&self) -> Result<String, OpsError> {
        let mut contents = self.contents();
        let size = contents.size();
        if let Some((head, note)) = &contents.signed
            && head.size == size
        {
            return Ok(note.clone());
        }
        let head = contents.head().map_err(failed)?;
        let unsigned = Note { text: head.to_string(), ..Note::default() };
        let note = sign(&unsigned, &[&self.signer]).map_err(failed)?;
        contents.signed = Some((head, note.clone()));
        Ok(note)
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
        let name = name(module, version);
        let number = self.contents().numbers.get(&name).copied();
        number.ok_or(OpsError::NotFound(name))
    }

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, OpsError> {
        let mut contents = self.contents();
        let Level::Hashes(level) = tile.level() else {
            return Err(failed(TileError::NotHashes { tile }));
        };
        // How many hashes the tree has at the tile's level, against those the tile would list.
        let shift = u32::from(tile.height()) * u32::from(level);
        let there = contents.size().checked_shr(shift).unwrap_or(0);
        let end = tile
            .number()
            .checked_mul(1 << tile.height())
            .and_then(|start| start.checked_add(u64::from(tile.width())));
        if end.is_none_or(|end| end > there) {
            return Err(OpsError::NotFound(tile.to_string()));
        }
        let hashes = contents.hashes().map_err(failed)?;
        read_tile_data(tile, &Stored(hashes)).map_err(failed)
    }
}
