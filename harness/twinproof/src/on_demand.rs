//! A checksum database that grows on request, as the public one does: a module version without a
//! record is fetched from upstream, checked by the rules of module zips, hashed, recorded and
//! published before the request is answered.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use twinproof_base::error_chain;
use twinproof_gomod::dirhash::hash_go_mod;
use twinproof_gomod::escape::{check, escape_path, escape_version};
use twinproof_gomod::goproxy::{Miss, ProxyList};
use twinproof_gomod::zip::ZipLimits;
use twinproof_sumdb::server::{OpsError, ServerOps, Store};
use twinproof_sumdb::tile::Tile;

/// The longest go.mod, in bytes.
const GO_MOD: u64 = 16 << 20;
/// The longest zip, in bytes.
const ZIP: u64 = 500 << 20;
/// Time limit of a fetch.
const LIMIT: Duration = Duration::from_secs(600);

/// Lifetime of a cached "does not exist".
const ABSENT: Duration = Duration::from_secs(60);
/// The most absent module versions that are remembered.
const REMEMBERED: usize = 10_000;

/// A log, and the upstream of records that it does not have.
pub struct OnDemand {
    store: Store,
    upstream: ProxyList,
    client: reqwest::Client,
    runtime: Handle,
    /// Module versions being fetched. Two requests for one version get one record, and no request waits
    /// for another's.
    fetching: Mutex<HashMap<String, Arc<Mutex<()>>>>,
    absent: Mutex<HashMap<String, (Instant, OpsError)>>,
}

impl OnDemand {
    /// Grows `store` from `upstream`, through `client`. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// When a URL has a user in it that would be sent in the clear.
    pub fn new(store: Store, upstream: ProxyList, client: reqwest::Client) -> Result<Self, String> {
        if let Some(url) = upstream.proxies().find(|url| url.sends_user_in_clear()) {
            return Err(format!("the upstream {url} has a user in it: that needs https"));
        }
        let (fetching, absent) = (Mutex::default(), Mutex::default());
        Ok(Self { store, upstream, client, runtime: Handle::current(), fetching, absent })
    }

    /// The log without its growth.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The record of a module version that does not exist.
    fn known_absent(&self, name: &str) -> Option<OpsError> {
        let absent = lock(&self.absent);
        let (since, error) = absent.get(name)?;
        (since.elapsed() < ABSENT).then(|| error.clone())
    }

    fn remember(&self, name: &str, error: OpsError) {
        let mut absent = lock(&self.absent);
        if absent.len() >= REMEMBERED {
            absent.retain(|_, (since, _)| since.elapsed() < ABSENT);
        }
        if absent.len() < REMEMBERED {
            absent.insert(name.to_owned(), (Instant::now(), error));
        }
    }

    /// Looks a module version up, or adds it: one at a time for each.
    fn look_up_or_add(&self, module: &str, version: &str) -> Result<u64, OpsError> {
        let name = format!("{module}@{version}");
        let own = Arc::clone(lock(&self.fetching).entry(name.clone()).or_default());
        let held = lock(&own);
        // Looked up again under the lock: its last holder may have added the record.
        let result = match (self.store.lookup(module, version), self.known_absent(&name)) {
            (Err(OpsError::NotFound(_)), Some(error)) => Err(error),
            (Err(OpsError::NotFound(_)), None) => self.add(module, version),
            (other, _) => other,
        };
        drop(held);
        let mut fetching = lock(&self.fetching);
        // Two references are the map's and this one: no other request waits for it.
        if Arc::strong_count(&own) == 2 {
            fetching.remove(&name);
        }
        result
    }

    fn add(&self, module: &str, version: &str) -> Result<u64, OpsError> {
        let not_found = |why: String| OpsError::NotFound(format!("{module}@{version}: {why}"));
        let failed = |why: String| OpsError::Failed(format!("{module}@{version}: {why}"));
        check(module, version).map_err(|e| not_found(e.to_string()))?;
        let path = escape_path(module).map_err(|e| not_found(e.to_string()))?;
        let file = escape_version(version).map_err(|e| not_found(e.to_string()))?;
        let target = |extension: &str| format!("/{path}/@v/{file}.{extension}");
        // Remember only that the upstream does not have it: a damaged zip may come whole the next time.
        let absent = |error: OpsError| {
            if matches!(error, OpsError::NotFound(_)) {
                self.remember(&format!("{module}@{version}"), error.clone());
            }
            error
        };

        let mut go_mod = Vec::new();
        self.fetch(&target("mod"), GO_MOD, &mut go_mod).map_err(absent)?;
        let mut zip = tempfile::NamedTempFile::new().map_err(|e| failed(e.to_string()))?;
        self.fetch(&target("zip"), ZIP, &mut zip).map_err(absent)?;
        zip.flush().map_err(|e| failed(format!("zip: {e}")))?;
        let checked =
            twinproof_gomod::zip::check(zip.as_file(), module, version, ZipLimits::default())
                .map_err(|e| not_found(format!("zip: {e}")))?;
        let h1 = checked.h1;
        let sum = hash_go_mod(&go_mod);
        let text = format!("{module} {version} {h1}\n{module} {version}/go.mod {sum}\n");
        let number = self.store.add(module, version, &text).map_err(|e| failed(e.to_string()))?;
        self.store.publish().map_err(|e| failed(e.to_string()))?;
        Ok(number)
    }

    /// Gets the body of the first upstream that has it. Waits: it is called on threads that may.
    fn fetch(&self, target: &str, limit: u64, into: &mut dyn Write) -> Result<(), OpsError> {
        let found = self.upstream.find(|url| {
            let request = self.client.get(format!("{}{target}", url.base())).timeout(LIMIT);
            match self.runtime.block_on(request.send()) {
                Ok(answer) if answer.status() == 200 => Ok(answer),
                Ok(answer) => {
                    let said = format!("{target}: upstream says {}", answer.status());
                    Err(if matches!(answer.status().as_u16(), 404 | 410) {
                        Miss::NotFound(OpsError::NotFound(said))
                    } else {
                        Miss::Failed(OpsError::Failed(said))
                    })
                }
                Err(error) => {
                    let why = error_chain(&error.without_url());
                    Err(Miss::Failed(OpsError::Failed(format!("{target}: {why}"))))
                }
            }
        });
        let answer = found.map_err(|unfound| match unfound.miss {
            Some(Miss::NotFound(error) | Miss::Failed(error) | Miss::Final(error)) => error,
            None => OpsError::NotFound(format!("{target}: no upstream has it")),
        })?;
        let failed = |why| OpsError::Failed(format!("{target}: {why}"));
        self.body(answer, limit, into).map_err(failed)
    }

    fn body(
        &self,
        mut answer: reqwest::Response,
        limit: u64,
        into: &mut dyn Write,
    ) -> Result<(), String> {
        let mut left = limit;
        while let Some(bytes) = self
            .runtime
            .block_on(answer.chunk())
            .map_err(|error| error_chain(&error.without_url()))?
        {
            left = left
                .checked_sub(bytes.len() as u64)
                .ok_or_else(|| format!("it is over {limit} bytes"))?;
            into.write_all(&bytes).map_err(|e| e.to_string())?;
        }
        Ok(())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl ServerOps for OnDemand {
    fn signed(&self) -> Result<String, OpsError> {
        self.store.signed()
    }

    fn records(&self, start: u64, count: u64) -> Result<Vec<String>, OpsError> {
        self.store.records(start, count)
    }

    fn lookup(&self, module: &str, version: &str) -> Result<u64, OpsError> {
        match self.store.lookup(module, version) {
            Err(OpsError::NotFound(_)) => {}
            other => return other,
        }
        self.look_up_or_add(module, version)
    }

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, OpsError> {
        self.store.tile(tile)
    }
}
