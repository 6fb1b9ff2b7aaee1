//! The host's facts, measured once.

use super::base::base_env;
use super::sandbox::HostSandbox;
use crate::driver::{Environment, EnvironmentError, Sandbox};
use crate::facts::Facts;
use crate::measured::{Network, measured};
use crate::probe;
use crate::sdk::{Offered, Sdk};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use twinproof_model::{Capability, EnvironmentKind, EnvironmentName};

/// Settings of the host driver.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// Parent of the work directories; made when it is missing.
    pub work: PathBuf,
    /// A build cache that cases share; made when it is missing.
    pub go_cache: PathBuf,
    /// The SDKs there are; those for this machine are offered.
    pub sdks: Vec<Sdk>,
    /// Root of a Linux system with Wine; it need not exist.
    pub wine_root: PathBuf,
    /// Folders with tools that cases find on PATH, before the system's.
    pub tools: Vec<PathBuf>,
}

/// The machine that the harness runs on.
pub struct Host {
    facts: Facts,
    work: PathBuf,
    tools: Vec<PathBuf>,
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
        let mut facts = Facts::new(name, cache);
        facts.wine_root = wine_in(&config.wine_root);
        facts.sdks = Offered::of(&config.sdks, go_os(), go_arch(), |sdk| {
            sdk.goroot.to_str().map(str::to_owned)
        });
        let mut host = Self { facts, work: config.work.clone(), tools: config.tools.clone() };
        let (mut probed, handshake) = measured(&host, Network::Shared)?;
        // Programs here and the harness have one network, and so have an origin.
        probed.capabilities.insert(Capability::Origin);
        if host.facts.wine_root.is_some() {
            probed.capabilities.insert(Capability::WineHere);
        }
        if cfg!(windows) {
            probed.capabilities.insert(Capability::RealWindows);
        }
        probed.fingerprint.arch = go_arch().to_owned();
        host.facts.measured(probed, handshake);
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
    fn facts(&self) -> &Facts {
        &self.facts
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
        Ok(Box::new(HostSandbox::open(&self.facts.name, &self.work, label)?))
    }
}
