//! Errors in driving a step.

use twinproof_model::Capability;
use twinproof_model::variables::VariableError;

/// The reason why a step could not be driven.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StepError {
    /// A value that an earlier step should have captured is not there: the case ends here.
    #[error(transparent)]
    Variable(#[from] VariableError),
    /// An SDK is not available: the run is skipped.
    #[error("{0}")]
    Sdk(String),
    /// The host lacks a tool that a file is made with: the run is skipped.
    #[error("the host has no {0}")]
    Tool(Capability),
    /// This system or subject does not offer what the case needs: the run is skipped.
    #[error("{0}")]
    OutOfReach(String),
    /// The harness broke.
    #[error("{0}")]
    Broken(String),
}

impl StepError {
    /// The harness broke, for this reason.
    pub fn broken(why: impl Into<String>) -> Self {
        Self::Broken(why.into())
    }
}

impl From<twinproof_environment::EnvironmentError> for StepError {
    fn from(error: twinproof_environment::EnvironmentError) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<crate::StoreError> for StepError {
    fn from(error: crate::StoreError) -> Self {
        Self::Broken(error.to_string())
    }
}
