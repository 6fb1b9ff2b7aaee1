//! The client's memory saves work, and is trusted no more than fetched tiles.

use std::sync::Mutex;

use twinproof_sumdb::client::{
    Client, Fetch, FetchError, LookupError, MemoryStore, Store, StoreError, Swap,
};
use twinproof_sumdb::server::{Local, MemoryLog};
use twinproof_sumdb::tile::{HashedTile, Level, Tile, TileError};

use crate::server::{log, text};

/// A double of a store that keeps nothing, so that every lookup is a client's first.
struct Forgetful;

impl Store for Forgetful {
    fn latest(&self, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    fn swap_latest(&self, _: &str, _: Option<&[u8]>, _: &[u8]) -> Result<Swap, StoreError> {
        Ok(Swap::Done)
    }

    fn tile(&self, _: &str, _: Tile) -> Option<Vec<u8>> {
        None
    }

    fn keep_tile(&self, _: &str, _: Tile, _: &[u8]) {}
}

/// A double of a database that is now one log, now another, and counts the tiles it served.
struct Changing<'a> {
    log: Mutex<&'a MemoryLog>,
    tiles: Mutex<usize>,
}

impl Fetch for &Changing<'_> {
    fn get(&self, path: &str) -> Result<Vec<u8>, FetchError> {
        *self.tiles.lock().unwrap() += usize::from(path.starts_with("/tile/"));
        Local(*self.log.lock().unwrap()).get(path)
    }
}

/// A log like [`log`]'s, whose record 7 is another.
fn other_log(size: u64) -> MemoryLog {
    let log = log(7);
    for n in 7..size {
        let module = format!("example.com/m{}", if n == 7 { 1_000_000 } else { n });
        log.add(&module, "v1.0.0", &text(&module)).unwrap();
    }
    log
}

#[test]
fn tiles_of_another_history_are_not_taken_for_this_one() {
    let (one, other) = (log(70), other_log(70));
    let database = Changing { log: Mutex::new(&one), tiles: Mutex::default() };
    let client = Client::new(&one.key(), &database, Forgetful).unwrap().with_tile_height(2);
    let look_up = |module: &str| client.lookup_with_proof(module, "v1.0.0");
    let tiles = || std::mem::take(&mut *database.tiles.lock().unwrap());
    assert_eq!(look_up("example.com/m5").unwrap().root_hash, one.head().unwrap().hash);
    assert_ne!(tiles(), 0);
    // From memory.
    assert_eq!(look_up("example.com/m6").unwrap().root_hash, one.head().unwrap().hash);
    assert_eq!(tiles(), 0);
    // Nothing of the first log is in a proof of the second.
    *database.log.lock().unwrap() = &other;
    assert_eq!(look_up("example.com/m5").unwrap().root_hash, other.head().unwrap().hash);
    assert_ne!(tiles(), 0);
    assert_eq!(look_up("example.com/m1000000").unwrap().root_hash, other.head().unwrap().hash);
}

#[test]
fn a_fork_is_found_with_the_tiles_in_memory() {
    let (one, other) = (log(70), other_log(90));
    let database = Changing { log: Mutex::new(&one), tiles: Mutex::default() };
    let client = Client::new(&one.key(), &database, MemoryStore::default()).unwrap();
    let client = client.with_tile_height(2);
    client.lookup("example.com/m5", "v1.0.0").unwrap();
    *database.log.lock().unwrap() = &other;
    for module in ["example.com/m5", "example.com/m80"] {
        let result = client.lookup(module, "v1.0.0");
        assert!(matches!(result, Err(LookupError::Fork(_))), "{result:?}");
    }
    *database.log.lock().unwrap() = &one;
    client.lookup("example.com/m6", "v1.0.0").unwrap();
}

#[test]
fn a_hashed_tile_is_its_bytes() {
    let tile = Tile::new(3, Level::Hashes(0), 2, 5).unwrap();
    let data: Vec<u8> = (0..160).collect();
    let hashed = HashedTile::new(tile, &data).unwrap();
    assert_eq!((hashed.tile(), hashed.bytes()), (tile, data));
    // Five, two pairs and one of four.
    assert_eq!(hashed.size(), 32 * (5 + 2 + 1));
    for got in [0, 159, 161] {
        let error = HashedTile::new(tile, &vec![0; got]).unwrap_err();
        assert_eq!(error, TileError::Length { tile, got, want: 160 });
    }
    let tile = Tile::new(3, Level::Data, 2, 5).unwrap();
    assert_eq!(HashedTile::new(tile, &[]), Err(TileError::NotHashes { tile }));
}
