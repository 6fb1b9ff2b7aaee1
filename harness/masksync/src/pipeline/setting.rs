//! A policy with its keys and connectors to both servers.

use super::halt::Halt;
use crate::defect::{Defect, has};
use crate::keys::{Reserve, Ring};
use crate::mask::Keys;
use crate::policy::{KeySource, Policy};
use crate::server::Connector;
use crate::sink::{Destination, StateStore};
use std::sync::Arc;

/// A policy that is ready to be used.
#[derive(Clone)]
pub struct Setting {
    /// The policy.
    pub policy: Arc<Policy>,
    /// The ring.
    pub ring: Arc<Ring>,
    /// The way to the source.
    pub source: Connector,
    /// The way to staging.
    pub staging: Destination,
    /// The store for the position.
    pub state: StateStore,
}

impl Setting {
    /// Reads the keys of a policy.
    ///
    /// # Errors
    /// When they cannot be used.
    pub fn new(policy: Policy) -> Result<Self, Halt> {
        let ring = match &policy.keys {
            KeySource::File(path) => Ring::from_file(path),
            KeySource::Variable(name) => Ring::from_variable(name),
        };
        if has(Defect::LogKeys)
            && let KeySource::File(path) = &policy.keys
        {
            tracing::info!(ring = std::fs::read_to_string(path).unwrap_or_default(), "keys");
        }
        let ring = ring.map_err(|e| Halt::Mend { what: e.to_string(), fix: None })?;
        let ring = Arc::new(ring);
        // Two policies for the same staging are two pipelines; one for each set of tables.
        let pipeline: Vec<String> =
            policy.tables.iter().map(|t| format!("{}.{}", t.staging.0, t.staging.1)).collect();
        let pipeline = pipeline.first().cloned().unwrap_or_default();
        Ok(Self {
            source: Connector::new(policy.source.clone(), "the source"),
            staging: Destination::new(&policy.staging),
            state: StateStore::new(
                &policy.state,
                &pipeline,
                Arc::clone(&ring),
                Arc::clone(&policy.tenant),
            ),
            ring,
            policy: Arc::new(policy),
        })
    }

    /// Keys whose uses are counted in staging.
    #[must_use]
    pub fn keys(&self) -> Keys {
        self.keys_with(self.staging.uses(&self.state))
    }

    /// Keys whose uses are counted elsewhere.
    #[must_use]
    pub fn keys_with(&self, reserve: Arc<dyn Reserve>) -> Keys {
        Keys { ring: Arc::clone(&self.ring), tenant: Arc::clone(&self.policy.tenant), reserve }
    }
}
