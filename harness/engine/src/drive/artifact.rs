//! `artifact`: files that a fixture's steps make on the host, once in a run.

use super::artifacts::Built;
use super::driver::{Context, Driver, RunTarget};
use super::error::StepError;
use super::{process, write};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use twinproof_environment::{Contents, Environment, Put, SnapshotLimits};
use twinproof_model::EntryKind;
use twinproof_steps::{Artifact, ArtifactStep, Case, Made, Make, RunOutcome, RunRecord};

/// Permission bits of the file in the environment: it may be a program.
const MODE: u32 = 0o755;
/// Most bytes of all files that a fixture makes.
const MOST: u64 = 256 << 20;

pub fn drive(driver: &mut Driver<'_>, step: &ArtifactStep) -> Result<Artifact, StepError> {
    let context = driver.context();
    let host = context
        .host
        .ok_or_else(|| StepError::OutOfReach("there is no host to make it on".to_owned()))?;
    if let Some(tool) = step.requires.iter().find(|c| !host.facts().capabilities.contains(c)) {
        return Err(StepError::Tool(tool.clone()));
    }
    let path = match &step.path {
        Some(path) => driver.path(path)?,
        None => driver.native(&step.file),
    };
    // Compilers are slow: what equal steps make with one SDK is made once in a run.
    let slot = context.artifacts.slot(step, driver.sdk())?;
    let built = slot.get_or_init(|| build(context, host, driver.case(), step, driver.sdk()));
    let built = built.as_ref().map_err(Clone::clone)?;
    let content = match built.files.get(&step.file) {
        None => None,
        Some(name) => {
            let kept = built.folder.path().join(name);
            let bytes = std::fs::read(&kept).map_err(|e| failed(&kept, &e))?;
            driver.sandbox().put(&path, &Put::File { bytes: bytes.clone(), mode: Some(MODE) })?;
            Some(driver.store(bytes)?)
        }
    };
    Ok(Artifact { path, content, variables: built.variables.clone(), made: built.made.clone() })
}

/// Runs the steps in a work directory of the host until one does not end as it must, and keeps the
/// files that they made.
fn build(
    context: &Context<'_>,
    host: &dyn Environment,
    user: &Case,
    step: &ArtifactStep,
    sdk: &str,
) -> Result<Built, StepError> {
    let case = Case { id: format!("artifact-{}", step.fixture), step: Vec::new(), ..user.clone() };
    let mut record = RunRecord {
        case: case.key(),
        environment: host.name().clone(),
        subject: String::new(),
        control: false,
        variables: BTreeMap::new(),
        class: None,
        started: 0,
        micros: 0,
        outcome: RunOutcome::Driven,
        steps: Vec::new(),
        logs: BTreeMap::new(),
        redactions: 0,
    };
    let place = RunTarget { environment: host, subject: None };
    let mut driver = Driver::begin(context, &case, place, sdk, &mut record)?;
    let mut made = Vec::new();
    for make in &step.make {
        let (seen, exit) = match make {
            Make::Write(s) => (Made::Wrote(write::drive(&mut driver, s)?), None),
            Make::Run(s) => (Made::Process(process::drive_run(&mut driver, s)?), Some(s.exit)),
            Make::Go(s) => (Made::Process(process::drive_go(&mut driver, s)?), Some(s.exit)),
        };
        let ended = |exit| matches!(&seen, Made::Process(p) if p.exit == Some(exit));
        let goes_on = exit.is_none_or(|exit| ended(exit.0));
        made.push(seen);
        if !goes_on {
            break;
        }
    }
    // Depth 1: the files right in the work directory. The build cache and sources are below it.
    let limits = SnapshotLimits { depth: 1, bytes: MOST, ..SnapshotLimits::default() };
    let root = driver.sandbox().root().to_owned();
    let entries = driver.sandbox().entries(&root, Contents::Sizes, limits)?;
    let folder = tempfile::Builder::new().prefix("twinproof-made-").tempdir();
    let folder = folder.map_err(|e| failed(&std::env::temp_dir(), &e))?;
    let mut files = BTreeSet::new();
    // One at a time: all files together may exceed the memory.
    for entry in entries.into_iter().filter(|entry| entry.kind == EntryKind::File) {
        let path = driver.native(&entry.path);
        let found = driver.sandbox().entries(&path, Contents::Wanted, limits)?;
        let Some(bytes) = found.into_iter().find_map(|found| found.bytes) else { continue };
        let kept = folder.path().join(&entry.path);
        std::fs::write(&kept, bytes).map_err(|e| failed(&kept, &e))?;
        files.insert(entry.path);
    }
    Ok(Built { variables: record.variables, made, files, folder })
}

fn failed(path: &Path, error: &io::Error) -> StepError {
    StepError::broken(format!("{}: {error}", path.display()))
}
