//! Providing SDKs: from the cache, through the module proxy, or made.
//!
//! The order is fixed: a verified SDK in the cache, a made one in the cache, a download, and for
//! what is not served, making it. What is in the cache is hashed again each time before it is
//! handed out; a tree that has changed since goes to quarantine and is provided anew.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use twinproof_gomod::H1;

use crate::cache::Cache;
use crate::database::{Database, PublicDatabase, Vouched};
use crate::error::Error;
use crate::find::{Found, first_on_path, on_path};
use crate::goproxy::{self, End, ProxyList};
use crate::http::Http;
use crate::lock::Lock;
use crate::manifest::{LIMITS, Manifest};
use crate::platform::Platform;
use crate::probe;
use crate::progress::{Phase, Progress};
use crate::prove::{Installed, ProofReport, Sides, compare, locate};
use crate::provenance::Provenance;
use crate::provide::Provide;
use crate::version::Version;

pub(crate) const PROVENANCE: &str = "provenance.json";

/// How SDKs are provided.
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

/// An SDK that is there, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sdk {
    /// Its version.
    pub version: Version,
    /// The platform it runs on.
    pub platform: Platform,
    /// Its GOROOT.
    pub goroot: PathBuf,
    /// Where it comes from.
    pub provenance: Provenance,
}

impl Sdk {
    /// The path of its go command.
    #[must_use]
    pub fn go(&self) -> PathBuf {
        self.goroot.join("bin").join(format!("go{}", self.platform.exe()))
    }

    /// The hash of its tree, as it was when it was provided or last checked.
    #[must_use]
    pub fn tree_hash(&self) -> H1 {
        self.provenance.tree
    }
}

/// All SDKs that can be told of without the network.
#[derive(Debug, Serialize)]
pub struct Listing {
    /// Those on PATH.
    pub found: Vec<Found>,
    /// Those in the cache, not hashed again.
    pub cached: Vec<Sdk>,
    /// Pinned versions that are not in the cache for the host.
    pub absent: Vec<Version>,
}

/// Provides SDKs.
pub struct Toolchains {
    pub(crate) cache: Cache,
    pub(crate) options: Options,
    pub(crate) http: Http,
    database: Option<Box<dyn Database>>,
}

impl Toolchains {
    /// Nothing is read or fetched yet.
    #[must_use]
    pub fn new(cache: Cache, options: Options) -> Self {
        Self { cache, options, http: Http::new(), database: None }
    }

    /// Asks another database than Go's public one.
    #[must_use]
    pub fn with_database(mut self, database: Box<dyn Database>) -> Self {
        self.database = Some(database);
        self
    }

    /// The pinned versions, oldest first.
    #[must_use]
    pub fn pinned(&self) -> &[Version] {
        &self.options.lock.pinned
    }

    /// The platform whose SDKs run here.
    #[must_use]
    pub fn host(&self) -> Platform {
        self.options.host
    }

    /// What is there: on PATH and in the cache.
    #[must_use]
    pub fn list(&self) -> Listing {
        let mut cached = Vec::new();
        let entries =
            |dir: PathBuf| fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path());
        let places =
            entries(self.cache.verified("")).chain(entries(self.cache.made("")).flat_map(entries));
        cached.extend(places.filter_map(|place| read(&place)));
        cached.sort_by_key(|sdk| (sdk.version, sdk.platform));
        let host = |version: &Version| {
            cached.iter().any(|sdk| (sdk.version, sdk.platform) == (*version, self.options.host))
        };
        let absent = self.pinned().iter().filter(|version| !host(version)).copied().collect();
        Listing { found: on_path().0, cached, absent }
    }

    /// The SDK of this version for this platform, verified or made.
    ///
    /// # Errors
    /// [`Error::Unserved`] when nobody serves it and it cannot be made, which is an ordinary
    /// answer; else what went wrong.
    pub fn get(
        &self,
        version: Version,
        platform: Platform,
        progress: &mut dyn Progress,
    ) -> Result<Sdk, Error> {
        if !version.has_module() {
            return Err(Error::NoModule(version));
        }
        let name = cache_name(version, platform);
        let _guard = self.cache.lock(&name, progress)?;
        if let Some(sdk) = self.cached(&self.cache.verified(&name), progress)? {
            return Ok(sdk);
        }
        let made: Vec<PathBuf> = fs::read_dir(self.cache.made(&name))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        for place in made {
            if let Some(sdk) = self.cached(&place, progress)? {
                return Ok(sdk);
            }
        }
        Provide::new(self, &self.cache, version, platform).run(progress)
    }

    /// Compares the SDK in the directory `path`, or right below it, with the verified one of its
    /// version and platform, made here where it is not served. Nothing of it is run.
    ///
    /// An SDK that lies in the cache is compared with one provided anew.
    ///
    /// # Errors
    /// [`Error::NotAnSdk`] when the directory says of no release and platform to be it, and what
    /// [`Toolchains::get`] has.
    pub fn prove(&self, path: &Path, progress: &mut dyn Progress) -> Result<ProofReport, Error> {
        let Installed { goroot, version, platform } = locate(path)?;
        let scratch = self.cache.scratch()?;
        let cached = self.cache.root().canonicalize().is_ok_and(|root| goroot.starts_with(root));
        let reference = if cached {
            Provide::new(self, &Cache::at(scratch.path()), version, platform).run(progress)?
        } else {
            self.get(version, platform, progress)?
        };
        let host = self.options.host;
        let host_sdk = if platform == host { None } else { self.get(version, host, progress).ok() };
        let go = host_sdk.as_ref().map_or_else(|| reference.go(), Sdk::go);
        let files = Manifest::of_dir(&reference.goroot)?;
        let sides = Sides {
            found: &goroot,
            reference: &reference.goroot,
            files: &files,
            platform,
            go: Some(&go),
        };
        let (equal, differences) = compare(sides, progress)?;
        let status = ProofReport::judge(&differences);
        let reference = reference.provenance;
        Ok(ProofReport { status, goroot, version, platform, equal, differences, reference })
    }

    /// The SDK at `place` if it is there and its files are those it was published with.
    fn cached(&self, place: &Path, progress: &mut dyn Progress) -> Result<Option<Sdk>, Error> {
        if !place.exists() {
            return Ok(None);
        }
        if let Some(sdk) = read(place) {
            progress.report(Phase::Verify, &sdk.version.go_name(), 0, None);
            let same = Manifest::of_dir(&sdk.goroot)
                .and_then(|files| files.tree_hash())
                .is_ok_and(|tree| tree == sdk.provenance.tree);
            let locked =
                self.options.lock.get(sdk.version, sdk.platform).and_then(|locked| locked.tree);
            if same && locked.is_none_or(|tree| tree == sdk.provenance.tree) {
                return Ok(Some(sdk));
            }
        }
        self.cache.quarantine(place)?;
        Ok(None)
    }

    /// The GOPROXY list to use.
    pub(crate) fn proxy_list(&self) -> Result<ProxyList, Error> {
        if let Some(text) = &self.options.goproxy {
            return Ok(ProxyList::parse(text)?);
        }
        let environment = std::env::var("GOPROXY").ok();
        let ask_go = || probe::goproxy(&first_on_path()?);
        Ok(goproxy::in_force(environment.as_deref(), ask_go)?.0)
    }

    /// What the checksum database says, asked through `list`.
    pub(crate) fn vouch(
        &self,
        list: &ProxyList,
        version: Version,
        platform: Platform,
    ) -> Result<Vouched, Error> {
        if list.origins.is_empty() && list.end == End::Off {
            return Err(Error::ProxyOff);
        }
        match &self.database {
            Some(database) => database.vouch(version, platform),
            None => PublicDatabase { http: &self.http, list, store: self.cache.sumdb() }
                .vouch(version, platform),
        }
    }
}

/// The name of an SDK in the cache.
pub(crate) fn cache_name(version: Version, platform: Platform) -> String {
    format!("{}.{}", version.go_name(), platform.dashed())
}

/// The SDK that was published at `place`.
fn read(place: &Path) -> Option<Sdk> {
    let text = fs::read(place.join(PROVENANCE)).ok()?;
    let provenance: Provenance = serde_json::from_slice(&text).ok()?;
    let (version, platform) = (provenance.version, provenance.platform);
    Some(Sdk { version, platform, goroot: place.join("goroot"), provenance })
}
