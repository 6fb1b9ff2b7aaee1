//! Facts about an environment, once its driver has measured it and shaken hands.

use crate::sdk::Offered;
use std::collections::BTreeSet;
use twinproof_model::{Capability, EnvironmentName, Fingerprint};

/// Result of the measurement.
pub(crate) struct Probed {
    pub(crate) capabilities: BTreeSet<Capability>,
    pub(crate) fingerprint: Fingerprint,
}

/// An environment's facts.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Its name.
    pub name: EnvironmentName,
    /// Capabilities that cases may require of it.
    pub capabilities: BTreeSet<Capability>,
    /// Its description, exact enough to set up the same environment again.
    pub fingerprint: Fingerprint,
    /// Results of its handshake, a line each.
    pub handshake: Vec<String>,
    /// Native path of a build cache that cases may share; it is warm where possible.
    pub go_cache: String,
    /// Native path of the root of a Linux system with Wine, beside the machine's own, where there is one.
    pub wine_root: Option<String>,
    pub(crate) sdks: Offered,
}

impl Facts {
    /// Facts of an environment that was not measured yet.
    #[must_use]
    pub fn new(name: EnvironmentName, go_cache: String) -> Self {
        Self {
            name,
            capabilities: BTreeSet::new(),
            fingerprint: Fingerprint::default(),
            handshake: Vec::new(),
            go_cache,
            wine_root: None,
            sdks: Offered::default(),
        }
    }

    /// Takes over the measurement, and names the SDKs in the fingerprint.
    pub(crate) fn measured(&mut self, probed: Probed, handshake: Vec<String>) {
        self.capabilities = probed.capabilities;
        self.fingerprint = probed.fingerprint;
        self.fingerprint.sdks = self.sdks.described();
        self.handshake = handshake;
    }
}
