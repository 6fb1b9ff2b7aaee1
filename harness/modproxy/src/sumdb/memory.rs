//! What the verifying client remembers: in the store, and in memory where that cannot be written.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use twinproof_sumdb::client::{MAX_RESPONSE, Store as ClientStore, StoreError, Swap};
use twinproof_sumdb::tile::Tile;

use crate::store::{Name, Store};

/// Bytes of tiles that are kept in memory for each database.
const MAX_BYTES: u64 = 4 << 20;

/// The memory of one database's client.
pub(super) struct Memory {
    store: Arc<Store>,
    /// The newest tree head, once it has been looked for.
    latest: Mutex<Option<Vec<u8>>>,
    tiles: Cache<Tile, Arc<Vec<u8>>, Bytes>,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Tile, Arc<Vec<u8>>> for Bytes {
    fn weight(&self, _: &Tile, data: &Arc<Vec<u8>>) -> u64 {
        data.len() as u64 + 64
    }
}

fn place(database: &str, file: &str) -> Result<Name, StoreError> {
    Name::new(format!("sumdb/{database}/{file}")).map_err(|error| StoreError {
        path: PathBuf::from(database),
        source: io::Error::new(io::ErrorKind::InvalidInput, error),
    })
}

impl Memory {
    pub(super) fn new(store: Arc<Store>) -> Self {
        Self { store, latest: Mutex::default(), tiles: Cache::with_weighter(512, MAX_BYTES, Bytes) }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest tree head: what this process has seen, or else what the store has.
    fn newest(
        &self,
        held: &mut Option<Vec<u8>>,
        database: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if held.is_none() {
            let name = place(database, "latest")?;
            let read = self.store.read(&name, MAX_RESPONSE as u64).map_err(|e| StoreError {
                path: PathBuf::from(name.as_str()),
                source: io::Error::other(e),
            })?;
            *held = read.map(|(bytes, _)| bytes.to_vec()).filter(|bytes| !bytes.is_empty());
        }
        Ok(held.clone())
    }
}

impl ClientStore for Memory {
    fn latest(&self, database: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.newest(&mut self.lock(), database)
    }

    fn swap_latest(
        &self,
        database: &str,
        old: Option<&[u8]>,
        new: &[u8],
    ) -> Result<Swap, StoreError> {
        let mut held = self.lock();
        if self.newest(&mut held, database)?.as_deref() != old {
            return Ok(Swap::Conflict);
        }
        *held = Some(new.to_vec());
        // A store that cannot be written to costs the memory of it beyond this process only.
        if let Err(error) = self.store.write(&place(database, "latest")?, new) {
            tracing::debug!(%error, "a tree head is not kept");
        }
        Ok(Swap::Done)
    }

    fn tile(&self, database: &str, tile: Tile) -> Option<Vec<u8>> {
        if let Some(data) = self.tiles.get(&tile) {
            return Some(data.to_vec());
        }
        let name = place(database, &tile.to_string()).ok()?;
        let (bytes, _) = self.store.read(&name, MAX_RESPONSE as u64).ok()??;
        Some(bytes.to_vec())
    }

    fn keep_tile(&self, database: &str, tile: Tile, data: &[u8]) {
        self.tiles.insert(tile, Arc::new(data.to_vec()));
        if let Ok(name) = place(database, &tile.to_string())
            && let Err(error) = self.store.write(&name, data)
        {
            tracing::debug!(%error, "a tile is not kept");
        }
    }
}
