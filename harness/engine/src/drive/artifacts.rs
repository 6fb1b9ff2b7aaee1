//! Files that fixtures have made on the host in this run, and SDKs that were built again: kept on
//! disk for every case and control that uses them.

use super::error::StepError;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tempfile::TempDir;
use twinproof_steps::{ArtifactStep, Made, SdkStep};
use twinproof_toolchain::Rebuilt;

/// Files of one fixture, or why they could not be made; empty until a case needs them.
pub type Slot = OnceLock<Result<Built, StepError>>;

/// The executables of one SDK, built again; empty until a case needs them.
pub type SdkSlot = OnceLock<Result<Rebuilt, StepError>>;

/// Everything that fixtures made and `sdk` steps built in this run.
#[derive(Debug, Default)]
pub struct Artifacts {
    all: Mutex<HashMap<String, Arc<Slot>>>,
    sdks: Mutex<HashMap<String, Arc<SdkSlot>>>,
}

/// The result of a fixture's steps.
#[derive(Debug)]
pub struct Built {
    pub variables: BTreeMap<String, String>,
    pub made: Vec<Made>,
    /// The names of the files that were right in the work directory.
    pub files: BTreeSet<String>,
    /// The folder that they are in now, removed with this value.
    pub folder: TempDir,
}

impl Artifacts {
    /// The slot of the files that these steps make with that SDK. The first caller fills it, others
    /// wait.
    pub fn slot(&self, step: &ArtifactStep, sdk: &str) -> Result<Arc<Slot>, StepError> {
        let steps =
            serde_json::to_string(&step.make).map_err(|e| StepError::broken(e.to_string()))?;
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        // The lock is held for the map only. Steps run under the slot's own lock, so that other
        // steps do not wait for them.
        Ok(Arc::clone(all.entry(format!("{sdk}\n{steps}")).or_default()))
    }

    /// The slot of the executables that an `sdk` step compares. The first caller builds them,
    /// others wait: a case and its control compare the same files.
    pub fn sdk(&self, step: &SdkStep) -> Arc<SdkSlot> {
        let key = format!("{} {} {:?}", step.version, step.platform, step.released);
        let mut sdks = self.sdks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(sdks.entry(key).or_default())
    }
}
