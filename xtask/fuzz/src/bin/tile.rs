//! Paths of tiles: an accepted one is written the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use twinproof_sumdb::tile::Tile;

fuzz_target!(|path: &str| {
    if let Ok(tile) = Tile::parse(path) {
        assert_eq!(tile.to_string(), path);
    }
});
