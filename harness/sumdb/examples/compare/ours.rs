//! The small tasks, as this crate does them.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use serde_json::{Value, json};
use twinproof_sumdb::note::{Note, Signer, open, sign};
use twinproof_sumdb::tile::{
    HashedTile, Level, Tile, TileError, TileHashReader, TileReader, hash_from_tile, new_tiles,
    read_tile_data,
};
use twinproof_sumdb::tlog::{
    Hash, HashReader, Inclusion, TreeHead, check_record, check_records, check_tree, node_hash,
    prove_record, prove_tree, record_hash, stored_hash_index, stored_hashes, stored_hashes_of_all,
    tree_hash,
};

/// Records of the log.
pub const SIZE: u64 = 100_000;

/// Proofs that are checked in turn.
const PROOFS: u64 = 64;

/// Spreads the tasks over the log.
pub fn place(i: u64, size: u64) -> u64 {
    // A prime that shares no factor with the size: every record has its turn.
    i * 7919 % size
}

/// The module that record `n` is about.
pub fn module(n: u64) -> String {
    format!("example.com/organisation/module{n}")
}

fn record(n: u64) -> Vec<u8> {
    // The h1 of nothing: only the length of the text matters here.
    let hash = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let module = module(n);
    format!("{module} v1.0.0 {hash}\n{module} v1.0.0/go.mod {hash}\n").into_bytes()
}

/// Makes a result of a hash at little cost.
fn last(hash: &Hash) -> u64 {
    u64::from(hash.0[31])
}

/// A log that tasks are about.
pub struct Log {
    pub records: Vec<Vec<u8>>,
    stored: Vec<Hash>,
    root: Hash,
    pub key: String,
    pub note: String,
    signer: Signer,
    pub tiles: HashMap<Tile, Vec<u8>>,
}

struct Stored<'a>(&'a [Hash]);

impl HashReader for Stored<'_> {
    type Error = TileError;

    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, TileError> {
        Ok(self.0.read_hashes(indexes)?)
    }
}

/// All tiles of a log.
fn tiles(stored: &[Hash], size: u64) -> impl Iterator<Item = (Tile, Vec<u8>)> {
    let new = new_tiles(8, 0, size).into_iter();
    new.map(|tile| (tile, read_tile_data(tile, &Stored(stored)).unwrap()))
}

impl TileReader for Log {
    type Error = TileError;

    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, TileError> {
        Ok(tiles.iter().map(|tile| self.tiles[tile].clone()).collect())
    }

    fn authenticated(&self, _: &[Arc<HashedTile>]) {}
}

impl Log {
    pub fn new(size: u64) -> Self {
        let records: Vec<Vec<u8>> = (0..size).map(record).collect();
        let stored = stored_hashes_of_all(0, &records, [].as_slice()).unwrap();
        let root = tree_hash(size, stored.as_slice()).unwrap();
        let signer = Signer::from_seed("example.com/sumdb", [1; 32]).unwrap();
        let text = TreeHead { size, hash: root }.to_string();
        let note = sign(&Note { text, ..Note::default() }, &[&signer]).unwrap();
        let tiles = tiles(&stored, size).collect();
        let key = signer.verifier().encode();
        Self { records, stored, root, key, note, signer, tiles }
    }

    fn record(&self, n: u64) -> &[u8] {
        &self.records[n as usize]
    }
}

pub type Run<'a> = Box<dyn FnMut(u64) -> u64 + 'a>;

/// A task, and what is measured of it.
pub struct Task<'a> {
    pub name: &'static str,
    pub what: &'static str,
    pub prepare: Box<dyn Fn() -> Run<'a> + 'a>,
    /// The number of iterations in a round; without one, as many as [`ROUND`] has time for.
    pub count: Option<u64>,
    size: u64,
    key: &'a str,
    note: &'a str,
}

impl Task<'_> {
    /// Sets the number of iterations in a round.
    pub fn times(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// The request to the other side.
    pub fn request(&self, count: u64) -> Value {
        json!({
            "task": self.name, "count": count, "size": self.size, "key": self.key,
            "note": self.note,
        })
    }
}

pub fn task<'a, R: FnMut(u64) -> u64 + 'a>(
    log: &'a Log,
    name: &'static str,
    what: &'static str,
    prepare: impl Fn() -> R + 'a,
) -> Task<'a> {
    let prepare = Box::new(move || Box::new(prepare()) as Run<'a>);
    let size = log.records.len() as u64;
    Task { name, what, prepare, count: None, size, key: &log.key, note: &log.note }
}

/// All of them.
pub fn tasks(log: &Log) -> Vec<Task<'_>> {
    let stored = log.stored.as_slice();
    // Inclusion proofs, each with the hash of its record.
    let proofs = move || -> Vec<_> {
        (0..PROOFS)
            .map(|i| prove_record(SIZE, place(i, SIZE), stored).unwrap())
            .zip((0..PROOFS).map(|i| record_hash(log.record(place(i, SIZE)))))
            .collect()
    };
    let mut tasks = vec![
        task(log, "record_hash", "hash of a record of 190 bytes", || {
            // So many proofs in turn that the processor's caches hold no single one.
            |i| last(&record_hash(black_box(log.record(i % PROOFS))))
        }),
        task(log, "node_hash", "hash of an inner node", move || {
            // Each hash depends on the one before, so that the processor cannot compute several at
            // once.
            let mut hash = log.root;
            move |i| {
                hash = node_hash(&hash, &stored[(i % PROOFS) as usize]);
                last(&hash)
            }
        }),
        task(log, "stored_hashes", "hashes to store for a record", move || {
            let mut grown: Vec<Hash> = Vec::new();
            move |i| {
                // Begins again with an empty tree when the records are used up.
                if i % SIZE == 0 {
                    grown.clear();
                }
                let more = stored_hashes(i % SIZE, log.record(i % SIZE), grown.as_slice()).unwrap();
                grown.extend_from_slice(&more);
                last(more.last().unwrap())
            }
        }),
        task(log, "tree_hash", "root of a tree of up to 100,000 records", move || {
            move |i| last(&tree_hash(1 + place(i, SIZE), stored).unwrap())
        }),
        task(log, "prove_record", "inclusion proof in 100,000 records: make", move || {
            move |i| last(&prove_record(SIZE, place(i, SIZE), stored).unwrap()[0])
        }),
        task(log, "check_record", "inclusion proof in 100,000 records: check", move || {
            let proofs = proofs();
            move |i| {
                let i = i % PROOFS;
                let (proof, leaf) = &proofs[i as usize];
                check_record(black_box(proof), SIZE, &log.root, place(i, SIZE), leaf).unwrap();
                0
            }
        }),
        task(log, "check_many", "64 inclusion proofs in 100,000 records: check", move || {
            let proofs = proofs();
            move |_| {
                let list: Vec<_> = (0..)
                    .zip(black_box(&proofs))
                    .map(|(i, (proof, record))| Inclusion { n: place(i, SIZE), record, proof })
                    .collect();
                check_records(SIZE, &log.root, &list).unwrap();
                0
            }
        }),
        task(log, "prove_tree", "consistency proof in 100,000 records: make", move || {
            // The older tree has one record at least, since the empty one needs no proof.
            move |i| last(&prove_tree(SIZE, 1 + place(i, SIZE - 1), stored).unwrap()[0])
        }),
        task(log, "check_tree", "consistency proof in 100,000 records: check", move || {
            let older = |i| 1 + place(i, SIZE - 1);
            let proofs: Vec<_> = (0..PROOFS)
                .map(|i| prove_tree(SIZE, older(i), stored).unwrap())
                .zip((0..PROOFS).map(|i| tree_hash(older(i), stored).unwrap()))
                .collect();
            move |i| {
                let i = i % PROOFS;
                let (proof, hash) = &proofs[i as usize];
                check_tree(black_box(proof), SIZE, &log.root, older(i), hash).unwrap();
                0
            }
        }),
    ];
    let publish = task(log, "publish", "hashes and tiles of 100,000 new records", move || {
        move |_| {
            let none = [].as_slice();
            let stored = stored_hashes_of_all(0, black_box(&log.records), none).unwrap();
            tiles(&stored, SIZE).map(|(_, data)| u64::from(data[31])).sum()
        }
    });
    // Takes seconds: once in a round.
    tasks.push(publish.times(1));
    tasks.extend(tile_tasks(log));
    tasks.push(task(log, "note", "signed note: open", move || {
        let known = [log.signer.verifier().clone()];
        move |_| open(black_box(log.note.as_bytes()), &known).unwrap().text.len() as u64
    }));
    tasks
}

fn tile_tasks(log: &Log) -> Vec<Task<'_>> {
    let stored = log.stored.as_slice();
    vec![
        task(log, "tile_hash", "hash of half a tile of height 8 (127 nodes)", move || {
            let tile = Tile::new(8, Level::Hashes(0), 3, 256).unwrap();
            // Read outside the measurement.
            let data = read_tile_data(tile, &Stored(stored)).unwrap();
            move |_| last(&hash_from_tile(tile, black_box(&data), stored_hash_index(7, 6)).unwrap())
        }),
        task(log, "tile_data", "full tile of height 8: make", move || {
            move |i| {
                let number = place(i, SIZE >> 8);
                let tile = Tile::new(8, Level::Hashes(0), number, 256).unwrap();
                u64::from(read_tile_data(tile, &Stored(stored)).unwrap()[0])
            }
        }),
        task(log, "new_tiles", "tiles to publish for 1000 new records", || {
            |i| new_tiles(8, place(i, SIZE), place(i, SIZE) + 1000).len() as u64
        }),
        task(log, "tile_path", "path of a tile: write and parse", || {
            |i| {
                let tile = Tile::new(8, Level::Hashes(1), i, 7).unwrap();
                Tile::parse(&tile.to_string()).unwrap().number()
            }
        }),
        // A new reader for each round, and none between: what it verified it keeps.
        task(log, "tile_reader", "inclusion proof read through tiles, verified anew", || {
            let reader = TileHashReader::new(TreeHead { size: SIZE, hash: log.root }, log);
            move |i| last(&prove_record(SIZE, place(i, SIZE), &reader).unwrap()[0])
        }),
    ]
}
