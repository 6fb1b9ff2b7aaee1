//! `env`: sets or unsets variables for the steps after it.

use super::driver::Driver;
use super::error::StepError;
use twinproof_steps::{EnvChange, EnvStep};

pub fn drive(driver: &mut Driver<'_>, step: &EnvStep) -> Result<EnvChange, StepError> {
    for name in &step.unset {
        driver.unset_variable(name);
    }
    for (name, value) in driver.scope().expand_all(&step.set)? {
        driver.set_variable(&name, value);
    }
    Ok(EnvChange {})
}
