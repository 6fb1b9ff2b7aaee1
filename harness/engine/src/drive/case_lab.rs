//! The lab of a case: made by its first step that needs one, removed with the case.

use super::error::StepError;
use twinproof_environment::Environment;
use twinproof_lab::{HostState, Lab, LabError};
use twinproof_model::{Capability, EnvironmentKind};

/// A case's lab, and how the system was before it.
pub struct CaseLab {
    /// The lab.
    pub lab: Lab,
    /// The system before it.
    pub before: HostState,
}

impl CaseLab {
    /// Makes a lab.
    pub fn open(environment: &dyn Environment, work: &str) -> Result<Self, StepError> {
        let name = environment.name();
        if name.kind() != EnvironmentKind::Host
            || !environment.facts().capabilities.contains(&Capability::Lab)
        {
            return Err(StepError::OutOfReach(format!("{name} makes no lab")));
        }
        // Before the lab is made: its effects on the host could not be seen afterwards.
        let before = HostState::of(work);
        Ok(Self { lab: Lab::open().map_err(broken)?, before })
    }

    /// The program and arguments to start on the host, so that a program runs in the lab.
    pub fn entry(
        &self,
        program: &str,
        args: &[String],
        cwd: &str,
    ) -> Result<twinproof_lab::Entry, StepError> {
        self.lab.entry(program, args, cwd).map_err(broken)
    }
}

/// The step's error: [`StepError::OutOfReach`] where this system cannot make a lab.
pub fn broken(error: LabError) -> StepError {
    match error {
        LabError::Unavailable(why) => StepError::OutOfReach(why),
        other => StepError::Broken(other.to_string()),
    }
}
