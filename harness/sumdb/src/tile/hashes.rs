//! Which tile holds a stored hash, what a tile's bytes say, and which tiles a growing log publishes.

use super::path::{Level, MAX_HEIGHT, Tile};
use super::reader::TileError;
use crate::tlog::{HASH_SIZE, Hash, HashReader, fold, split_stored_hash_index, stored_hash_index};

/// The tile of `height` and least width that holds the stored hash `index`, and the places in the
/// tile, as a range of hashes, whose subtree hash it is. `None` for a height out of bounds.
pub(super) fn locate(height: u8, index: u64) -> Option<(Tile, std::ops::Range<usize>)> {
    if !(1..=MAX_HEIGHT).contains(&height) {
        return None;
    }
    let (level, n) = split_stored_hash_index(index);
    let tile_level = level.checked_div(u32::from(height))?;
    let inner = level - tile_level * u32::from(height);
    let start = n.checked_mul(1 << inner)?;
    let number = start >> height;
    let start = start - (number << height);
    let end = start + (1 << inner);
    let tile = Tile::new(
        height,
        Level::Hashes(u8::try_from(tile_level).ok()?),
        number,
        u32::try_from(end).ok()?,
    )?;
    Some((tile, usize::try_from(start).ok()?..usize::try_from(end).ok()?))
}

/// The tile of `height` and least width that holds the stored hash `index`.
///
/// `None` when the height is not 1 to 30 or no tree is large enough for the index.
#[must_use]
pub fn tile_for_index(height: u8, index: u64) -> Option<Tile> {
    locate(height, index).map(|(tile, _)| tile)
}

/// The hash of the complete subtree over `data`, which is a power of two of hashes.
pub(super) fn subtree_hash(data: &[u8]) -> Option<Hash> {
    let mut hashes: Vec<Hash> =
        data.as_chunks::<HASH_SIZE>().0.iter().map(|bytes| Hash(*bytes)).collect();
    if !hashes.len().is_power_of_two() || hashes.len() * HASH_SIZE != data.len() {
        return None;
    }
    fold(&mut hashes)
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
    let elsewhere = TileError::Elsewhere { tile, index };
    let Some((least, places)) = locate(tile.height(), index) else { return Err(elsewhere) };
    if (least.level(), least.number()) != (tile.level(), tile.number())
        || least.width() > tile.width()
    {
        return Err(elsewhere);
    }
    data.get(places.start * HASH_SIZE..places.end * HASH_SIZE)
        .and_then(subtree_hash)
        .ok_or(elsewhere)
}

/// The hash tiles of `height` to publish when a log of `old` records has grown to `new`.
///
/// Empty when the height is not 1 to 30.
#[must_use]
pub fn new_tiles(height: u8, old: u64, new: u64) -> Vec<Tile> {
    let mut tiles = Vec::new();
    if !(1..=MAX_HEIGHT).contains(&height) {
        return tiles;
    }
    let mut level = 0u8;
    let shift =
        |n: u64, level: u8| n.checked_shr(u32::from(height) * u32::from(level)).unwrap_or_default();
    while shift(new, level) > 0 {
        let (from, to) = (shift(old, level), shift(new, level));
        if from < to {
            let whole = (from >> height)..(to >> height);
            tiles.extend(
                whole.filter_map(|n| Tile::new(height, Level::Hashes(level), n, 1 << height)),
            );
            let number = to >> height;
            let width = u32::try_from(to - (number << height)).unwrap_or_default();
            tiles.extend(Tile::new(height, Level::Hashes(level), number, width));
        }
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
    let indexes: Vec<u64> = (0..u64::from(tile.width()))
        .map(|i| stored_hash_index(level, start.saturating_add(i)))
        .collect();
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
