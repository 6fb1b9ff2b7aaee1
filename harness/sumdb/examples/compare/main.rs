//! Compares this crate with golang.org/x/mod, on the same inputs in one run.
//!
//! ```text
//! cargo run --release -p twinproof-sumdb --example compare -- [--json FILE] [--rounds N] [TASK…]
//! ```
//!
//! The other side is the program in `peer`, built with the `go` command and x/mod from the module
//! proxy. Each task is done by both in turn, in rounds, of which the first warms both up; the median
//! of the others counts. Both are given the same inputs and must give the same results. A `!` behind
//! a ratio says that it is below the figure to reach.
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod lookups;
mod ours;
mod peer;
mod row;
mod zips;

use std::time::{Duration, Instant};

use serde_json::json;

use ours::{Log, Task};
use peer::Peer;
use row::{Row, median};

/// Approximate time of one round of a small task. It is shorter than a scheduler's time slice, so
/// that some rounds of either side are not interrupted.
const ROUND: Duration = Duration::from_millis(1);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (mut json_file, mut rounds, mut wanted) = (None, 200, Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => json_file = arguments.next(),
            "--rounds" => rounds = arguments.next().unwrap().parse().unwrap(),
            // This program again, so that the memory of one task is not mixed with that of others.
            "--h1" => return zips::child(&arguments.next().unwrap()),
            _ => wanted.push(argument),
        }
    }
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.contains(&**w));
    // Built before anything is measured.
    let program = peer::build();
    let mut peer = Peer::start(&program);
    let mut rows = Vec::new();

    // The small tasks first: the large log would push theirs out of the caches of the processor.
    let log = Log::new(ours::SIZE);
    for task in ours::tasks(&log).into_iter().filter(|task| is_wanted(task.name)) {
        rows.push(compare(&task, &mut peer, rounds));
    }
    if is_wanted("lookup") {
        let log = Log::new(lookups::SIZE);
        for task in lookups::tasks(&log) {
            rows.push(compare(&task, &mut peer, rounds));
        }
    }
    if is_wanted("zip") {
        rows.extend(zips::compare(&program, (rounds / 40).max(1)));
    }

    println!("{:<58} {:>11} {:>11} {:>7}", "what", "ours", "x/mod", "ratio");
    for row in &rows {
        let mark = if row.ratio() < row.figure { " !" } else { "" };
        println!(
            "{:<58} {:>11} {:>11} {:>6.1}x{mark}",
            row.what,
            duration(row.ours),
            duration(row.theirs),
            row.ratio()
        );
        // Memory is measured for zips alone.
        if let Some((ours, theirs)) = row.memory {
            let mib = |bytes: u64| format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20));
            println!(
                "{:<58} {:>11} {:>11}",
                "  memory above an idle process",
                mib(ours),
                mib(theirs)
            );
        }
    }
    if let Some(file) = json_file {
        let rows: Vec<_> = rows
            .iter()
            .map(|row| {
                json!({
                    "what": row.what, "ours_ns": row.ours, "xmod_ns": row.theirs,
                    "ratio": row.ratio(), "figure": row.figure,
                    "ours_memory": row.memory.map(|m| m.0), "xmod_memory": row.memory.map(|m| m.1),
                })
            })
            .collect();
        std::fs::write(file, serde_json::to_string_pretty(&rows).unwrap() + "\n").unwrap();
    }
}

fn duration(nanos: f64) -> String {
    match nanos {
        n if n < 1e3 => format!("{n:.1} ns"),
        n if n < 1e6 => format!("{:.2} µs", n / 1e3),
        n if n < 1e9 => format!("{:.2} ms", n / 1e6),
        n => format!("{:.3} s", n / 1e9),
    }
}

/// Nanoseconds of the median round of each side, for one iteration.
fn compare(task: &Task<'_>, peer: &mut Peer, rounds: u32) -> Row {
    let (count, rounds) = match task.count {
        // Long tasks in fewer rounds.
        Some(count) => (count, (rounds / 10).max(3)),
        None => {
            let mut run = (task.prepare)();
            let mut count = 16;
            // Twice as many until a round is long enough for the clock.
            while time(count, &mut run).0 < ROUND {
                count *= 2;
            }
            (count, rounds)
        }
    };
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // One more than counts: `median` leaves the first out, which warms up.
    for _ in 0..=rounds {
        let mut run = (task.prepare)();
        let (elapsed, result) = time(count, &mut run);
        let answer = peer.ask(&task.request(count));
        // Two programs that give different results are not comparable.
        assert_eq!(answer.result, result, "{}", task.name);
        ours.push(elapsed.as_nanos() as f64 / count as f64);
        theirs.push(answer.nanos as f64 / count as f64);
    }
    let (ours, theirs) = (median(ours), median(theirs));
    // The figure to reach: three times as fast.
    Row { what: task.what.to_owned(), ours, theirs, figure: 3.0, memory: None }
}

fn time(count: u64, run: &mut dyn FnMut(u64) -> u64) -> (Duration, u64) {
    let start = Instant::now();
    let mut result = 0;
    for i in 0..count {
        result = run(i);
    }
    (start.elapsed(), result)
}
