//! An SDK in the cache.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use twinproof_gomod::H1;

use crate::platform::Platform;
use crate::provenance::Provenance;
use crate::version::Version;

/// The file that says where an SDK comes from, beside its GOROOT.
pub(crate) const PROVENANCE: &str = "provenance.json";

/// An SDK that is there, whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sdk {
    /// Its version.
    pub version: Version,
    /// The platform it runs on.
    pub platform: Platform,
    /// Its GOROOT.
    pub goroot: PathBuf,
    /// Its source.
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

/// The name of an SDK in the cache.
pub(crate) fn cache_name(version: Version, platform: Platform) -> String {
    format!("{}.{}", version.go_name(), platform.dashed())
}

/// The SDK that was published at `place`.
pub(crate) fn read(place: &Path) -> Option<Sdk> {
    let text = fs::read(place.join(PROVENANCE)).ok()?;
    let provenance: Provenance = serde_json::from_slice(&text).ok()?;
    let (version, platform) = (provenance.version, provenance.platform);
    Some(Sdk { version, platform, goroot: place.join("goroot"), provenance })
}
