//! Stored hashes read from tiles that need not be trusted, authenticated by a tree head that is.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::TileError;
use super::hashed::HashedTile;
use super::hashes::{HashPosition, locate};
use crate::tlog::{
    Hash, HashReader, TlogError, TreeHead, join, stored_hash_count, subtree_indexes,
};
use twinproof_gomod::tile::{Level, Tile};

/// A source of tiles: a server, a cache. Its users check tiles before they use them.
pub trait TileReader {
    /// The error of reading, tile and tree errors included.
    type Error: From<TileError> + From<TlogError>;

    /// The height of the tiles there are, 1 to 30.
    fn height(&self) -> u8;

    /// The bytes of each of `tiles`, in that order: 32 times their width.
    ///
    /// # Errors
    /// When any of them cannot be had.
    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Self::Error>;

    /// Each of `tiles` with the hashes above its own, in that order: what [`HashedTile::new`] makes
    /// of the bytes. Readers that keep it save hashing the same bytes again.
    ///
    /// # Errors
    /// As [`read_tiles`](Self::read_tiles), and for bytes that are too few or too many.
    fn hashed_tiles(&self, tiles: &[Tile]) -> Result<Vec<Arc<HashedTile>>, Self::Error> {
        let data = self.read_tiles(tiles)?;
        if data.len() != tiles.len() {
            let (asked, given) = (tiles.len(), data.len());
            return Err(TlogError::WrongCount { asked, given }.into());
        }
        let mut hashed = Vec::with_capacity(tiles.len());
        for (tile, data) in tiles.iter().zip(&data) {
            hashed.push(Arc::new(HashedTile::new(*tile, data)?));
        }
        Ok(hashed)
    }

    /// Called when tiles that were read have been found to be true, and may be kept.
    fn authenticated(&self, tiles: &[Arc<HashedTile>]);
}

/// Reads stored hashes of the tree with a given head through tiles.
///
/// Every hash that it returns is proven to be in that tree.
pub struct TileHashReader<'a, T: ?Sized> {
    head: TreeHead,
    tiles: &'a T,
}

impl<'a, T: TileReader + ?Sized> TileHashReader<'a, T> {
    /// A reader for the tree with head `head`, which must be trusted.
    pub fn new(head: TreeHead, tiles: &'a T) -> Self {
        Self { head, tiles }
    }

    fn no_tile(&self, index: u64) -> TileError {
        TileError::NoTile { height: self.tiles.height(), size: self.head.size, index }
    }

    /// The position of the hash at `index`, in a tile as wide as the tree makes it.
    fn place(&self, index: u64) -> Result<HashPosition, TileError> {
        locate(self.tiles.height(), index)
            .and_then(|place| {
                Some(HashPosition { tile: ancestor(place.tile, 0, self.head.size)?, ..place })
            })
            .ok_or_else(|| self.no_tile(index))
    }
}

/// The tile `k` levels above `tile` in a tree of `size` records, as wide as that tree makes it.
fn ancestor(tile: Tile, k: u32, size: u64) -> Option<Tile> {
    let Level::Hashes(level) = tile.level() else { return None };
    let height = u32::from(tile.height());
    let level = u32::from(level) + k;
    let number = tile.number().checked_shr(k * height).unwrap_or_default();
    let hashes = size.checked_shr(level * height).unwrap_or_default();
    let start = number.checked_mul(1 << height)?;
    let width = hashes.checked_sub(start)?.min(1 << height);
    Tile::new(
        tile.height(),
        Level::Hashes(u8::try_from(level).ok()?),
        number,
        u32::try_from(width).ok()?,
    )
}

/// The tiles to read, each once; the parents of a tile stand in front of it.
#[derive(Default)]
struct Plan {
    tiles: Vec<Tile>,
    places: HashMap<Tile, usize>,
}

impl Plan {
    /// A list of tiles that is searched from its end: the one looked for is mostly among the last.
    const SHORT: usize = 16;

    fn find(&self, tile: Tile) -> Option<usize> {
        if self.tiles.len() <= Self::SHORT {
            self.tiles.iter().rposition(|there| *there == tile)
        } else {
            self.places.get(&tile).copied()
        }
    }

    fn add(&mut self, tile: Tile) -> usize {
        if let Some(place) = self.find(tile) {
            return place;
        }
        let place = self.tiles.len();
        self.tiles.push(tile);
        if place == Self::SHORT {
            self.places.extend(self.tiles.iter().copied().zip(0..));
        } else if place > Self::SHORT {
            self.places.insert(tile, place);
        }
        place
    }
}

impl<T: TileReader + ?Sized> HashReader for TileHashReader<'_, T> {
    type Error = T::Error;

    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, T::Error> {
        let size = self.head.size;
        let mut plan = Plan::default();

        // The tiles that give the root hash. If they do, they are authenticated by it.
        let mut tops = Vec::new();
        for index in subtree_indexes(0, size) {
            let place = self.place(index)?;
            tops.push((plan.add(place.tile), place, index));
        }
        let top_tiles = plan.tiles.len();

        // The tiles with the hashes asked for, behind those parents that are not in the plan yet.
        let mut wanted = Vec::with_capacity(indexes.len());
        let mut missing = Vec::new();
        for &index in indexes {
            if index >= stored_hash_count(size) {
                return Err(self.no_tile(index).into());
            }
            let place = self.place(index)?;
            for k in 0.. {
                let up = ancestor(place.tile, k, size).ok_or_else(|| self.no_tile(index))?;
                if plan.find(up).is_some() {
                    break;
                }
                missing.push(up);
            }
            while let Some(tile) = missing.pop() {
                plan.add(tile);
            }
            wanted.push((plan.add(place.tile), place, index));
        }

        let tiles = self.tiles.hashed_tiles(&plan.tiles)?;
        if !tiles.iter().map(|tile| tile.tile()).eq(plan.tiles.iter().copied()) {
            let (asked, given) = (plan.tiles.len(), tiles.len());
            return Err(TlogError::WrongCount { asked, given }.into());
        }
        let hash_at = |&(tile, place, index): &(usize, HashPosition, u64)| {
            tiles
                .get(tile)
                .and_then(|tile| tile.hash(place.level, place.n))
                .ok_or_else(|| self.no_tile(index))
        };
        let hashes_at = |list: &[_]| list.iter().map(hash_at).collect::<Result<Vec<Hash>, _>>();

        if join(&hashes_at(&tops)?) != self.head.hash {
            return Err(TileError::Inconsistent { tile: None }.into());
        }
        for tile in tiles.iter().skip(top_tiles) {
            // Below the top are full tiles only, and a full tile's hash is one of its parent's.
            let height = u32::from(tile.tile().height());
            let n = tile.tile().number() & ((1 << height) - 1);
            let held = ancestor(tile.tile(), 1, size)
                .and_then(|parent| tiles.get(plan.find(parent)?)?.hash(0, n));
            if held.is_none() || held != tile.hash(height, 0) {
                return Err(TileError::Inconsistent { tile: Some(tile.tile()) }.into());
            }
        }

        self.tiles.authenticated(&tiles);
        Ok(hashes_at(&wanted)?)
    }
}
