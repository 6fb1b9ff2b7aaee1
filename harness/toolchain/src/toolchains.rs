//! Providing SDKs: from the cache, through the module proxy, or made.
//!
//! The order is fixed: a verified SDK in the cache, a made one in the cache, a download, and making
//! it where no proxy serves it. An SDK in the cache is hashed again each time before it is handed
//! out; a tree that has changed since goes to quarantine and is provided anew.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cache::Cache;
use crate::database::Database;
use crate::error::Error;
use crate::find::{Found, on_path};
use crate::http::Http;
use crate::manifest::Manifest;
use crate::platform::Platform;
use crate::progress::{Phase, Progress};
use crate::prove::{Installed, ProofReport, Sides, compare, locate};
use crate::provide::Provide;
use crate::resources::{Options, Resources};
use crate::sdk::{Sdk, cache_name, read};
use crate::version::Version;

/// All SDKs that are known without the network.
#[derive(Debug, Serialize)]
pub struct Listing {
    /// SDKs on PATH.
    pub found: Vec<Found>,
    /// SDKs in the cache, not hashed again.
    pub cached: Vec<Sdk>,
    /// Pinned versions that are not in the cache for the host.
    pub absent: Vec<Version>,
}

/// Provides SDKs.
pub struct Toolchains {
    pub(crate) with: Resources,
}

impl Toolchains {
    /// A provider that has not read or fetched anything yet.
    #[must_use]
    pub fn new(cache: Cache, options: Options) -> Self {
        Self { with: Resources { cache, options, http: Http::new(), database: None } }
    }

    /// Asks another database than Go's public one.
    #[must_use]
    pub fn with_database(mut self, database: Box<dyn Database>) -> Self {
        self.with.database = Some(database);
        self
    }

    /// The pinned versions, oldest first.
    #[must_use]
    pub fn pinned(&self) -> &[Version] {
        &self.with.options.lock.pinned
    }

    /// The platform whose SDKs run here.
    #[must_use]
    pub fn host(&self) -> Platform {
        self.with.options.host
    }

    /// The SDKs on PATH and in the cache.
    #[must_use]
    pub fn list(&self) -> Listing {
        let mut cached = Vec::new();
        let entries =
            |dir: PathBuf| fs::read_dir(dir).into_iter().flatten().flatten().map(|e| e.path());
        let places = entries(self.with.cache.verified(""))
            .chain(entries(self.with.cache.made("")).flat_map(entries));
        cached.extend(places.filter_map(|place| read(&place)));
        cached.sort_by_key(|sdk| (sdk.version, sdk.platform));
        let host = |version: &Version| {
            cached
                .iter()
                .any(|sdk| (sdk.version, sdk.platform) == (*version, self.with.options.host))
        };
        let absent = self.pinned().iter().filter(|version| !host(version)).copied().collect();
        Listing { found: on_path().0, cached, absent }
    }

    /// The SDK of this version for this platform, verified or made.
    ///
    /// # Errors
    /// [`Error::Unserved`] when no proxy serves it and it cannot be made, which is an ordinary
    /// answer; else the failure.
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
        // Locked before the cache is looked at: another process may be about to publish this one.
        let _guard = self.with.cache.lock(&name, progress)?;
        if let Some(sdk) = self.cached(&self.with.cache.verified(&name), progress)? {
            return Ok(sdk);
        }
        let made: Vec<PathBuf> = fs::read_dir(self.with.cache.made(&name))
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
        let host = |progress: &mut dyn Progress| self.get(version, self.host(), progress);
        Provide::new(&self.with, &self.with.cache, version, platform).run(&host, progress)
    }

    /// Compares the SDK in the directory `path`, or right below it, with the verified one of its
    /// version and platform, made here where it is not served. Nothing of it is run.
    ///
    /// An SDK that lies in the cache is compared with one provided anew.
    ///
    /// # Errors
    /// [`Error::NotAnSdk`] when the directory names no release and platform, and those of
    /// [`Toolchains::get`].
    pub fn prove(&self, path: &Path, progress: &mut dyn Progress) -> Result<ProofReport, Error> {
        let Installed { goroot, version, platform } = locate(path)?;
        let scratch = self.with.cache.scratch()?;
        let cached =
            // An SDK of the cache cannot be compared with itself: it is provided anew, into an
            // empty cache.
            self.with.cache.root().canonicalize().is_ok_and(|root| goroot.starts_with(root));
        let reference = if cached {
            let host = |progress: &mut dyn Progress| self.get(version, self.host(), progress);
            Provide::new(&self.with, &Cache::at(scratch.path()), version, platform)
                .run(&host, progress)?
        } else {
            self.get(version, platform, progress)?
        };
        let host = self.with.options.host;
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
            let locked = self
                .with
                .options
                .lock
                .get(sdk.version, sdk.platform)
                .and_then(|locked| locked.tree);
            // Hashed at each use: a cache is a folder that anything may have written in.
            if same && locked.is_none_or(|tree| tree == sdk.provenance.tree) {
                return Ok(Some(sdk));
            }
        }
        self.with.cache.quarantine(place)?;
        Ok(None)
    }
}
