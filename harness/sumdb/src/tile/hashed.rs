//! A tile with all the hashes above its own.
//!
//! Whether it is true is for others to find out: this says what follows from the bytes. It need be
//! made only once of the same bytes, and gives every hash of its part of the tree after that.

use super::error::TileError;
use crate::tlog::{HASH_SIZE, Hash, join_pairs};
use twinproof_gomod::tile::{Level, Tile};

/// The hashes of a tile, and those of the complete subtrees over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashedTile {
    tile: Tile,
    /// A list for each level, from the tile's own up.
    levels: Vec<Vec<Hash>>,
}

impl HashedTile {
    /// Hashes the bytes of `tile`.
    ///
    /// # Errors
    /// [`TileError::Length`] when they are not 32 for each of its width, and
    /// [`TileError::NotHashes`] for a data tile.
    pub fn new(tile: Tile, data: &[u8]) -> Result<Self, TileError> {
        if tile.level() == Level::Data {
            return Err(TileError::NotHashes { tile });
        }
        let want = tile.width() as usize * HASH_SIZE;
        if data.len() != want {
            return Err(TileError::Length { tile, got: data.len(), want });
        }
        Ok(Self { tile, levels: levels(data) })
    }

    /// The tile.
    #[must_use]
    pub fn tile(&self) -> Tile {
        self.tile
    }

    /// The tile's bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut data = Vec::with_capacity(self.tile.width() as usize * HASH_SIZE);
        let own = self.levels.first().map(Vec::as_slice).unwrap_or_default();
        own.iter().for_each(|hash| data.extend_from_slice(&hash.0));
        data
    }

    /// Size of its hashes, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.levels.iter().map(|hashes| hashes.len() * HASH_SIZE).sum()
    }

    /// The hash of the `n`th complete subtree of `2^level` of the tile's own hashes.
    pub(super) fn hash(&self, level: u32, n: u64) -> Option<Hash> {
        let hashes = self.levels.get(usize::try_from(level).ok()?)?;
        hashes.get(usize::try_from(n).ok()?).copied()
    }
}

/// The hashes in `data`, and those of the complete subtrees over them, level by level.
pub(super) fn levels(data: &[u8]) -> Vec<Vec<Hash>> {
    let mut below: Vec<Hash> = data.as_chunks::<HASH_SIZE>().0.iter().map(|b| Hash(*b)).collect();
    let mut levels = Vec::with_capacity(below.len().max(1).ilog2() as usize + 1);
    while below.len() > 1 {
        let mut above = Vec::new();
        join_pairs(&below, &mut above);
        levels.push(std::mem::replace(&mut below, above));
    }
    levels.push(below);
    levels
}
