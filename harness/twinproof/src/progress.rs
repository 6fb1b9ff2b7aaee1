//! Progress on a board: of SDKs that are provided, and of cells that are driven.

use crate::board::Board;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use twinproof_engine::{Cell, Plan};
use twinproof_model::Verdict;

/// Shows the progress of providing an SDK on a board.
pub struct SdkProgress<'a> {
    board: &'a Board,
    task: String,
    stop: &'a (dyn Fn() -> bool + Sync),
}

impl<'a> SdkProgress<'a> {
    /// Progress of the SDK of that name; `stop` returns whether to give up.
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
        // A total of 0 is one that is not known.
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
        // A control is expected to fail: any other verdict counts as red.
        let asked = if cell.control { verdict != Verdict::Fail } else { verdict > Verdict::Xfail };
        if asked && !matches!(verdict, Verdict::Unavailable | Verdict::NotApplicable) {
            self.red.fetch_add(1, Ordering::Relaxed);
        }
        self.say(&plan.cases[cell.case].key());
    }
}
