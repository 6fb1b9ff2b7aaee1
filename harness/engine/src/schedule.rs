//! Drives the cells of a plan side by side, within limits, and stops when asked to.

use crate::drive::{self, Artifacts, Context, RunTarget, Sdks};
use crate::plan::{Cell, Plan};
use crate::{BlobStore, Redactor};
use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use twinproof_environment::Environment;
use twinproof_judge::Judge;
use twinproof_model::{Skip, Verdict};
use twinproof_pipeline::Pool;
use twinproof_process::loopback_only;
use twinproof_steps::{RunOutcome, RunRecord};

/// Limits of a run.
#[derive(Clone, Copy, Debug)]
pub struct RunLimits {
    /// Cells at once.
    pub jobs: usize,
    /// A step that names no limit.
    pub step: Duration,
    /// The whole run; cells that would begin later do not.
    pub run: Duration,
    /// Bytes kept of an output.
    pub output: u64,
    /// Bytes that have to be free where runs write. A cell that would begin with less does not, and
    /// one that ends with less is not judged.
    pub room: u64,
}

impl Default for RunLimits {
    /// As many cells at once as the machine has cores, and one more to use their waiting times; 60 s
    /// for a step, 30 minutes for the run, 4 MiB for an output, and 256 MiB of room.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            jobs: cores + 1,
            step: Duration::from_secs(60),
            run: Duration::from_secs(30 * 60),
            output: 4 << 20,
            room: 256 << 20,
        }
    }
}

/// A request to stop, from a signal handler or a test.
#[derive(Debug, Default)]
pub struct Stop(AtomicBool);

impl Stop {
    /// A value without a request.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Asks to stop: cells under way end, no other begins.
    pub fn request(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether a stop was requested.
    #[must_use]
    pub fn requested(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Receives progress while a plan is driven. Called from several threads.
pub trait Progress: Sync {
    /// A cell begins.
    fn began(&self, plan: &Plan, cell: &Cell);
    /// A cell ended; `verdict` leaves expectations out of account.
    fn ended(&self, plan: &Plan, cell: &Cell, verdict: Verdict, took: Duration);
}

/// Everything that driving a plan needs.
pub struct Drive<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The drivers of the plan's environments, in its order; none where one is absent.
    pub environments: &'a [Option<RunTarget<'a>>],
    /// The subject, `kind=value`, where the environment has none of its own.
    pub subject: &'a str,
    /// The environment that makes files for cases in other environments; absent where none can.
    pub host: Option<&'a dyn Environment>,
    /// The SDKs that cases prove, where they are available.
    pub sdks: Option<Sdks<'a>>,
    /// The store for evidence.
    pub store: &'a BlobStore,
    /// Folders that runs write to, one on each disk.
    pub folders: &'a [PathBuf],
    /// Redacts secrets in the evidence.
    pub redactor: &'a Redactor,
    /// Decides whether a case has failed.
    pub judge: &'a Judge<'a>,
    /// Data files of the suites, by their path relative to the folder of suites.
    pub data: &'a (dyn Fn(&str) -> Option<Vec<u8>> + Sync),
}

/// Drives every cell and gives their records in the order of the plan. A cell that was not driven
/// has a record that says why.
pub fn run(
    drive: &Drive<'_>,
    limits: RunLimits,
    stop: &Stop,
    progress: &dyn Progress,
) -> Vec<RunRecord> {
    let begun = Instant::now();
    let disturbed = || {
        if stop.requested() {
            return Some(Skip::Interrupted);
        }
        drive.folders.iter().find_map(|folder| lacks_room(folder, limits.room))
    };
    let databases = Pool::default();
    let artifacts = Artifacts::default();
    let context = Context {
        store: drive.store,
        redactor: drive.redactor,
        judge: drive.judge,
        step_limit: limits.step,
        output_limit: limits.output,
        host: drive.host,
        sdks: drive.sdks,
        artifacts: &artifacts,
        data: drive.data,
        databases: &databases,
        disturbed: &disturbed,
    };
    let cells = &drive.plan.cells;
    let order = order(drive.plan);
    // A slot a cell keeps the records in the order of the plan, whichever cell ends first.
    let slots: Vec<Mutex<Option<RunRecord>>> = cells.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(&index) = order.get(next.fetch_add(1, Ordering::SeqCst)) {
            let cell = &cells[index];
            let late = || {
                let seconds = limits.run.as_secs();
                (begun.elapsed() >= limits.run).then_some(Skip::RunTimeLimit { seconds })
            };
            let skip = cell.skip.clone().or_else(disturbed).or_else(late);
            let record = one(drive, &context, cell, skip, progress);
            *slots[index].lock().unwrap_or_else(PoisonError::into_inner) = Some(record);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..limits.jobs.clamp(1, cells.len().max(1)) {
            scope.spawn(work);
        }
    });
    slots
        .into_iter()
        .filter_map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner))
        .collect()
}

/// The order in which cells are driven: suites take turns, in proportion to their number of cells.
// Cells of one suite wait for the same things: a program that one of them makes for all, databases,
// a container. Cells of another use the processors meanwhile.
fn order(plan: &Plan) -> Vec<usize> {
    let mut suites: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, cell) in plan.cells.iter().enumerate() {
        suites.entry(&plan.cases[cell.case].suite).or_default().push(index);
    }
    let share = |cells: Vec<usize>| {
        let count = cells.len() as f64;
        cells.into_iter().enumerate().map(move |(nth, index)| (nth as f64 / count, index))
    };
    let mut all: Vec<(f64, usize)> = suites.into_values().flat_map(share).collect();
    all.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    all.into_iter().map(|(_, index)| index).collect()
}

fn one(
    drive: &Drive<'_>,
    context: &Context<'_>,
    cell: &Cell,
    skip: Option<Skip>,
    progress: &dyn Progress,
) -> RunRecord {
    let plan = drive.plan;
    let case = &plan.cases[cell.case];
    let environment = &plan.environments[cell.environment];
    let place = drive.environments.get(cell.environment).copied().flatten();
    let record = RunRecord {
        case: case.key(),
        environment: environment.name.clone(),
        subject: place
            .and_then(|p| p.subject)
            .map_or_else(|| drive.subject.to_owned(), crate::judged::named),
        control: cell.control,
        variables: BTreeMap::new(),
        class: environment.class.clone(),
        started: jiff::Timestamp::now().as_millisecond(),
        micros: 0,
        outcome: RunOutcome::Driven,
        steps: Vec::new(),
        logs: BTreeMap::new(),
        redactions: 0,
    };
    if let Some(skip) = skip {
        return RunRecord { outcome: RunOutcome::Skipped(skip), ..record };
    }
    let Some(place) = place else {
        let no_driver = || format!("{} has no driver", environment.name);
        let message = environment.broken.clone().unwrap_or_else(no_driver);
        return RunRecord { outcome: RunOutcome::Broken { message }, ..record };
    };
    let mutated = if cell.control { case.under_control().map(Some) } else { Ok(None) };
    let mutated = match mutated {
        Ok(mutated) => mutated,
        Err(error) => {
            let message = error.to_string();
            return RunRecord { outcome: RunOutcome::Broken { message }, ..record };
        }
    };
    let case = mutated.as_ref().unwrap_or(case);
    progress.began(plan, cell);
    let begun = record.clone();
    let driven = || drive::drive(context, case, place, plan.sdk_of(case), record);
    // A subject that is launched here, and its go command, reach the case's servers and nobody else.
    let launched = place.subject.is_some_and(|subject| !subject.declaration.is_read_only());
    let driven = || match if launched { loopback_only(driven) } else { Ok(driven()) } {
        Ok(driven) => driven,
        Err(message) => {
            let outcome = RunOutcome::Broken { message };
            (RunRecord { outcome, ..begun.clone() }, Verdict::HarnessError)
        }
    };
    // A driver that panics ends its own cell, not the run.
    let (record, verdict) = catch_unwind(AssertUnwindSafe(driven)).unwrap_or_else(|panic| {
        let message = format!("the driver panicked: {}", message_of(panic.as_ref()));
        (RunRecord { outcome: RunOutcome::Broken { message }, ..begun }, Verdict::HarnessError)
    });
    progress.ended(plan, cell, verdict, Duration::from_micros(record.micros));
    record
}

/// Whether less is free on the disk of `folder`. A file system that gives no number counts as having room.
fn lacks_room(folder: &Path, least: u64) -> Option<Skip> {
    let left = fs4::available_space(folder).ok()?;
    let folder = folder.display().to_string();
    (left < least).then_some(Skip::DiskFull { folder, left, least })
}

/// The message of a panic.
fn message_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_take_turns_in_proportion_to_their_cells() {
        let case = |suite: &str, id: usize| -> twinproof_steps::Case {
            let case = serde_json::json!({
                "suite": suite, "id": format!("c{id}"), "claims": [], "title": "", "step": [],
                "environments": ["host"], "control": { "step": "x" },
            });
            serde_json::from_value(case).unwrap()
        };
        let cases: Vec<_> =
            (0..6).map(|id| case("a", id)).chain((0..2).map(|id| case("b", id))).collect();
        let cell = |case| Cell { case, environment: 0, control: false, skip: None };
        let cells = (0..cases.len()).map(cell).collect();
        let plan = Plan { cases, environments: Vec::new(), cells, sdk: "1.27.3".to_owned() };
        assert_eq!(order(&plan), [0, 6, 1, 2, 3, 7, 4, 5]);
    }
}
