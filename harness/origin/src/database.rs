//! The checksum databases of an origin.
//!
//! A database is a signing key and up to three logs under it, that never agree with each other:
//!
//! - the true history, with a record for every module version that was looked up;
//! - the fork: the same sums, behind a record that the true one does not have, so that no tree of
//!   one is the beginning of a tree of the other;
//! - the wrong one, whose sums are no sums.
//!
//! A record is added when it is looked up first. The database whose key stands in cmd/go's tests
//! begins with all modules of the corpora, as there.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use twinproof_sumdb::note::Signer;
use twinproof_sumdb::server::{MemoryLog, OpsError, Response, ServerOps, respond};
use twinproof_sumdb::tile::Tile;

use crate::catalogue::Catalogue;

/// The name of the database that is an origin's own: a host's name, as most have.
pub(crate) const OWN_NAME: &str = "sum.origin.example";

/// The name of another one, with a slash in it.
// The protocol allows a path in a database's name, and proxies that split at the first slash get it
// wrong.
pub(crate) const SLASHED_NAME: &str = "origin.example/sumdb";

/// The name of the one that has a listener of its own.
pub(crate) const ROOT_NAME: &str = "root.origin.example";

/// The log of a database that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum History {
    True,
    Fork,
    Wrong,
}

/// A database: its logs begin when they are asked first.
pub(crate) struct Database {
    name: String,
    key: String,
    signer: String,
    /// Whether the true log begins with the corpora.
    full: bool,
    logs: [OnceLock<MemoryLog>; 3],
}

/// The seed of the keys of an origin's own databases: fresh in each process.
fn seed() -> [u8; 32] {
    // One key for all origins of a process: cases run side by side and share a `go` whose GOSUMDB
    // names the key.
    static SEED: OnceLock<[u8; 32]> = OnceLock::new();
    *SEED.get_or_init(|| {
        let mut seed = [0; 32];
        // A database of tests guards nothing: without randomness its key is a known one.
        if getrandom::fill(&mut seed).is_err() {
            seed = [7; 32];
        }
        seed
    })
}

impl Database {
    fn new(signer: &Signer, full: bool) -> Self {
        Self {
            name: signer.verifier().name().to_owned(),
            key: signer.verifier().encode(),
            signer: signer.encode(),
            full,
            logs: Default::default(),
        }
    }

    /// A database of an origin's own, with that name.
    pub fn named(name: &str) -> Option<Self> {
        Some(Self::new(&Signer::from_seed(name, seed()).ok()?, false))
    }

    /// The database of cmd/go's tests, whose signer key stands in the `proxy_test.go` that belongs
    /// to the corpus in `folder`.
    pub fn of_cmd_go(folder: &Path) -> Option<Self> {
        // The key is read from the installed Go distribution, so that it is always that of the
        // scripts which need it.
        let source = folder.parent()?.parent()?.join("proxy_test.go");
        if fs::metadata(&source).ok()?.len() > 1 << 20 {
            return None;
        }
        let source = fs::read_to_string(source).ok()?;
        let (_, key) = source.split_once("\"PRIVATE+KEY+")?;
        let (key, _) = key.split_once('"')?;
        Some(Self::new(&Signer::new(&format!("PRIVATE+KEY+{key}")).ok()?, true))
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    /// The answer to a path of the database, `/lookup/…` and so on, percent escapes decoded.
    pub fn respond(&self, catalogue: &Catalogue, history: History, path: &str) -> Response {
        match self.log(catalogue, history) {
            Some(log) => respond(&View { log, catalogue, history }, path),
            None => Response {
                status: 500,
                content_type: "text/plain; charset=UTF-8",
                body: b"internal error\n".to_vec(),
                failure: Some(OpsError::Failed("the log could not begin".to_owned())),
            },
        }
    }

    fn log(&self, catalogue: &Catalogue, history: History) -> Option<&MemoryLog> {
        let [truth, fork, wrong] = &self.logs;
        let slot = match history {
            History::True => truth,
            History::Fork => fork,
            History::Wrong => wrong,
        };
        if let Some(log) = slot.get() {
            return Some(log);
        }
        let signer = Signer::new(&self.signer).ok()?;
        Some(slot.get_or_init(|| self.begin(MemoryLog::new(signer), catalogue, history)))
    }

    /// Adds what a log begins with. A record that cannot be added is not there to be looked up.
    fn begin(&self, log: MemoryLog, catalogue: &Catalogue, history: History) -> MemoryLog {
        match history {
            History::True if self.full => {
                let corpora = catalogue.corpora().iter();
                for (path, version) in corpora.flat_map(|corpus| corpus.all()) {
                    // cmd/go's test database has all modules from the start; its scripts depend on
                    // record numbers.
                    let _ = View { log: &log, catalogue, history }.lookup(&path, &version);
                }
            }
            History::Fork => {
                // The first record differs, so that every tree of this history contradicts every
                // tree of the true one.
                let (path, version) = ("fork.example", "v1.0.0");
                let _ = log.add(path, version, &wrong_sums(path, version));
            }
            History::True | History::Wrong => {}
        }
        log
    }
}

fn wrong_sums(path: &str, version: &str) -> String {
    format!("{path} {version} h1:wrong\n{path} {version}/go.mod h1:wrong\n")
}

/// A log that gains records as they are looked up.
struct View<'a> {
    log: &'a MemoryLog,
    catalogue: &'a Catalogue,
    history: History,
}

impl ServerOps for View<'_> {
    fn signed(&self) -> Result<String, OpsError> {
        self.log.signed()
    }

    fn records(&self, start: u64, count: u64) -> Result<Vec<String>, OpsError> {
        self.log.records(start, count)
    }

    fn lookup(&self, module: &str, version: &str) -> Result<u64, OpsError> {
        if let Ok(id) = self.log.lookup(module, version) {
            return Ok(id);
        }
        let missing = || OpsError::NotFound(format!("{module}@{version}"));
        let sums = match self.history {
            History::Wrong => wrong_sums(module, version),
            _ => {
                let release = self.catalogue.find(module, version).ok_or_else(missing)?;
                release.sums().ok_or_else(missing)?
            }
        };
        let failed =
            |error: twinproof_sumdb::tlog::RecordError| OpsError::Failed(error.to_string());
        self.log.add(module, version, &sums).map_err(failed)
    }

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, OpsError> {
        self.log.tile(tile)
    }
}
