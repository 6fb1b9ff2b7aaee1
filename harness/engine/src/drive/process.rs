//! `run` and `go`: start a program.

use super::driver::Driver;
use super::error::StepError;
use twinproof_steps::{Go, ProcessObservation, Run};

pub fn drive_run(driver: &mut Driver<'_>, step: &Run) -> Result<ProcessObservation, StepError> {
    let program = driver.scope().expand(&step.program)?;
    let program = if program.contains(['/', '\\']) { driver.native(&program) } else { program };
    let env = driver.env(None, &step.env, &step.unset)?;
    driver.process(program, &step.process(), env)
}

pub fn drive_go(driver: &mut Driver<'_>, step: &Go) -> Result<ProcessObservation, StepError> {
    let goroot = driver.goroot(step.sdk.as_deref())?;
    let env = driver.env(Some(&goroot), &step.env, &step.unset)?;
    driver.process(driver.go_program(&goroot), &step.process(), env)
}
