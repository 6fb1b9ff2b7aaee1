//! The time to write each report of 10,000 cases, and to read it again.
//!
//! `cargo bench -p twinproof-report`
#![expect(clippy::expect_used, reason = "a benchmark fails by panicking")]

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use std::hint::black_box;
use twinproof_model::{Results, Summary, Verdict};
use twinproof_report::{
    Reporter, TerminalOptions, html, junit, ledger, markdown, reconcile, sarif, terminal,
};

/// Cases of the run, over eight environments.
const CASES: usize = 10_000;

/// Every tenth case fails, with four checks each, whose output contains a terminal's colours.
fn case(index: usize) -> Value {
    let verdict = if index.is_multiple_of(10) { "fail" } else { "pass" };
    let checks: Vec<Value> = (0..4)
        .map(|at| {
            json!({
                "id": format!("{at}.stdout"),
                "step": at,
                "verdict": verdict,
                // Long, as outputs of programs are.
                "expected": "text with the line `example.com/module v1.2.3`".repeat(4),
                "actual": format!("\u{1b}[31mline {at}\u{1b}[0m: example.com/other v0.0.1\n").repeat(8),
                "evidence": [{ "sha256": "c0ffee".repeat(10) + "beef", "size": 123 }],
            })
        })
        .collect();
    json!({
        "suite": format!("suite-{}", index % 7),
        "case": format!("suite-{}/case-{}", index % 7, index / 8),
        "title": "go install without GOBIN writes to the first GOPATH entry's bin",
        "environment": format!("image:number-{}", index % 8),
        "subject": "toolchain=go1.27.3",
        // Claims repeat, so that reports have to group by them.
        "claims": [format!("CLAIM-{:03}", index / 8 % 400)],
        "level": "must",
        "verdict": verdict,
        "checks": checks,
        "micros": 1_234_567,
        "started": 1_790_000_000_000_i64,
        "file": "path/gobin.toml",
        "line": 12,
        "column": 1,
        "record": format!("records/{index}.json"),
    })
}

fn results() -> Results {
    let environments: Vec<Value> =
        (0..8).map(|at| json!({ "name": format!("image:number-{at}") })).collect();
    let mut results: Results = serde_json::from_value(json!({
        "format": 1,
        "run": {
            "twinproof": "0.1.0",
            "started": 1_790_000_000_000_i64,
            "millis": 72_400,
            "arguments": ["conformance"],
            "subjects": ["toolchain=go1.27.3"],
            "suites_sha256": "5feceb66",
        },
        "summary": Summary::count([]),
        "environments": environments,
        "claims": [],
        "cases": (0..CASES).map(case).collect::<Vec<_>>(),
    }))
    .expect("the run is written by hand");
    let verdicts: Vec<Verdict> = results.cases.iter().map(|c| c.verdict).collect();
    results.summary = Summary::count(verdicts);
    results
}

/// Draws one report.
type Draw = fn(&Results) -> String;

fn reports(criterion: &mut Criterion) {
    let results = results();
    let reporters: [(Reporter, Draw); 6] = [
        (Reporter::Terminal, |r| terminal(r, TerminalOptions::default())),
        (Reporter::Html, |r| html(r, None)),
        (Reporter::Junit, junit),
        (Reporter::Sarif, sarif),
        (Reporter::Markdown, markdown),
        (Reporter::Ledger, ledger),
    ];
    for (reporter, draw) in reporters {
        let report = draw(&results);
        criterion.bench_function(&format!("draw/{reporter:?}"), |b| {
            b.iter(|| draw(black_box(&results)));
        });
        // Reading a report again is part of every run, so it must not take longer than drawing it.
        criterion.bench_function(&format!("reconcile/{reporter:?}"), |b| {
            b.iter(|| reconcile(black_box(&results), reporter, black_box(&report)));
        });
    }
}

criterion_group! {
    name = benches;
    // A report takes up to a second, and criterion's hundred samples would take minutes.
    config = Criterion::default().sample_size(10);
    targets = reports
}
criterion_main!(benches);
