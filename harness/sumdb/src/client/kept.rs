//! The client's memory of work that need not be done twice: the hashes above a tile's own, and the
//! signatures of tree heads.
//!
//! Both follow from bytes alone, and are found again only by the same bytes or by a tile's place.
//! The client does not trust them: it checks a tile from here against the tree head of each lookup
//! like one that it has just fetched.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::error::LookupError;
use super::head::SignedHead;
use crate::note::Verifier;
use crate::tile::{HashedTile, Tile};

/// The most bytes of hashes that are kept, about.
const MAX_TILES: u64 = 32 << 20;

/// The most bytes of notes that are kept, about.
const MAX_NOTES: u64 = 1 << 20;

/// The size of a cache entry, in bytes.
#[derive(Clone, Copy, Debug)]
struct Size;

impl Weighter<Tile, Arc<HashedTile>> for Size {
    fn weight(&self, _: &Tile, tile: &Arc<HashedTile>) -> u64 {
        tile.size() as u64
    }
}

impl Weighter<Vec<u8>, SignedHead> for Size {
    fn weight(&self, note: &Vec<u8>, head: &SignedHead) -> u64 {
        (note.len() + head.note.len()) as u64
    }
}

/// The tiles and tree heads of one client.
#[derive(Debug)]
pub(super) struct Kept {
    tiles: Cache<Tile, Arc<HashedTile>, Size>,
    heads: Cache<Vec<u8>, SignedHead, Size>,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            tiles: Cache::with_weighter(64, MAX_TILES, Size),
            heads: Cache::with_weighter(16, MAX_NOTES, Size),
        }
    }
}

impl Kept {
    /// A tile that [`keep`](Self::keep) was given.
    pub(super) fn tile(&self, tile: Tile) -> Option<Arc<HashedTile>> {
        self.tiles.get(&tile)
    }

    /// Keeps a tile that was found to be true.
    pub(super) fn keep(&self, tile: &Arc<HashedTile>) {
        self.tiles.insert(tile.tile(), Arc::clone(tile));
    }

    /// Opens a signed tree note, or finds it among those that were opened.
    pub(super) fn open(&self, note: &[u8], verifier: &Verifier) -> Result<SignedHead, LookupError> {
        if let Some(head) = self.heads.get(note) {
            return Ok(head);
        }
        let head = SignedHead::open(note, verifier)?;
        self.heads.insert(note.to_vec(), head.clone());
        Ok(head)
    }
}
