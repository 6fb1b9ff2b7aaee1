//! Which tile holds a stored hash, what a tile's bytes say, and which tiles a growing log publishes.

use super::error::TileError;
use super::hashed::levels;
use crate::tlog::{HASH_SIZE, Hash, HashReader, split_stored_hash_index, stored_hash_indexes};
use twinproof_gomod::tile::{Level, MAX_HEIGHT, Tile};

/// The position of a stored hash in a tile.
#[derive(Clone, Copy)]
pub(super) struct HashPosition {
    /// The tile, of least width.
    pub(super) tile: Tile,
    /// Number of levels above the tile's own hashes.
    pub(super) level: u32,
    /// Its number in the tile's part of that level.
    pub(super) n: u64,
}

impl HashPosition {
    /// Its own hashes, as a range of bytes, whose subtree hash it is.
    fn bytes(self) -> std::ops::Range<usize> {
        let at = |n: u64| usize::try_from(n << self.level).map_or(0, |n| n * HASH_SIZE);
        at(self.n)..at(self.n + 1)
    }
}

/// The tile of `height`, and the position in it, of the stored hash `index`. `None` for a height
/// out of bounds.
pub(super) fn locate(height: u8, index: u64) -> Option<HashPosition> {
    if !(1..=MAX_HEIGHT).contains(&height) {
        return None;
    }
    let (level, n) = split_stored_hash_index(index);
    let tile_level = level.checked_div(u32::from(height))?;
    let inner = level - tile_level * u32::from(height);
    // The tile has this many hashes at that level.
    let across = u32::from(height) - inner;
    let (number, n) = (n >> across, n & ((1 << across) - 1));
    let width = u32::try_from((n + 1) << inner).ok()?;
    let level = Level::Hashes(u8::try_from(tile_level).ok()?);
    Some(HashPosition { tile: Tile::new(height, level, number, width)?, level: inner, n })
}

/// The tile of `height` and least width that holds the stored hash `index`.
///
/// `None` when the height is not 1 to 30 or no tree is large enough for the index.
#[must_use]
pub fn tile_for_index(height: u8, index: u64) -> Option<Tile> {
    locate(height, index).map(|place| place.tile)
}

/// The stored hash `index`, computed from the bytes of `tile`: [`tile_for_index`] or a wider one.
///
/// # Errors
/// [`TileError::Length`] when `data` is shorter than the tile is wide, [`TileError::Elsewhere`]
/// when the tile does not hold that hash.
pub fn hash_from_tile(tile: Tile, data: &[u8], index: u64) -> Result<Hash, TileError> {
    let want = tile.width() as usize * HASH_SIZE;
    if data.len() < want {
        return Err(TileError::Length { tile, got: data.len(), want });
    }
    locate(tile.height(), index)
        .filter(|place| {
            let least = place.tile;
            (least.level(), least.number()) == (tile.level(), tile.number())
                && least.width() <= tile.width()
        })
        .and_then(|place| levels(data.get(place.bytes())?).pop()?.pop())
        .ok_or(TileError::Elsewhere { tile, index })
}

/// The hash tiles of `height` to publish when a log of `old` records has grown to `new`.
///
/// Empty when the height is not 1 to 30.
#[must_use]
pub fn new_tiles(height: u8, old: u64, new: u64) -> Vec<Tile> {
    if !(1..=MAX_HEIGHT).contains(&height) {
        return Vec::new();
    }
    let full = 1u32 << height;
    // About as many as there are.
    let first = (new >> height).saturating_sub(old >> height);
    let mut tiles = Vec::with_capacity(usize::try_from(first.min(1 << 16)).unwrap_or(0) + 4);
    let (mut from, mut to, mut level) = (old, new, 0u8);
    while to > 0 {
        let number = to >> height;
        if from < to {
            let whole = (from >> height)..number;
            tiles.extend(whole.filter_map(|n| Tile::new(height, Level::Hashes(level), n, full)));
            let width = u32::try_from(to - (number << height)).unwrap_or_default();
            tiles.extend(Tile::new(height, Level::Hashes(level), number, width));
        }
        (from, to) = (from >> height, number);
        level += 1;
    }
    tiles
}

/// The bytes of the hash tile `tile`, made from stored hashes.
///
/// # Errors
/// [`TileError::NotHashes`] for a data tile, and what the reader returns.
pub fn read_tile_data<R>(tile: Tile, reader: &R) -> Result<Vec<u8>, R::Error>
where
    R: HashReader + ?Sized,
    R::Error: From<TileError>,
{
    let Level::Hashes(level) = tile.level() else {
        return Err(TileError::NotHashes { tile }.into());
    };
    let level = u32::from(tile.height()) * u32::from(level);
    let start = tile.number().saturating_mul(1 << tile.height());
    let indexes: Vec<u64> = stored_hash_indexes(level, start, tile.width()).collect();
    let hashes = reader.read_hashes(&indexes)?;
    if hashes.len() != indexes.len() {
        return Err(TileError::from(crate::tlog::TlogError::WrongCount {
            asked: indexes.len(),
            given: hashes.len(),
        })
        .into());
    }
    let mut data = Vec::with_capacity(hashes.len() * HASH_SIZE);
    hashes.iter().for_each(|hash| data.extend_from_slice(&hash.0));
    Ok(data)
}
