//! What a person sees while work goes on: bars on a terminal, now and then a line in a log.

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use twinproof_engine::{Cell, Plan};
use twinproof_model::Verdict;

/// A log line at most this often for the same thing.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows several things that go on at once, on standard error.
pub struct Board {
    bars: Option<MultiProgress>,
    tasks: Mutex<HashMap<String, Task>>,
}

struct Task {
    bar: Option<ProgressBar>,
    last_line: Instant,
    said: bool,
}

impl Board {
    /// Bars where standard error is a terminal, lines where it is not.
    pub fn new() -> Self {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        Self { bars, tasks: Mutex::new(HashMap::new()) }
    }

    /// Says how far a task is; what is said of the same task again replaces it.
    pub fn say(&self, task: &str, message: &str, fraction: Option<f64>) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let task = tasks.entry(task.to_owned()).or_insert_with(|| Task {
            bar: self.bars.as_ref().map(|bars| bars.add(bar())),
            last_line: Instant::now(),
            said: false,
        });
        if let Some(bar) = &task.bar {
            bar.set_message(message.to_owned());
            bar.set_position(fraction.map_or(0, |f| (f.clamp(0.0, 1.0) * 100.0) as u64));
        } else if task.last_line.elapsed() >= LINE_EVERY {
            let percent = fraction.map(|f| format!(" {:.0} %", f * 100.0)).unwrap_or_default();
            eprintln!("  … {message}{percent}");
            task.last_line = Instant::now();
            task.said = true;
        }
    }

    /// The task has ended; `message` stays to be read, unless it is empty or the task was too short
    /// for anyone to wonder.
    pub fn done(&self, task: &str, message: &str) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(task) = tasks.remove(task) else { return };
        if let Some(bar) = task.bar {
            bar.finish_and_clear();
        }
        if task.said && !message.is_empty() {
            eprintln!("  {message}");
        }
    }

    /// A line that stays.
    pub fn line(&self, text: &str) {
        match &self.bars {
            Some(bars) => bars.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(100);
    if let Ok(style) = ProgressStyle::with_template("  {spinner} {wide_msg} {bar:20} {elapsed:>5}")
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

impl twinproof_container::Progress for Board {
    fn update(&self, message: &str, fraction: Option<f64>) {
        let task = message.split(':').next().unwrap_or(message);
        self.say(task, message, fraction);
        if fraction == Some(1.0) {
            self.done(task, message);
        }
    }
}

/// One SDK that is being provided, on a board.
pub struct SdkProgress<'a> {
    board: &'a Board,
    task: String,
    stop: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> SdkProgress<'a> {
    /// Progress of the SDK of that name; `stop` says whether to give up.
    pub fn new(board: &'a Board, task: String, stop: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self { board, task, stop }
    }
}

impl twinproof_toolchain::Progress for SdkProgress<'_> {
    fn report(
        &mut self,
        phase: twinproof_toolchain::Phase,
        what: &str,
        done: u64,
        total: Option<u64>,
    ) {
        use twinproof_toolchain::Phase;
        let doing = match phase {
            Phase::Lookup => "asking the checksum database for",
            Phase::Download => "downloading",
            Phase::Verify => "hashing",
            Phase::Unpack => "unpacking",
            Phase::Wait => "waiting for another process with",
            Phase::Build => "building",
            Phase::Compare => "comparing",
        };
        let fraction = total.filter(|t| *t > 0).map(|t| done as f64 / t as f64);
        self.board.say(&self.task, &format!("{}: {doing} {what}", self.task), fraction);
    }

    fn cancelled(&self) -> bool {
        (self.stop)()
    }
}

impl Drop for SdkProgress<'_> {
    fn drop(&mut self) {
        self.board.done(&self.task, "");
    }
}

/// Cells that are being driven, on a board.
pub struct CellProgress<'a> {
    board: &'a Board,
    total: usize,
    ended: AtomicUsize,
    red: AtomicUsize,
}

impl<'a> CellProgress<'a> {
    /// Progress over the cells of a plan that will be driven.
    pub fn new(board: &'a Board, plan: &Plan) -> Self {
        let total = plan.cells.iter().filter(|c| c.skip.is_none()).count();
        Self { board, total, ended: AtomicUsize::new(0), red: AtomicUsize::new(0) }
    }

    /// All have ended.
    pub fn finish(&self) {
        self.board.done("cells", "");
    }

    fn say(&self, doing: &str) {
        let ended = self.ended.load(Ordering::Relaxed);
        let red = match self.red.load(Ordering::Relaxed) {
            0 => String::new(),
            red => format!(", {red} to look at"),
        };
        let fraction = ended as f64 / self.total.max(1) as f64;
        self.board.say(
            "cells",
            &format!("{ended} of {} runs{red}: {doing}", self.total),
            Some(fraction),
        );
    }
}

impl twinproof_engine::Progress for CellProgress<'_> {
    fn began(&self, plan: &Plan, cell: &Cell) {
        self.say(&format!("{} in {}", plan.cases[cell.case].key(), plan.environment(cell)));
    }

    fn ended(&self, plan: &Plan, cell: &Cell, verdict: Verdict, _took: Duration) {
        self.ended.fetch_add(1, Ordering::Relaxed);
        let asked = if cell.control { verdict != Verdict::Fail } else { verdict > Verdict::Xfail };
        if asked && !matches!(verdict, Verdict::Unavailable | Verdict::NotApplicable) {
            self.red.fetch_add(1, Ordering::Relaxed);
        }
        self.say(&plan.cases[cell.case].key());
    }
}
