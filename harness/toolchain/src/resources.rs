//! Resources for providing SDKs: options, the cache, a client, the checksum database.

use twinproof_gomod::goproxy::{End, ProxyList};

use crate::cache::Cache;
use crate::database::{Database, PublicDatabase, Vouched};
use crate::error::Error;
use crate::find::first_on_path;
use crate::goproxy::in_force;
use crate::http::Http;
use crate::lock::Lock;
use crate::manifest::LIMITS;
use crate::platform::Platform;
use crate::probe;
use crate::version::Version;

/// Options for providing SDKs.
#[derive(Clone, Debug)]
pub struct Options {
    /// The GOPROXY list to use instead of the one in force.
    pub goproxy: Option<String>,
    /// The pinned versions and their hashes.
    pub lock: Lock,
    /// The platform whose SDKs can be run here, to make others with.
    pub host: Platform,
    /// The largest toolchain zip that is downloaded, in bytes.
    pub max_download: u64,
}

impl Options {
    /// The list in force, the embedded lock, this machine's platform and 400 MiB.
    ///
    /// # Errors
    /// When Go has no name for this machine's platform.
    pub fn detect() -> Result<Self, Error> {
        Ok(Self {
            goproxy: None,
            lock: Lock::embedded()?,
            host: Platform::host()?,
            max_download: LIMITS.compressed,
        })
    }
}

/// Everything that providing an SDK needs.
pub(crate) struct Resources {
    pub(crate) cache: Cache,
    pub(crate) options: Options,
    pub(crate) http: Http,
    /// Another database than Go's public one.
    pub(crate) database: Option<Box<dyn Database>>,
}

impl Resources {
    /// The GOPROXY list to use.
    pub(crate) fn proxy_list(&self) -> Result<ProxyList, Error> {
        let list = match &self.options.goproxy {
            Some(list) => list.clone(),
            None => {
                let ask_go = || probe::goproxy(&first_on_path()?);
                in_force(std::env::var("GOPROXY").ok(), ask_go)
            }
        };
        Ok(list.parse()?)
    }

    /// The checksum database's answer, asked through `list`.
    pub(crate) fn vouch(
        &self,
        list: &ProxyList,
        version: Version,
        platform: Platform,
    ) -> Result<Vouched, Error> {
        if list.proxies().next().is_none() && list.end() == End::Off {
            return Err(Error::ProxyOff);
        }
        match &self.database {
            Some(database) => database.vouch(version, platform),
            None => PublicDatabase { http: &self.http, list, store: self.cache.sumdb() }
                .vouch(version, platform),
        }
    }
}
