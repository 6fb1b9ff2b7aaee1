//! Tiles through the client, for servers that pass a database on.

use std::collections::BTreeSet;

use twinproof_sumdb::client::{Client, Fetch, FetchError, LookupError, MemoryStore};
use twinproof_sumdb::server::{Local, MemoryLog};
use twinproof_sumdb::tile::{Level, Tile, TileError};

use crate::server::log;

fn client(log: &MemoryLog) -> Client<Local<&MemoryLog>, MemoryStore> {
    Client::new(&log.key(), Local(log), MemoryStore::default()).unwrap()
}

/// Every tile of these heights that a log of `size` records has, partial ones in some widths.
fn tiles(size: u64, heights: &[u8]) -> Vec<Tile> {
    let mut tiles = Vec::new();
    for &height in heights {
        let levels = (0..8).map(Level::Hashes).chain([Level::Data]);
        for level in levels {
            let shift = match level {
                Level::Data => 0,
                Level::Hashes(l) => u32::from(l) * u32::from(height),
            };
            let hashes = size >> shift;
            for number in 0..=hashes >> height {
                let start = number << height;
                let most = (hashes - start).min(1 << height);
                for width in BTreeSet::from([1.min(most), most / 2, most]) {
                    let width = width.try_into().unwrap();
                    tiles.extend(Tile::new(height, level, number, width));
                }
            }
        }
    }
    tiles
}

#[test]
fn every_tile_is_the_logs_own() {
    let cases: [(u64, &[u8]); 4] = [(1, &[1, 8]), (7, &[1, 2, 8]), (40, &[2, 3]), (257, &[8])];
    for (size, heights) in cases {
        let log = log(size);
        let client = client(&log);
        for tile in tiles(size, heights) {
            let want = Local(&log).get(&format!("/{tile}")).unwrap();
            assert_eq!(client.tile(tile).unwrap(), want, "{tile} of {size}");
            // Once more: from the store.
            assert_eq!(client.tile(tile).unwrap(), want, "{tile} of {size}");
        }
    }
}

#[test]
fn tiles_beyond_the_tree_are_not_there() {
    let log = log(5);
    let client = client(&log);
    for path in [
        "tile/8/0/000",
        "tile/8/0/000.p/6",
        "tile/8/0/001",
        "tile/8/1/000.p/1",
        "tile/30/0/000.p/1",
    ] {
        let error = client.tile(Tile::parse(path).unwrap()).unwrap_err();
        assert!(
            matches!(error, LookupError::Fetch { source: FetchError::NotFound, .. }),
            "{path}: {error}"
        );
    }
    // When it has grown, they are.
    log.add("example.com/z", "v1.0.0", "example.com/z v1.0.0 h1:z\n").unwrap();
    assert!(client.tile(Tile::parse("tile/8/0/000.p/6").unwrap()).is_ok());
}

/// Changes one byte of what a log says for a path.
struct Tampered<'a>(Local<&'a MemoryLog>, &'a str);

impl Fetch for Tampered<'_> {
    fn get(&self, path: &str) -> Result<Vec<u8>, FetchError> {
        let mut data = self.0.get(path)?;
        if path == self.1 {
            data[3] ^= 1;
        }
        Ok(data)
    }
}

#[test]
fn tampered_tiles_are_not_served() {
    let log = log(300);
    for path in ["/tile/8/0/000", "/tile/8/0/001.p/44", "/tile/8/1/000.p/1", "/tile/8/data/000"] {
        let fetch = Tampered(Local(&log), path);
        let client = Client::new(&log.key(), fetch, MemoryStore::default()).unwrap();
        let error = client.tile(Tile::parse(&path[1..]).unwrap()).unwrap_err();
        assert!(
            matches!(error, LookupError::Tile(TileError::Inconsistent { .. })),
            "{path}: {error}"
        );
    }
}
