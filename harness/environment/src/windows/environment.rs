//! Windows' facts, measured once.

use super::find::Found;
use super::sandbox::InteropSandbox;
use crate::driver::{Environment, EnvironmentError, Sandbox};
use crate::facts::Facts;
use crate::host::windows_env;
use crate::measured::{Network, measured};
use crate::probe::join;
use std::collections::BTreeMap;
use twinproof_model::{Capability, EnvironmentKind, EnvironmentName};

/// Windows, reached through interop.
pub struct Windows {
    facts: Facts,
    found: Found,
}

impl Windows {
    /// Measures Windows and does the driver's handshake with it. Its SDKs are those on its own PATH.
    ///
    /// # Errors
    /// When interop fails, or the handshake does.
    pub fn detect(found: Found) -> Result<Self, EnvironmentError> {
        let name = EnvironmentName::of(EnvironmentKind::Windows);
        let mut facts = Facts::new(name, join(&found.temp.0, "twinproof-go-build"));
        for (goroot, version) in &found.go {
            let described = format!("Windows' own, {goroot}");
            facts.sdks.add(version.clone(), goroot.clone(), described);
        }
        let mut windows = Self { facts, found };
        let (mut probed, handshake) = measured(&windows, Network::Unknown)?;
        probed.capabilities.insert(Capability::RealWindows);
        let reached = "interop, from inside WSL".to_owned();
        probed.fingerprint.facts.insert("reached by".to_owned(), reached);
        windows.facts.measured(probed, handshake);
        Ok(windows)
    }
}

impl Environment for Windows {
    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn base_env(&self, home: &str, tmp: &str) -> BTreeMap<String, String> {
        windows_env(home, tmp, &self.found.system_root, &|name| match name {
            "NUMBER_OF_PROCESSORS" => Some(self.found.processors.clone()),
            "PROCESSOR_ARCHITECTURE" => Some(self.found.architecture.clone()),
            _ => None,
        })
    }

    fn open(&self, label: &str) -> Result<Box<dyn Sandbox + '_>, EnvironmentError> {
        Ok(Box::new(InteropSandbox::open(&self.facts.name, &self.found, label)?))
    }
}
