//! A client's work: lookups in a large log, everything verified, all bytes in memory.

use std::collections::HashMap;

use twinproof_sumdb::client::{Client, Fetch, FetchError, MemoryStore};

use crate::ours::{Log, Task, module, place, task};

/// Records of the log.
pub const SIZE: u64 = 1_000_000;

/// Lookups of one client.
const LOOKUPS: u64 = 1000;

/// The responses of a database by path.
struct Served(HashMap<String, Vec<u8>>);

impl Served {
    fn new(log: &Log) -> Self {
        let tiles = log.tiles.iter().map(|(tile, data)| (format!("/{tile}"), data.clone()));
        let lookups = (0..LOOKUPS).map(|i| {
            let n = place(i, SIZE);
            let record = String::from_utf8_lossy(&log.records[n as usize]);
            let answer = format!("{n}\n{record}\n{}", log.note);
            (format!("/lookup/{}@v1.0.0", module(n)), answer.into_bytes())
        });
        Self(tiles.chain(lookups).collect())
    }
}

impl Fetch for &Served {
    fn get(&self, path: &str) -> Result<Vec<u8>, FetchError> {
        self.0.get(path).cloned().ok_or(FetchError::NotFound)
    }
}

/// Lookups by a client that knows nothing at first.
pub fn tasks(log: &Log) -> Vec<Task<'_>> {
    // Once for the whole program: the tasks borrow it until the end.
    let served: &Served = Box::leak(Box::new(Served::new(log)));
    let look_up = |client: &Client<&Served, MemoryStore>, i| {
        let lines = client.lookup(&module(place(i, SIZE)), "v1.0.0").unwrap();
        lines.iter().map(|line| line.len() as u64).sum()
    };
    let what = "lookup in 1,000,000 records, one of a client's 1000";
    let task = task(log, "lookup", what, move || {
        // Every round with a new client, so that its first lookups find no tile.
        let client = Client::new(&log.key, served, MemoryStore::default()).unwrap();
        move |i| look_up(&client, i)
    });
    vec![task.times(LOOKUPS)]
}
