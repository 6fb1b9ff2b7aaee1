//! Windows' facts, measured once.

use super::find::Found;
use super::sandbox::InteropSandbox;
use crate::driver::{Absent, Environment, EnvironmentError, Sandbox};
use crate::host::windows_env;
use crate::probe::join;
use crate::sdk::Offered;
use crate::{handshake, probe};
use std::collections::{BTreeMap, BTreeSet};
use twinproof_model::{Capability, EnvironmentKind, EnvironmentName, Fingerprint};

/// Windows, reached through interop.
pub struct Windows {
    name: EnvironmentName,
    found: Found,
    go_cache: String,
    offered: Offered,
    capabilities: BTreeSet<Capability>,
    fingerprint: Fingerprint,
    handshake: Vec<String>,
}

impl Windows {
    /// Measures Windows and does the driver's handshake with it. Its SDKs are those on its own PATH.
    ///
    /// # Errors
    /// When interop fails, or the handshake does.
    pub fn detect(found: Found) -> Result<Self, EnvironmentError> {
        let mut offered = Offered::default();
        for (goroot, version) in &found.go {
            let described = format!("Windows' own, {goroot}");
            offered.add(version.clone(), goroot.clone(), described);
        }
        let mut windows = Self {
            name: EnvironmentName::of(EnvironmentKind::Windows),
            go_cache: join(&found.temp.0, "twinproof-go-build"),
            found,
            offered,
            capabilities: BTreeSet::new(),
            fingerprint: Fingerprint::default(),
            handshake: Vec::new(),
        };
        let goroot = windows.offered.any();
        let (mut probed, loopback, handshake) = {
            let sandbox = windows.open("probe")?;
            let probed = probe::measure(&windows, sandbox.as_ref(), goroot)?;
            let loopback = match goroot {
                Some(goroot) => probe::loopback(&windows, sandbox.as_ref(), goroot)?,
                None => false,
            };
            (probed, loopback, handshake::shake(&windows, sandbox.as_ref(), goroot)?)
        };
        probed.capabilities.insert(Capability::RealWindows);
        if loopback {
            probed.capabilities.insert(Capability::Loopback);
        }
        windows.capabilities = probed.capabilities;
        windows.fingerprint = probed.fingerprint;
        windows.fingerprint.sdks = windows.offered.described();
        let reached = "interop, from inside WSL".to_owned();
        windows.fingerprint.facts.insert("reached by".to_owned(), reached);
        windows.handshake = handshake;
        Ok(windows)
    }
}

impl Environment for Windows {
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

    fn base_env(&self, home: &str, tmp: &str) -> BTreeMap<String, String> {
        windows_env(home, tmp, &self.found.system_root, &|name| match name {
            "NUMBER_OF_PROCESSORS" => Some(self.found.processors.clone()),
            "PROCESSOR_ARCHITECTURE" => Some(self.found.architecture.clone()),
            _ => None,
        })
    }

    fn open(&self, label: &str) -> Result<Box<dyn Sandbox + '_>, EnvironmentError> {
        Ok(Box::new(InteropSandbox::open(&self.name, &self.found, label)?))
    }
}
