//! One checksum database: its key, the transport to it, and its verifying client.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;
use twinproof_gomod::escape::{escape_path, escape_version};
use twinproof_sumdb::Client;
use twinproof_sumdb::client::{LookupError, Store as _};
use twinproof_sumdb::note::{KeyError, Verifier};
use twinproof_sumdb::tile::Tile;
use twinproof_sumdb::tlog::Record;

use super::memory::Memory;
use super::remote::Remote;
use crate::failure::{Failure, Reason};
use crate::metrics::Metrics;
use crate::settings;
use crate::store::{Name, Store};
use crate::upstream::Upstreams;

/// Questions to one database at the same time. Each takes a thread while it waits.
const PARALLEL: usize = 16;

/// The largest kept lookup that is read, in bytes.
const MAX_LOOKUP: u64 = 1 << 20;

/// A database.
pub(crate) struct Database {
    pub(crate) name: String,
    client: Client<Remote, Arc<Memory>>,
    memory: Arc<Memory>,
    store: Arc<Store>,
    turns: Arc<Semaphore>,
    offline: bool,
    /// No setting asks for it to be relayed.
    pub(super) by_default: bool,
}

/// A database cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the checksum database {key:?}: {source}")]
pub struct DatabaseError {
    /// The verifier key, as given.
    key: String,
    /// The error in the key.
    source: KeyError,
}

impl Database {
    /// A database by its settings. Must be called within a tokio runtime.
    pub(crate) fn new(
        database: &settings::Database,
        upstreams: &Arc<Upstreams>,
        store: &Arc<Store>,
        metrics: &Arc<Metrics>,
        offline: bool,
    ) -> Result<Self, DatabaseError> {
        let failed = |source| DatabaseError { key: database.key.clone(), source };
        // A key copied from a page often has a newline behind it.
        let verifier = Verifier::new(database.key.trim()).map_err(failed)?;
        let name = verifier.name().to_owned();
        let remote = Remote::new(
            &name,
            database.url.as_deref(),
            Arc::clone(upstreams),
            Arc::clone(metrics),
            offline,
        );
        let memory = Arc::new(Memory::new(Arc::clone(store), verifier.clone()));
        let client = Client::new(&database.key, remote, Arc::clone(&memory)).map_err(failed)?;
        Ok(Self {
            name,
            client,
            memory,
            store: Arc::clone(store),
            turns: Arc::new(Semaphore::new(PARALLEL)),
            offline,
            by_default: database.by_default,
        })
    }

    /// Does work that waits for the database, on a thread that may wait.
    pub(super) async fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, LookupError> + Send + 'static,
    ) -> Result<T, Failure> {
        let internal = |e: &dyn std::fmt::Display| Failure::new(Reason::Internal, e.to_string());
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|e| internal(&e))?;
        let database = Arc::clone(self);
        let result = tokio::task::spawn_blocking(move || {
            // Whether or not a request still waits for it, the thread is in use.
            let _turn = turn;
            work(&database)
        });
        let result = result.await;
        result.map_err(|e| internal(&e))?.map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &LookupError) -> Failure {
        use twinproof_sumdb::client::FetchError;

        let name = &self.name;
        if let LookupError::Fetch { path, source: FetchError::NotFound } = error {
            return Failure::not_found(format!("not found: {name} has no {path}"));
        }
        if error.is_misbehavior() {
            // The whole of it is evidence, and `go` shows but its beginning.
            tracing::error!(database = name, %error, "a checksum database contradicts itself");
            // An error of several lines would end at the first blank one when `go` shows it
            // (web/http.go).
            let text = error.to_string().replace("\n\n", "\n");
            let text = text.strip_prefix("SECURITY ERROR\n").unwrap_or(&text);
            return Failure::new(Reason::Security, format!("SECURITY ERROR: {name}: {text}"));
        }
        Failure::new(Reason::Upstream, format!("checksum database {name}: {error}"))
    }

    /// The place of a kept file.
    pub(super) fn place(&self, file: &str) -> Option<Name> {
        Name::new(format!("sumdb/{}/{file}", self.name)).ok()
    }

    /// A record and a tree head that it is proven to be under, as the database answers a lookup:
    /// kept, or asked for.
    pub(super) fn lookup(&self, module: &str, version: &str) -> Result<Bytes, LookupError> {
        let file = format!("lookup/{}@{}", escape_path(module)?, escape_version(version)?);
        let place = self.place(&file);
        if let Some(name) = &place
            && let Ok(Some((bytes, _))) = self.store.read(name, MAX_LOOKUP)
        {
            // The store may be used by other programs: what is kept is proven like an answer.
            match self.client.prove_kept(module, version, &bytes) {
                Ok(()) => return Ok(bytes),
                Err(error) if error.is_misbehavior() => {
                    self.store.set_aside(name, &error.to_string());
                }
                Err(error) => tracing::debug!(%error, "a kept lookup cannot be proven"),
            }
        }
        let proof = self.client.lookup_with_proof(module, version)?;
        let record = Record { id: proof.record_id, text: proof.record }.format()?;
        let bytes = Bytes::from(record + &proof.note);
        if let Some(name) = &place
            && let Err(error) = self.store.write(name, &bytes)
        {
            tracing::debug!(%error, "a lookup is not kept");
        }
        Ok(bytes)
    }

    /// A tile, proven. Without the database, to be of any tree whose signed head is here.
    pub(super) fn tile(&self, tile: Tile) -> Result<Vec<u8>, LookupError> {
        match self.client.tile(tile) {
            // A tile of a smaller tree is right, and offline there may be no head of the newest.
            Err(error @ LookupError::Fetch { .. }) if self.offline => {
                let mut heads = self.memory.heads().iter();
                heads.find_map(|head| self.client.tile_under(head, tile).ok()).ok_or(error)
            }
            proven => proven,
        }
    }

    /// Whether it can be relayed: something of it is here, or it can be reached.
    pub(super) fn is_usable(&self) -> bool {
        matches!(self.seen(), Ok(Some(_))) || self.newest().is_ok()
    }

    /// The newest signed tree head, fetched and proven to be of one history with those before.
    pub(super) fn newest(&self) -> Result<Vec<u8>, LookupError> {
        Ok(self.client.latest_note()?.into_bytes())
    }

    /// The newest signed tree head seen so far.
    pub(super) fn seen(&self) -> Result<Option<Vec<u8>>, LookupError> {
        Ok(self.memory.latest(&self.name)?)
    }

    /// Makes the store answer for the database through `file://`.
    pub(super) fn support(&self) {
        if let Some(name) = self.place("supported")
            && self.store.read(&name, 0).ok().flatten().is_none()
        {
            // A store that cannot be written to serves all the same.
            let _ = self.store.write(&name, b"");
        }
    }
}
