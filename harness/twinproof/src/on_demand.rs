//! A checksum database that grows by what it is asked for, as the public one does: a module version
//! without a record is fetched from upstream, judged by the rules of module zips, hashed, recorded
//! and published before it is answered.

use std::io::{Read, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use twinproof_gomod::goproxy::{Proxy, ProxyList};
use twinproof_gomod::zip::Limits;
use twinproof_sumdb::dirhash::hash_go_mod;
use twinproof_sumdb::escape::{check, escape_path, escape_version};
use twinproof_sumdb::server::{OpsError, ServerOps, Store};
use twinproof_sumdb::tile::Tile;

/// The longest go.mod, in bytes.
const GO_MOD: u64 = 16 << 20;
/// The longest zip, in bytes.
const ZIP: u64 = 500 << 20;
/// A fetch takes no longer.
const LIMIT: Duration = Duration::from_secs(600);

/// A log, and where it takes from what it does not have.
pub struct OnDemand {
    store: Store,
    upstream: ProxyList,
    agent: ureq::Agent,
    /// One module version at a time is added, so that two who ask for one get one record.
    adding: Mutex<()>,
}

impl OnDemand {
    /// Grows `store` from `upstream`.
    pub fn new(store: Store, upstream: ProxyList) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(LIMIT))
            .build();
        Self { store, upstream, agent: config.into(), adding: Mutex::new(()) }
    }

    fn add(&self, module: &str, version: &str) -> Result<u64, OpsError> {
        let not_found = |why: String| OpsError::NotFound(format!("{module}@{version}: {why}"));
        let failed = |why: String| OpsError::Failed(format!("{module}@{version}: {why}"));
        check(module, version).map_err(|e| not_found(e.to_string()))?;
        let path = escape_path(module).map_err(|e| not_found(e.to_string()))?;
        let file = escape_version(version).map_err(|e| not_found(e.to_string()))?;
        let target = |extension: &str| format!("/{path}/@v/{file}.{extension}");

        let mut go_mod = Vec::new();
        self.fetch(&target("mod"), GO_MOD)?
            .read_to_end(&mut go_mod)
            .map_err(|e| failed(format!("go.mod: {e}")))?;
        let mut zip = tempfile::NamedTempFile::new().map_err(|e| failed(e.to_string()))?;
        std::io::copy(&mut self.fetch(&target("zip"), ZIP)?, &mut zip)
            .and_then(|_| zip.flush())
            .map_err(|e| failed(format!("zip: {e}")))?;
        let checked =
            twinproof_gomod::zip::check(zip.as_file(), module, version, Limits::default())
                .map_err(|e| not_found(format!("zip: {e}")))?;
        let h1 = checked.h1;
        let sum = hash_go_mod(&go_mod);
        let text = format!("{module} {version} {h1}\n{module} {version}/go.mod {sum}\n");
        let number = self.store.add(module, version, &text).map_err(|e| failed(e.to_string()))?;
        self.store.publish().map_err(|e| failed(e.to_string()))?;
        Ok(number)
    }

    /// The body of the first upstream that has it.
    fn fetch(&self, target: &str, limit: u64) -> Result<impl Read + use<>, OpsError> {
        let mut last = OpsError::NotFound(format!("{target}: no upstream has it"));
        for entry in self.upstream.entries() {
            let Proxy::Url(url) = &entry.proxy else { break };
            let at = format!("{}{target}", url.base());
            let missing = match self.agent.get(&at).call() {
                Ok(answer) if answer.status() == 200 => {
                    return Ok(answer.into_body().into_with_config().limit(limit).reader());
                }
                Ok(answer) => {
                    let missing = matches!(answer.status().as_u16(), 404 | 410);
                    let said = format!("{target}: upstream says {}", answer.status());
                    last = if missing { OpsError::NotFound(said) } else { OpsError::Failed(said) };
                    missing
                }
                Err(error) => {
                    last = OpsError::Failed(format!("{target}: {error}"));
                    false
                }
            };
            if !entry.fall_back.applies(missing) {
                break;
            }
        }
        Err(last)
    }
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
        let _adding = self.adding.lock().unwrap_or_else(PoisonError::into_inner);
        match self.store.lookup(module, version) {
            Err(OpsError::NotFound(_)) => self.add(module, version),
            other => other,
        }
    }

    fn tile(&self, tile: Tile) -> Result<Vec<u8>, OpsError> {
        self.store.tile(tile)
    }
}
