//! Tiles for the client: from the store, or else from the database.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use super::error::LookupError;
use super::fetch::{Fetch, FetchError};
use super::view::View;
use crate::tile::{HashedTile, Tile, TileReader};
use crate::tlog::HASH_SIZE;

/// The most tiles that are fetched at the same time.
// A lookup needs at most one tile a level, so eight cover the largest logs; a server sees no burst
// from one client.
const PARALLEL: usize = 8;

/// Reads tiles for one operation. Authenticated tiles are kept, in memory and in the store, only
/// when the whole operation has succeeded: a forked database leaves nothing behind.
pub(super) struct Tiles<'a> {
    view: &'a View<'a>,
    /// Whether to try stored tiles first.
    use_store: bool,
    seen: RefCell<Seen>,
}

#[derive(Default)]
struct Seen {
    from_store: bool,
    fetched: HashSet<Tile>,
    hashed: HashMap<Tile, Arc<HashedTile>>,
    good: HashMap<Tile, Arc<HashedTile>>,
}

impl<'a> Tiles<'a> {
    pub(super) fn new(view: &'a View<'a>, use_store: bool) -> Self {
        Self { view, use_store, seen: RefCell::default() }
    }

    /// Whether any tile was one that had been kept, so that reading again without them may help.
    pub(super) fn used_store(&self) -> bool {
        self.seen.borrow().from_store
    }

    /// Keeps what was authenticated.
    pub(super) fn keep(&self) {
        let mut seen = self.seen.borrow_mut();
        let Seen { good, fetched, .. } = &mut *seen;
        for (tile, hashed) in good.drain() {
            if fetched.remove(&tile) {
                // Only now: a tile that was kept before its tree was proved would be taken for true
                // by the next run.
                self.view.store.keep_tile(self.view.verifier.name(), tile, &hashed.bytes());
            }
            self.view.kept.keep(&hashed);
        }
    }

    /// A tile that is at hand: read by this operation before, or kept in memory.
    fn at_hand(&self, tile: Tile) -> Option<Arc<HashedTile>> {
        let mut seen = self.seen.borrow_mut();
        if let Some(hashed) = seen.hashed.get(&tile) {
            return Some(Arc::clone(hashed));
        }
        let kept = self.use_store.then(|| self.view.kept.tile(tile)).flatten();
        seen.from_store |= kept.is_some();
        kept
    }

    /// The bytes of a tile in the store.
    fn stored(&self, tile: Tile) -> Option<Vec<u8>> {
        if !self.use_store {
            return None;
        }
        let length = tile.width() as usize * HASH_SIZE;
        // A full tile begins with what the partial ones before it had.
        let stored = [tile, tile.full()].into_iter().find_map(|candidate| {
            let mut data = self.view.store.tile(self.view.verifier.name(), candidate)?;
            let whole = data.len() == candidate.width() as usize * HASH_SIZE;
            data.truncate(length);
            whole.then_some(data)
        });
        self.seen.borrow_mut().from_store |= stored.is_some();
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

/// Fetches tiles, several at the same time.
fn fetch_tiles(fetch: &dyn Fetch, tiles: &[Tile]) -> Vec<Result<Vec<u8>, LookupError>> {
    let panicked = |tile: Tile| {
        let source = FetchError::Transport("the transport panicked".to_owned());
        Err(LookupError::Fetch { path: format!("/{tile}"), source })
    };
    // The first tile is fetched on this thread.
    let Some((&first, others)) = tiles.split_first() else { return Vec::new() };
    thread::scope(|scope| {
        let running: Vec<_> = others
            .iter()
            .map(|&tile| (tile, scope.spawn(move || fetch_tile(fetch, tile))))
            .collect();
        // The transport is the caller's code, and its panic must not leave the other threads
        // without somebody who joins them.
        let here = catch_unwind(AssertUnwindSafe(|| fetch_tile(fetch, first)));
        let mut results = vec![here.unwrap_or_else(|_| panicked(first))];
        results.extend(
            running.into_iter().map(|(tile, one)| one.join().unwrap_or_else(|_| panicked(tile))),
        );
        results
    })
}

/// The tiles in `tiles` for which `found` has nothing.
fn missing<T>(tiles: &[Tile], found: &[Option<T>]) -> Vec<Tile> {
    let pairs = tiles.iter().zip(found);
    pairs.filter(|(_, found)| found.is_none()).map(|(tile, _)| *tile).collect()
}

impl TileReader for Tiles<'_> {
    type Error = LookupError;

    fn height(&self) -> u8 {
        self.view.height
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, LookupError> {
        let stored: Vec<_> = tiles.iter().map(|&tile| self.stored(tile)).collect();
        let missing = missing(tiles, &stored);
        let mut fetched = Vec::with_capacity(missing.len());
        for batch in missing.chunks(PARALLEL) {
            for data in fetch_tiles(self.view.fetch, batch) {
                fetched.push(data?);
            }
        }
        self.seen.borrow_mut().fetched.extend(missing);
        let mut fetched = fetched.into_iter();
        Ok(stored.into_iter().filter_map(|data| data.or_else(|| fetched.next())).collect())
    }

    fn hashed_tiles(&self, tiles: &[Tile]) -> Result<Vec<Arc<HashedTile>>, LookupError> {
        let mut hashed: Vec<_> = tiles.iter().map(|&tile| self.at_hand(tile)).collect();
        let missing = missing(tiles, &hashed);
        if !missing.is_empty() {
            let data = self.read_tiles(&missing)?;
            let mut seen = self.seen.borrow_mut();
            let places = hashed.iter_mut().filter(|place| place.is_none());
            for (place, (tile, data)) in places.zip(missing.iter().zip(&data)) {
                let new = Arc::new(HashedTile::new(*tile, data)?);
                seen.hashed.insert(*tile, Arc::clone(&new));
                *place = Some(new);
            }
        }
        Ok(hashed.into_iter().flatten().collect())
    }

    fn authenticated(&self, tiles: &[Arc<HashedTile>]) {
        let mut seen = self.seen.borrow_mut();
        for tile in tiles {
            seen.good.insert(tile.tile(), Arc::clone(tile));
        }
    }
}
