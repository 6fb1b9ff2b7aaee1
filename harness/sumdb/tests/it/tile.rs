//! Tiles: paths both ways, and reading hashes through tiles that may lie.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::Arc;

use proptest::prelude::*;
use rstest::rstest;
use twinproof_sumdb::tile::{
    HashedTile, Level, Tile, TileError, TileHashReader, TileReader, hash_from_tile, new_tiles,
    read_tile_data, tile_for_index,
};
use twinproof_sumdb::tlog::{
    Hash, HashReader, TlogError, TreeHead, stored_hash_count, stored_hash_index,
};

use crate::log::{root, stored};

#[rstest]
#[case("tile/8/0/000", 8, Level::Hashes(0), 0, 256)]
#[case("tile/8/0/000.p/5", 8, Level::Hashes(0), 0, 5)]
#[case("tile/3/4/x001/x234/067.p/1", 3, Level::Hashes(4), 1_234_067, 1)]
#[case("tile/3/4/x001/x234/067", 3, Level::Hashes(4), 1_234_067, 8)]
#[case("tile/8/data/007", 8, Level::Data, 7, 256)]
#[case("tile/30/63/999.p/1073741823", 30, Level::Hashes(63), 999, (1 << 30) - 1)]
#[case("tile/1/0/x009/x223/x372/x036/x854/x775/807", 1, Level::Hashes(0), i64::MAX as u64, 2)]
fn a_tile_has_the_documented_path(
    #[case] path: &str,
    #[case] height: u8,
    #[case] level: Level,
    #[case] number: u64,
    #[case] width: u32,
) {
    let tile = Tile::new(height, level, number, width).unwrap();
    assert_eq!(tile.to_string(), path);
    assert_eq!(Tile::parse(path), Ok(tile));
}

#[rstest]
#[case::empty("")]
#[case::another_word("tiles/8/0/000")]
#[case::leading_slash("/tile/8/0/000")]
#[case::no_number("tile/8/0")]
#[case::no_height("tile//0/000")]
#[case::height_zero("tile/0/0/000")]
#[case::height_31("tile/31/0/000")]
#[case::height_with_zero("tile/08/0/000")]
#[case::height_with_plus("tile/+8/0/000")]
#[case::level_64("tile/8/64/000")]
#[case::negative_level("tile/8/-1/000")]
#[case::level_with_zero("tile/8/00/000")]
#[case::two_digits("tile/8/0/00")]
#[case::four_digits("tile/8/0/0000")]
#[case::no_x("tile/8/0/001/234")]
#[case::x_at_the_end("tile/8/0/x001")]
#[case::idle_group("tile/8/0/x000/001")]
#[case::width_zero("tile/8/0/000.p/0")]
#[case::full_width_said("tile/8/0/000.p/256")]
#[case::width_beyond("tile/8/0/000.p/257")]
#[case::width_with_zero("tile/8/0/000.p/05")]
#[case::no_width("tile/8/0/000.p/")]
#[case::only_p("tile/8/0/.p/5")]
#[case::p_in_the_middle("tile/8/0/x001.p/234")]
#[case::trailing_slash("tile/8/0/000/")]
#[case::too_large("tile/1/0/x009/x223/x372/x036/x854/x775/808")]
#[case::far_too_large("tile/1/0/x999/x999/x999/x999/x999/x999/x999/x999/999")]
fn a_malformed_path_is_refused(#[case] path: &str) {
    let error = Tile::parse(path).unwrap_err();
    assert_eq!(error.path, path);
}

proptest! {
    #[test]
    fn every_tile_has_one_path(
        height in 1u8..=30, level in prop::option::of(0u8..=63), number in 0..=i64::MAX as u64,
        width: prop::sample::Index,
    ) {
        let level = level.map_or(Level::Data, Level::Hashes);
        let width = 1 + width.index(1 << height) as u32;
        let tile = Tile::new(height, level, number, width).unwrap();
        prop_assert_eq!(Tile::parse(&tile.to_string()), Ok(tile));
    }

    #[test]
    fn a_path_that_parses_is_the_tiles_own(path in "tile/[0-9]{1,2}/(data|[0-9]{1,2})(/x?[0-9]{1,4}){1,3}(\\.p/[0-9]{1,4})?") {
        if let Ok(tile) = Tile::parse(&path) {
            prop_assert_eq!(tile.to_string(), path);
        }
    }

    #[test]
    fn any_text_and_any_numbers_are_taken(path: String, height: u8, index: u64, old: u64, new: u64) {
        let _ = Tile::parse(&path);
        let _ = tile_for_index(height, index);
        if height > 6 {
            let _ = new_tiles(height, new.saturating_sub(old % 1000), new);
        }
    }
}

/// A double of a tile server: the tiles of a log, which a test may change.
struct TilesDouble {
    height: u8,
    tiles: HashMap<Tile, Vec<u8>>,
    authenticated: Cell<usize>,
}

struct Source<'a>(&'a [Hash]);

impl HashReader for Source<'_> {
    type Error = TileError;

    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, TileError> {
        Ok(self.0.read_hashes(indexes)?)
    }
}

/// The bytes of a tile of a log.
pub fn data(tile: Tile, stored: &[Hash]) -> Vec<u8> {
    read_tile_data(tile, &Source(stored)).unwrap()
}

impl TilesDouble {
    fn new(height: u8, size: u64, stored: &[Hash]) -> Self {
        let tiles =
            new_tiles(height, 0, size).into_iter().map(|tile| (tile, data(tile, stored))).collect();
        Self { height, tiles, authenticated: Cell::new(0) }
    }
}

impl TileReader for TilesDouble {
    type Error = TileError;

    fn height(&self) -> u8 {
        self.height
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, TileError> {
        Ok(tiles.iter().map(|tile| self.tiles[tile].clone()).collect())
    }

    fn authenticated(&self, tiles: &[Arc<HashedTile>]) {
        self.authenticated.set(self.authenticated.get() + tiles.len());
    }
}

#[rstest]
fn every_hash_of_every_tree_is_read_through_tiles(#[values(1, 2, 3, 5, 8)] height: u8) {
    let stored = stored(130);
    for size in 0..=130 {
        let tiles = TilesDouble::new(height, size, &stored);
        let reader = TileHashReader::new(TreeHead { size, hash: root(size, &stored) }, &tiles);
        let count = stored_hash_count(size);
        let indexes: Vec<u64> = (0..count).rev().collect();
        let mut hashes = reader.read_hashes(&indexes).unwrap();
        hashes.reverse();
        assert_eq!(hashes, stored[..count as usize], "tree of {size}");
        let beyond = TileError::NoTile { height, size, index: count };
        assert_eq!(reader.read_hashes(&[count]), Err(beyond));
    }
}

proptest! {
    #[test]
    fn a_changed_byte_in_any_tile_is_found(
        size in 1u64..200, height in 1u8..6, which: prop::sample::Index, at: prop::sample::Index,
        bit in 0u8..8,
    ) {
        let stored = stored(size);
        let head = TreeHead { size, hash: root(size, &stored) };
        let mut double = TilesDouble::new(height, size, &stored);
        let tiles = new_tiles(height, 0, size);
        let tile = tiles[which.index(tiles.len())];
        let data = double.tiles.get_mut(&tile).unwrap();
        let at = at.index(data.len());
        data[at] ^= 1 << bit;
        // Whichever hash of the tile is asked for, the whole tile is authenticated.
        let Level::Hashes(level) = tile.level() else { unreachable!() };
        let index = stored_hash_index(
            u32::from(level) * u32::from(height), tile.number() << height,
        );
        let result = TileHashReader::new(head, &double).read_hashes(&[index]);
        prop_assert!(matches!(result, Err(TileError::Inconsistent { .. })), "{result:?}");
        prop_assert_eq!(double.authenticated.get(), 0);
    }

    #[test]
    fn tiles_of_any_bytes_are_refused(size in 1u64..100, height in 1u8..6, data: Vec<u8>) {
        let stored = stored(size);
        let head = TreeHead { size, hash: root(size, &stored) };
        let mut double = TilesDouble::new(height, size, &stored);
        for tile in double.tiles.values_mut() {
            tile.clone_from(&data);
        }
        prop_assert!(TileHashReader::new(head, &double).read_hashes(&[0]).is_err());
    }
}

#[test]
fn a_tile_gives_only_its_own_hashes() {
    let stored = stored(20);
    let tile = Tile::new(2, Level::Hashes(0), 1, 4).unwrap();
    let data = read_tile_data(tile, &Source(&stored)).unwrap();
    // Records 4 to 7, their pairs, and the four of them.
    for (level, n) in [(0, 4), (0, 7), (1, 2), (1, 3)] {
        let index = stored_hash_index(level, n);
        assert_eq!(hash_from_tile(tile, &data, index), Ok(stored[index as usize]));
    }
    for (level, n) in [(0, 3), (0, 8), (2, 1), (1, 1)] {
        let index = stored_hash_index(level, n);
        assert_eq!(
            hash_from_tile(tile, &data, index),
            Err(TileError::Elsewhere { tile, index }),
            "level {level}, number {n}",
        );
    }
    let short = TileError::Length { tile, got: 127, want: 128 };
    assert_eq!(hash_from_tile(tile, &data[..127], 7), Err(short));
}

#[rstest]
#[case(1, 1, 0)]
#[case(100, 101, 1)]
#[case(1023, 1025, 3)]
#[case(1024, 1030, 1)]
#[case(1030, 2000, 1)]
#[case(1030, 10000, 10)]
#[case(49_516_517, 49_516_586, 3)]
fn tiles_to_publish(#[case] old: u64, #[case] new: u64, #[case] count: usize) {
    assert_eq!(new_tiles(10, old, new).len(), count);
}

#[rstest]
#[case(0)]
#[case(31)]
#[case(255)]
fn heights_out_of_bounds(#[case] height: u8) {
    assert_eq!(Tile::new(height, Level::Data, 0, 1), None);
    assert_eq!(tile_for_index(height, 0), None);
    assert_eq!(new_tiles(height, 0, 100), []);
}

#[test]
fn data_tiles_hold_no_hashes() {
    let tile = Tile::new(2, Level::Data, 0, 4).unwrap();
    assert_eq!(read_tile_data(tile, &Source(&stored(4))), Err(TileError::NotHashes { tile }),);
    let beyond = Tile::new(2, Level::Hashes(0), 1, 1).unwrap();
    assert_eq!(
        read_tile_data(beyond, &Source(&stored(4))),
        Err(TileError::Tree(TlogError::NoHash(7))),
    );
}
