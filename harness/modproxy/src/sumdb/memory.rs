//! The verifying client's state: in the store, and in memory where the store cannot be written.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use twinproof_sumdb::client::{MAX_RESPONSE, Store as ClientStore, StoreError, Swap};
use twinproof_sumdb::note::{self, Verifier};
use twinproof_sumdb::tile::Tile;
use twinproof_sumdb::tlog::{Record, TreeHead};

use crate::store::{Name, Store};

/// Bytes of tiles that are kept in memory for each database.
const MAX_BYTES: u64 = 4 << 20;

/// Kept lookups that are looked through for signed tree heads.
const MAX_LOOKUPS: usize = 100_000;

/// Signed tree heads that are kept of them: those of the largest trees.
const MAX_HEADS: usize = 32;

/// The memory of one database's client.
pub(super) struct Memory {
    store: Arc<Store>,
    verifier: Verifier,
    /// Tree heads that stand in kept lookups, the largest tree first, once they have been looked for.
    heads: OnceLock<Vec<Vec<u8>>>,
    /// The newest tree head, once it has been looked for.
    latest: Mutex<Option<Vec<u8>>>,
    tiles: Cache<Tile, Arc<Vec<u8>>, Bytes>,
}

#[derive(Clone)]
struct Bytes;

impl Weighter<Tile, Arc<Vec<u8>>> for Bytes {
    fn weight(&self, _: &Tile, data: &Arc<Vec<u8>>) -> u64 {
        // The tile itself and about 64 bytes of bookkeeping.
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
    pub(super) fn new(store: Arc<Store>, verifier: Verifier) -> Self {
        let tiles = Cache::with_weighter(512, MAX_BYTES, Bytes);
        Self { store, verifier, heads: OnceLock::new(), latest: Mutex::default(), tiles }
    }

    /// The mistake in a signed tree head, if there is one.
    fn refusal(&self, note: &[u8]) -> Option<String> {
        let opened = match note::open(note, std::slice::from_ref(&self.verifier)) {
            Ok(opened) => opened,
            Err(error) => return Some(error.to_string()),
        };
        TreeHead::parse(&opened.text).err().map(|error| error.to_string())
    }

    /// Signed tree heads that stand in kept lookups, the largest tree first. So a module cache of
    /// `go`, which keeps the newest one elsewhere, can be served by itself.
    pub(super) fn heads(&self) -> &[Vec<u8>] {
        self.heads.get_or_init(|| {
            let folder = self.store.root().join("sumdb").join(self.verifier.name()).join("lookup");
            let mut found = BTreeSet::new();
            let files = walkdir::WalkDir::new(folder).into_iter().filter_map(Result::ok);
            let files = files.filter(|entry| entry.file_type().is_file()).take(MAX_LOOKUPS);
            for entry in files {
                let read = twinproof_base::file::read(entry.path(), MAX_RESPONSE as u64);
                let Ok(bytes) = read else { continue };
                let Ok((_, note)) = Record::parse(&bytes) else { continue };
                let text = std::str::from_utf8(note).ok();
                let Some(head) = text.and_then(|text| TreeHead::parse(text).ok()) else { continue };
                found.insert((head.size, note.to_vec()));
                // The smallest tree goes: newer heads prove what older ones do.
                if found.len() > MAX_HEADS {
                    found.pop_first();
                }
            }
            // Signatures last: checking one costs more than all that is done before.
            let signed = |note: &Vec<u8>| self.refusal(note).is_none();
            found.into_iter().rev().map(|(_, note)| note).filter(signed).collect()
        })
    }

    /// The newest tree head that the store has. A file that holds no tree head is set aside.
    fn stored(&self, database: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let name = place(database, "latest")?;
        let read = match self.store.read(&name, MAX_RESPONSE as u64) {
            Ok(read) => read.map(|(bytes, _)| bytes.to_vec()).unwrap_or_default(),
            Err(error @ crate::store::StoreError::TooLarge { .. }) => {
                self.store.set_aside(&name, &error.to_string());
                return Ok(None);
            }
            Err(error) => {
                let path = PathBuf::from(name.as_str());
                return Err(StoreError { path, source: io::Error::other(error) });
            }
        };
        if read.is_empty() {
            return Ok(None);
        }
        match self.refusal(&read) {
            None => Ok(Some(read)),
            Some(why) => {
                self.store.set_aside(&name, &why);
                Ok(None)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Vec<u8>>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a tree head. A store that cannot be written to costs the memory of it beyond this process
    /// only.
    fn keep_latest(&self, database: &str, note: &[u8]) -> Result<(), StoreError> {
        if let Err(error) = self.store.write(&place(database, "latest")?, note) {
            tracing::debug!(%error, "a tree head is not kept");
        }
        Ok(())
    }

    /// The newest tree head: what this process has seen, or else what the store has.
    fn newest(
        &self,
        held: &mut Option<Vec<u8>>,
        database: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if held.is_none() {
            *held = self.stored(database)?;
            if held.is_none()
                && let Some(head) = self.heads().first()
            {
                self.keep_latest(database, head)?;
                *held = Some(head.clone());
            }
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
        // Another request may have moved on meanwhile; the client then checks against that one
        // first.
        if self.newest(&mut held, database)?.as_deref() != old {
            return Ok(Swap::Conflict);
        }
        // In memory even if the store refuses: within this process no older head is accepted again.
        *held = Some(new.to_vec());
        self.keep_latest(database, new)?;
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
        if let Ok(name) = place(database, &tile.to_string()) {
            if let Ok(Some((there, _))) = self.store.read(&name, MAX_RESPONSE as u64) {
                if there == data {
                    return;
                }
                // The stored tile differs from this one, which is authenticated: the stored one is
                // wrong.
                self.store.set_aside(&name, "it is no part of the tree");
            }
            if let Err(error) = self.store.write(&name, data) {
                tracing::debug!(%error, "a tile is not kept");
            }
        }
    }
}
