//! What fixtures have made on the host in this run, and which SDKs were built again: kept on disk for every
//! case and control that uses it.

use super::error::StepError;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tempfile::TempDir;
use twinproof_steps::{ArtifactStep, Made, SdkStep};
use twinproof_toolchain::Rebuilt;

/// What one fixture has made, or why it could not be tried; empty until somebody asks.
pub type Slot = OnceLock<Result<Built, StepError>>;

/// The executables of one SDK, built again; empty until somebody asks.
pub type SdkSlot = OnceLock<Result<Rebuilt, StepError>>;

/// What was made in this run.
#[derive(Debug, Default)]
pub struct Artifacts {
    all: Mutex<HashMap<String, Arc<Slot>>>,
    sdks: Mutex<HashMap<String, Arc<SdkSlot>>>,
}

/// What a fixture has made.
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
    /// The place of what these steps make with that SDK. Whoever asks first makes it, others wait.
    pub fn slot(&self, step: &ArtifactStep, sdk: &str) -> Result<Arc<Slot>, StepError> {
        let steps =
            serde_json::to_string(&step.make).map_err(|e| StepError::broken(e.to_string()))?;
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        // The lock is held for the map only; who builds does so in the slot, and keeps nobody with
        // other steps waiting.
        Ok(Arc::clone(all.entry(format!("{sdk}\n{steps}")).or_default()))
    }

    /// The place of the executables that an `sdk` step is about. Whoever asks first has them built, others
    /// wait: a case and its control compare the same files.
    pub fn sdk(&self, step: &SdkStep) -> Arc<SdkSlot> {
        let key = format!("{} {} {:?}", step.version, step.platform, step.released);
        let mut sdks = self.sdks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(sdks.entry(key).or_default())
    }
}
