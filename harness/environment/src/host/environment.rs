//! The host's facts, measured once.

use super::base::base_env;
use super::sandbox::HostSandbox;
use crate::driver::{Absent, Environment, EnvironmentError, Sandbox};
use crate::sdk::{Offered, Sdk};
use crate::{handshake, probe};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use twinproof_model::{Capability, EnvironmentKind, EnvironmentName, Fingerprint};

/// Settings of the host driver.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// Parent of the work directories; made when it is missing.
    pub work: PathBuf,
    /// A build cache that cases share; made when it is missing.
    pub go_cache: PathBuf,
    /// The SDKs there are; those for this machine are offered.
    pub sdks: Vec<Sdk>,
    /// Where the root of a Linux system with Wine is, if there is one.
    pub wine_root: PathBuf,
    /// Folders with tools that cases find on PATH, before the system's.
    pub tools: Vec<PathBuf>,
}

/// The machine that the harness runs on.
pub struct Host {
    name: EnvironmentName,
    work: PathBuf,
    go_cache: String,
    wine_root: Option<String>,
    offered: Offered,
    tools: Vec<PathBuf>,
    capabilities: BTreeSet<Capability>,
    fingerprint: Fingerprint,
    handshake: Vec<String>,
}

impl Host {
    /// Measures this machine and does the driver's handshake with it. `kind` is
    /// [`EnvironmentKind::Host`], or on Windows also [`EnvironmentKind::Windows`].
    ///
    /// # Errors
    /// When work directories cannot be made, or the handshake fails.
    pub fn detect(kind: EnvironmentKind, config: &HostConfig) -> Result<Self, EnvironmentError> {
        let name = EnvironmentName::of(kind);
        let cache = prepared(&name, &config.go_cache)?;
        let offered = Offered::of(&config.sdks, go_os(), go_arch(), |sdk| {
            sdk.goroot.to_str().map(str::to_owned)
        });
        let mut host = Self {
            name,
            work: config.work.clone(),
            go_cache: cache,
            wine_root: wine_in(&config.wine_root),
            offered,
            tools: config.tools.clone(),
            capabilities: BTreeSet::new(),
            fingerprint: Fingerprint::default(),
            handshake: Vec::new(),
        };
        let (probed, handshake) = {
            // Facts are measured by programs that run as those of cases do, not by asking this
            // process.
            let sandbox = host.open("probe")?;
            let probed = probe::measure(&host, sandbox.as_ref(), host.offered.any())?;
            let handshake = handshake::shake(&host, sandbox.as_ref(), host.offered.any())?;
            (probed, handshake)
        };
        host.capabilities = probed.capabilities;
        // Programs here and the harness have one network, and so have an origin.
        host.capabilities.extend([Capability::Loopback, Capability::Origin]);
        if host.wine_root.is_some() {
            host.capabilities.insert(Capability::WineHere);
        }
        if cfg!(windows) {
            host.capabilities.insert(Capability::RealWindows);
        }
        host.fingerprint = probed.fingerprint;
        host.fingerprint.arch = go_arch().to_owned();
        host.fingerprint.sdks = host.offered.described();
        host.handshake = handshake;
        Ok(host)
    }
}

/// A root with Wine in it, on Linux.
fn wine_in(root: &Path) -> Option<String> {
    // A link that leads somewhere within that root only.
    let wine = root.join("usr/bin/wine").symlink_metadata();
    let there = cfg!(target_os = "linux") && wine.is_ok();
    root.to_str().filter(|_| there).map(str::to_owned)
}

fn prepared(name: &EnvironmentName, path: &Path) -> Result<String, EnvironmentError> {
    let failed = |e: &dyn std::fmt::Display| {
        EnvironmentError::driver(name, format!("making the cache {}", path.display()), e)
    };
    std::fs::create_dir_all(path).map_err(|e| failed(&e))?;
    // Not `std`'s: on Windows that gives paths that begin with `\\?\`, which go and cmd.exe refuse
    // as work directories.
    let path = dunce::canonicalize(path).map_err(|e| failed(&e))?;
    path.to_str().map(str::to_owned).ok_or_else(|| failed(&"the path is no Unicode text"))
}

/// This machine's system in Go's words.
pub(crate) fn go_os() -> &'static str {
    match std::env::consts::OS {
        // Rust and Go name every other system alike.
        "macos" => "darwin",
        os => os,
    }
}

/// This machine's architecture in Go's words.
pub(crate) fn go_arch() -> &'static str {
    probe::go_arch(std::env::consts::ARCH)
}

impl Environment for Host {
    fn name(&self) -> &EnvironmentName {
        &self.name
    }

    fn capabilities(&self) -> &BTreeSet<Capability> {
        &self.capabilities
    }

    fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    fn handshake(&self) -> &[String] {
        &self.handshake
    }

    fn goroot(&self, version: &str) -> Result<String, Absent> {
        self.offered.goroot(&self.name.to_string(), version)
    }

    fn go_cache(&self) -> &str {
        &self.go_cache
    }

    fn wine_root(&self) -> Option<&str> {
        self.wine_root.as_deref()
    }

    fn base_env(&self, home: &str, tmp: &str) -> BTreeMap<String, String> {
        let mut env = base_env(home, tmp);
        if let Some(path) = env.get_mut("PATH") {
            let system = std::env::split_paths(path).collect::<Vec<_>>();
            // The tools first: a `git` that CI provides wins over the one that the machine has.
            let all = std::env::join_paths(self.tools.iter().chain(&system));
            // A folder whose name cannot stand on PATH offers nothing.
            if let Some(all) = all.ok().and_then(|all| all.into_string().ok()) {
                *path = all;
            }
        }
        env
    }

    fn open(&self, label: &str) -> Result<Box<dyn Sandbox + '_>, EnvironmentError> {
        Ok(Box::new(HostSandbox::open(&self.name, &self.work, label)?))
    }
}
