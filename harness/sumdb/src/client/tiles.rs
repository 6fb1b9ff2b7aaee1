//! Tiles for the client: from the store, or else from the database.

use std::cell::RefCell;
use std::collections::HashMap;
use std::thread;

use super::fetch::{Fetch, FetchError};
use super::lookup::LookupError;
use super::store::Store;
use crate::tile::{Tile, TileReader};
use crate::tlog::HASH_SIZE;

/// The most tiles that are fetched at the same time.
const PARALLEL: usize = 8;

/// Reads tiles for one operation. What was authenticated is held back until the whole operation
/// is found good, and kept in the store then: a forked database leaves nothing behind.
pub(super) struct Tiles<'a> {
    pub(super) fetch: &'a dyn Fetch,
    pub(super) store: &'a dyn Store,
    pub(super) database: &'a str,
    pub(super) height: u8,
    /// Whether to believe the store enough to try its tiles at all.
    pub(super) use_store: bool,
    seen: RefCell<Seen>,
}

#[derive(Default)]
struct Seen {
    from_store: bool,
    fetched: HashMap<Tile, Vec<u8>>,
    good: HashMap<Tile, Vec<u8>>,
}

impl<'a> Tiles<'a> {
    pub(super) fn new(
        fetch: &'a dyn Fetch,
        store: &'a dyn Store,
        database: &'a str,
        height: u8,
        use_store: bool,
    ) -> Self {
        Self { fetch, store, database, height, use_store, seen: RefCell::default() }
    }

    /// Whether any tile came from the store, so that reading again without it may help.
    pub(super) fn used_store(&self) -> bool {
        self.seen.borrow().from_store
    }

    /// Keeps in the store what was authenticated.
    pub(super) fn keep(&self) {
        for (tile, data) in self.seen.borrow_mut().good.drain() {
            self.store.keep_tile(self.database, tile, &data);
        }
    }

    /// A tile that is at hand: fetched by this operation, or in the store.
    fn at_hand(&self, tile: Tile) -> Option<Vec<u8>> {
        let length = tile.width() as usize * HASH_SIZE;
        let mut seen = self.seen.borrow_mut();
        if let Some(data) = seen.fetched.get(&tile) {
            return Some(data.clone());
        }
        if !self.use_store {
            return None;
        }
        // A full tile begins with what the partial ones before it had.
        let stored = [tile, tile.full()].into_iter().find_map(|candidate| {
            let mut data = self.store.tile(self.database, candidate)?;
            let whole = data.len() == candidate.width() as usize * HASH_SIZE;
            data.truncate(length);
            whole.then_some(data)
        });
        seen.from_store |= stored.is_some();
        stored
    }
}

/// Fetches a tile. When a partial one is gone, the full one has taken its place.
fn fetch_tile(fetch: &dyn Fetch, tile: Tile) -> Result<Vec<u8>, LookupError> {
    let get = |tile: Tile| -> Result<Vec<u8>, LookupError> {
        let path = format!("/{tile}");
        let data = fetch.get(&path).map_err(|source| LookupError::Fetch { path, source })?;
        let want = tile.width() as usize * HASH_SIZE;
        if data.len() != want {
            return Err(crate::tile::TileError::Length { tile, got: data.len(), want }.into());
        }
        Ok(data)
    };
    match get(tile) {
        Err(error @ LookupError::Fetch { .. }) if !tile.is_full() => {
            let mut data = get(tile.full()).map_err(|_| error)?;
            data.truncate(tile.width() as usize * HASH_SIZE);
            Ok(data)
        }
        other => other,
    }
}

impl TileReader for Tiles<'_> {
    type Error = LookupError;

    fn height(&self) -> u8 {
        self.height
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, LookupError> {
        let at_hand: Vec<_> = tiles.iter().map(|&tile| (tile, self.at_hand(tile))).collect();
        let missing: Vec<Tile> =
            at_hand.iter().filter(|(_, data)| data.is_none()).map(|(tile, _)| *tile).collect();
        for batch in missing.chunks(PARALLEL) {
            let fetch = self.fetch;
            let results: Vec<_> = thread::scope(|scope| {
                let running: Vec<_> = batch
                    .iter()
                    .map(|&tile| scope.spawn(move || (tile, fetch_tile(fetch, tile))))
                    .collect();
                running.into_iter().filter_map(|thread| thread.join().ok()).collect()
            });
            for (tile, data) in results {
                self.seen.borrow_mut().fetched.insert(tile, data?);
            }
        }
        let seen = self.seen.borrow();
        at_hand
            .into_iter()
            .map(|(tile, data)| {
                data.or_else(|| seen.fetched.get(&tile).cloned()).ok_or_else(|| {
                    let source = FetchError::Transport("the transport panicked".to_owned());
                    LookupError::Fetch { path: format!("/{tile}"), source }
                })
            })
            .collect()
    }

    fn authenticated(&self, tiles: &[Tile], data: &[Vec<u8>]) {
        let mut seen = self.seen.borrow_mut();
        for (tile, data) in tiles.iter().zip(data) {
            if seen.fetched.contains_key(tile) {
                seen.good.insert(*tile, data.clone());
            }
        }
    }
}
