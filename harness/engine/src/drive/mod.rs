//! Drives one case in one environment, step by step, and records the observations.
//!
//! Each kind of step has a file here with a function `drive`, which carries out the step and
//! returns its observation. Whether that is right is for the judge; nothing here draws conclusions.

mod archive;
mod artifact;
mod artifacts;
mod canary;
mod case_lab;
mod checksum_settings;
mod config_lint;
mod config_parse;
mod diff;
mod driver;
mod entries;
mod env;
mod error;
mod history;
mod http;
mod inspect;
mod lab;
mod origin;
mod probe;
mod process;
mod raw;
mod requests;
mod script;
mod sdk;
mod servers;
mod subject;
mod sumdb;
mod trace;
mod write;

pub use artifacts::Artifacts;
pub use driver::{Context, RunTarget, Sdks};

use crate::plan::absent;
use driver::Driver;
use error::StepError;
use std::time::Instant;
use twinproof_model::{Requirement, Skip, Verdict};
use twinproof_steps::{Case, GoldenSight, Observation, RunOutcome, RunRecord, Step, StepRecord};

/// Drives a case to its end, or to a failure after which later steps would only follow from it; a
/// control to its end. Gives the
/// record, and its verdict without expectations.
pub fn drive(
    context: &Context<'_>,
    case: &Case,
    place: RunTarget<'_>,
    sdk: &str,
    mut record: RunRecord,
) -> (RunRecord, Verdict) {
    let begun = Instant::now();
    let mut verdict = None;
    let outcome = match Driver::begin(context, case, place, sdk, &mut record) {
        Ok(mut driver) => {
            let outcome = steps(&mut driver, case, &mut record);
            let ended = driver.end_servers(&mut record);
            record.redactions = driver.redactions.count();
            let outcome = match (outcome, ended) {
                (RunOutcome::Driven, Err(error)) => {
                    RunOutcome::Broken { message: error.to_string() }
                }
                (outcome, _) => outcome,
            };
            // Check free space before the sandbox is dropped: dropping it frees what the case wrote.
            let outcome = (context.disturbed)().map_or(outcome, RunOutcome::Skipped);
            verdict = Some(driver.into_judging().end(&outcome).verdict());
            outcome
        }
        Err(error) => ended(error),
    };
    record.outcome = outcome;
    record.micros = begun.elapsed().as_micros() as u64;
    let verdict = match &record.outcome {
        RunOutcome::Skipped(skip) => skip.verdict(),
        RunOutcome::Broken { .. } => Verdict::HarnessError,
        RunOutcome::Driven => verdict.unwrap_or(Verdict::Inconclusive),
    };
    (record, verdict)
}

/// Drives the steps of a case until one fails or cannot be driven.
fn steps(driver: &mut Driver<'_>, case: &Case, record: &mut RunRecord) -> RunOutcome {
    'steps: for (index, declared) in case.step.iter().enumerate() {
        driver.index = index;
        let mut failed_tries = Vec::new();
        let mut retries = declared.retries();
        let driven = loop {
            let begun = Instant::now();
            let observation = match step(driver, declared) {
                Ok(observation) => observation,
                // The step that should have set the variable has failed, and the record says so.
                Err(StepError::Variable(_)) if driver.judging().failed() => continue 'steps,
                Err(StepError::Variable(_)) => return RunOutcome::Driven,
                Err(error) => return ended(error),
            };
            let micros = begun.elapsed().as_micros() as u64;
            let driven = StepRecord { index, micros, failed_tries: Vec::new(), observation };
            // A step that is not tried again is judged once, below.
            if retries == 0 || driver.judging().holds(record, &driven) {
                break StepRecord { failed_tries, ..driven };
            }
            retries -= 1;
            failed_tries.push(driven.observation);
        };
        record.steps.push(driven.clone());
        let goes_on = driver.judge(record, &driven);
        // A control expects the failure, and every check that shows it: go on after the first.
        if !goes_on && !record.control {
            break;
        }
    }
    RunOutcome::Driven
}

/// The outcome of a run that ends at a step that could not be driven.
fn ended(error: StepError) -> RunOutcome {
    match error {
        StepError::Sdk(detail) => RunOutcome::Skipped(Skip::SdkAbsent { detail }),
        StepError::Tool(tool) => RunOutcome::Skipped(absent(&Requirement::Has(tool))),
        StepError::OutOfReach(detail) => RunOutcome::Skipped(Skip::OutOfReach { detail }),
        StepError::Variable(_) | StepError::Broken(_) => {
            RunOutcome::Broken { message: error.to_string() }
        }
    }
}

/// Drives one step.
fn step(driver: &mut Driver<'_>, step: &Step) -> Result<Observation, StepError> {
    Ok(match step {
        Step::Write(s) => Observation::Wrote(write::drive(driver, s)?),
        Step::Run(s) => Observation::Process(process::drive_run(driver, s)?),
        Step::Go(s) => Observation::Process(process::drive_go(driver, s)?),
        Step::Env(s) => Observation::Env(env::drive(driver, s)?),
        Step::File(s) => Observation::Entries(entries::drive_file(driver, s)?),
        Step::Tree(s) => Observation::Entries(entries::drive_tree(driver, s)?),
        Step::Archive(s) => Observation::Archive(archive::drive(driver, s)?),
        Step::Lint(s) => Observation::Lint(config_lint::drive(driver, s)?),
        Step::Parse(s) => Observation::Parse(config_parse::drive(driver, s)?),
        Step::Inspect(s) => Observation::Inspect(inspect::drive(driver, s)?),
        Step::Diff(s) => Observation::Diff(diff::drive(driver, s)?),
        Step::Lab(s) => Observation::Lab(lab::drive(driver, s)?),
        Step::Trace(s) => Observation::Trace(trace::drive(driver, s)?),
        Step::Sdk(s) => Observation::Sdk(sdk::drive(driver, s)?),
        Step::Artifact(s) => Observation::Artifact(artifact::drive(driver, s)?),
        Step::Origin(s) => Observation::Origin(origin::drive(driver, s)?),
        Step::Subject(s) => Observation::Subject(subject::drive(driver, s)?),
        Step::Http(s) => Observation::Http(http::drive(driver, s)?),
        Step::Raw(s) => Observation::Raw(raw::drive(driver, s)?),
        Step::Requests(s) => Observation::Requests(requests::drive(driver, s)?),
        Step::Sumdb(s) => Observation::Sumdb(sumdb::drive(driver, s)?),
        Step::History(s) => Observation::History(history::drive(driver, s)?),
        Step::Script(s) => Observation::Script(script::drive(driver, s)?),
        Step::Canary(s) => Observation::Canary(canary::drive(driver, s)?),
        Step::Golden(_) => Observation::Golden(GoldenSight {}),
        Step::Probe(s) => Observation::Probe(probe::drive(driver, s)?),
        Step::Use(fixture) => {
            return Err(StepError::Broken(format!("fixture `{}` was not expanded", fixture.0)));
        }
    })
}
