//! The SDKs that a run needs, provided: verified ones, and Windows' where it is made from them.

use crate::board::Board;
use crate::progress::SdkProgress;
use std::collections::BTreeMap;
use twinproof_environment::Sdk;
use twinproof_toolchain::{Cache, Error, Kind, Options, Platform, Toolchains, Version};

/// The SDKs that were provided, and why the rest was not.
#[derive(Debug, Default)]
pub struct Provided {
    /// For drivers.
    pub sdks: Vec<Sdk>,
    /// Version and platform → why it is not there.
    pub missing: BTreeMap<String, String>,
}

impl Provided {
    /// Whether an SDK of that version runs on that platform.
    pub fn has(&self, version: &str, platform: Platform) -> bool {
        let fits =
            |s: &&Sdk| s.version == version && s.os == platform.os() && s.arch == platform.arch();
        self.sdks.iter().any(|s| fits(&s))
    }
}

/// The first release of Go on PATH that runs on this platform: found, not verified.
pub fn on_path(platform: Platform) -> Option<Sdk> {
    let (found, _) = twinproof_toolchain::on_path();
    found.into_iter().filter(|f| f.facts.platform == platform).find_map(|found| {
        Some(Sdk {
            version: found.facts.version?.to_string(),
            os: platform.os().to_owned(),
            arch: platform.arch().to_owned(),
            goroot: found.facts.goroot,
            provenance: "found on PATH, not verified".to_owned(),
            hash: "not hashed".to_owned(),
        })
    })
}

/// The way to SDKs: the per-user cache and the proxy in force.
///
/// # Errors
/// When there is no cache folder or no name for this platform.
pub fn toolchains() -> Result<Toolchains, Error> {
    Ok(Toolchains::new(Cache::of_user()?, Options::detect()?))
}

/// Provides each version for each platform, one after another: building one takes every core.
pub fn provide(
    toolchains: &Toolchains,
    wanted: &[(Version, Platform)],
    board: &Board,
    stop: &(dyn Fn() -> bool + Sync),
) -> Provided {
    let mut provided = Provided::default();
    for (version, platform) in wanted {
        let name = format!("{version} {platform}");
        let mut progress = SdkProgress::new(board, format!("SDK {name}"), stop);
        match toolchains.get(*version, *platform, &mut progress) {
            Ok(sdk) => provided.sdks.push(for_driver(&sdk)),
            Err(error) => {
                provided.missing.insert(name, error.to_string());
            }
        }
    }
    provided
}

/// An SDK as drivers take it.
fn for_driver(sdk: &twinproof_toolchain::Sdk) -> Sdk {
    let made = sdk.provenance.made.as_ref().map(|m| format!(" from {}", m.source_platform));
    // A made SDK has no zip of its own: it is named by its source.
    let from = match sdk.provenance.kind {
        Kind::Made => made.unwrap_or_default(),
        _ => format!(", zip {}", sdk.provenance.zip),
    };
    Sdk {
        version: sdk.version.to_string(),
        os: sdk.platform.os().to_owned(),
        arch: sdk.platform.arch().to_owned(),
        goroot: sdk.goroot.clone(),
        provenance: format!("{}{from}", sdk.provenance.kind.word()),
        hash: sdk.tree_hash().to_string(),
    }
}
