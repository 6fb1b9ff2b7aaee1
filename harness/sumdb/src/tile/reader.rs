//! Stored hashes read from tiles that need not be trusted, authenticated by a tree head that is.

use std::collections::HashMap;

use super::hashes::{hash_from_tile, locate, subtree_hash};
use super::path::{Level, Tile};
use crate::tlog::{
    HASH_SIZE, Hash, HashReader, TlogError, TreeHead, node_hash, stored_hash_count,
    stored_hash_index, subtree_indexes,
};

/// Why tiles gave no hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TileError {
    /// The tiles do not support the tree's hash, so that at least one of them is wrong. The
    /// message is cmd/go's.
    #[error("downloaded inconsistent tile")]
    Inconsistent {
        /// The tile whose hash is not the one its parent holds, or `None` when the topmost tiles
        /// do not give the root hash and any of them may be wrong.
        tile: Option<Tile>,
    },
    /// A tile has the wrong number of bytes.
    #[error("{tile} has {got} bytes and should have {want}")]
    Length {
        /// The tile.
        tile: Tile,
        /// Bytes it has.
        got: usize,
        /// Bytes it should have.
        want: usize,
    },
    /// The hash is not in this tile.
    #[error("{tile} does not hold the hash at index {index}")]
    Elsewhere {
        /// The tile.
        tile: Tile,
        /// Index of the stored hash.
        index: u64,
    },
    /// The index is outside the tree, or the height outside its bounds.
    #[error(
        "no tile of height {height} in a tree of {size} records holds the hash at index {index}"
    )]
    NoTile {
        /// Height of the tiles.
        height: u8,
        /// Size of the tree.
        size: u64,
        /// Index of the stored hash.
        index: u64,
    },
    /// Hashes were asked of a data tile.
    #[error("{tile} holds records, not hashes")]
    NotHashes {
        /// The tile.
        tile: Tile,
    },
    /// A tree operation failed.
    #[error(transparent)]
    Tree(#[from] TlogError),
}

/// Where tiles come from: a server, a cache. What it reads is checked before it is used.
pub trait TileReader {
    /// What can go wrong on reading, tile and tree errors included.
    type Error: From<TileError> + From<TlogError>;

    /// The height of the tiles there are, 1 to 30.
    fn height(&self) -> u8;

    /// The bytes of each of `tiles`, in that order: 32 times their width.
    ///
    /// # Errors
    /// When any of them cannot be had.
    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Self::Error>;

    /// Called when the bytes that `read_tiles` has returned have been found to be true, and may be
    /// kept.
    fn authenticated(&self, tiles: &[Tile], data: &[Vec<u8>]);
}

/// Reads stored hashes of the tree with a given head through tiles.
///
/// Whatever it returns is proven to be in that tree.
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

    /// The tile that holds the hash at `index`, as wide as the tree makes it.
    fn widest(&self, index: u64) -> Result<Tile, TileError> {
        locate(self.tiles.height(), index)
            .and_then(|(tile, _)| ancestor(tile, 0, self.head.size))
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
    fn add(&mut self, tile: Tile) -> usize {
        *self.places.entry(tile).or_insert_with(|| {
            self.tiles.push(tile);
            self.tiles.len() - 1
        })
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
            tops.push((index, plan.add(self.widest(index)?)));
        }
        let top_tiles = plan.tiles.len();

        // The tiles with the hashes asked for, behind those parents that are not in the plan yet.
        let mut wanted = Vec::new();
        for &index in indexes {
            if index >= stored_hash_count(size) {
                return Err(self.no_tile(index).into());
            }
            let tile = self.widest(index)?;
            let mut missing = Vec::new();
            for k in 0.. {
                let up = ancestor(tile, k, size).ok_or_else(|| self.no_tile(index))?;
                if plan.places.contains_key(&up) {
                    break;
                }
                missing.push(up);
            }
            for tile in missing.into_iter().rev() {
                plan.add(tile);
            }
            wanted.push((index, plan.add(tile)));
        }

        let data = self.tiles.read_tiles(&plan.tiles)?;
        if data.len() != plan.tiles.len() {
            let (asked, given) = (plan.tiles.len(), data.len());
            return Err(TlogError::WrongCount { asked, given }.into());
        }
        for (tile, data) in plan.tiles.iter().zip(&data) {
            let want = tile.width() as usize * HASH_SIZE;
            if data.len() != want {
                return Err(TileError::Length { tile: *tile, got: data.len(), want }.into());
            }
        }
        let hash_at = |place: usize, index: u64| match (plan.tiles.get(place), data.get(place)) {
            (Some(tile), Some(data)) => hash_from_tile(*tile, data, index),
            _ => Err(self.no_tile(index)),
        };

        let mut root: Option<Hash> = None;
        for &(index, place) in tops.iter().rev() {
            let left = hash_at(place, index)?;
            root = Some(root.map_or(left, |right| node_hash(&left, &right)));
        }
        if root.unwrap_or(Hash::EMPTY) != self.head.hash {
            return Err(TileError::Inconsistent { tile: None }.into());
        }
        for (tile, data) in plan.tiles.iter().zip(&data).skip(top_tiles) {
            let inconsistent = TileError::Inconsistent { tile: Some(*tile) };
            let Level::Hashes(level) = tile.level() else { return Err(inconsistent.into()) };
            // Below the top are full tiles only, and a full tile's hash is one of its parent's.
            let index =
                stored_hash_index(u32::from(tile.height()) * (u32::from(level) + 1), tile.number());
            let held = ancestor(*tile, 1, size)
                .and_then(|parent| plan.places.get(&parent))
                .ok_or_else(|| self.no_tile(index))
                .and_then(|&place| hash_at(place, index))?;
            if subtree_hash(data) != Some(held) {
                return Err(inconsistent.into());
            }
        }

        self.tiles.authenticated(&plan.tiles, &data);
        let hashes: Result<Vec<Hash>, TileError> =
            wanted.iter().map(|&(index, place)| hash_at(place, index)).collect();
        Ok(hashes?)
    }
}
