//! The cost of the engine itself: ten thousand cases whose programs do nothing, planned, driven,
//! judged, and sealed in a bundle.

#![expect(clippy::unwrap_used, dead_code, reason = "a benchmark; it needs part of the double")]

#[path = "../tests/double/mod.rs"]
mod double;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use double::{Double, case, claim, meta, printed};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::Duration;
use twinproof_engine::{
    BlobStore, Bundle, Cell, Drive, Plan, Progress, Redactor, RunLimits, RunTarget, Stop, plan, run,
};
use twinproof_judge::{Judge, RunManifest, assemble};
use twinproof_model::{Controls, Results, Verdict};
use twinproof_steps::{Case, RunRecord};

const CASES: usize = 10_000;

struct Silent;

impl Progress for Silent {
    fn began(&self, _: &Plan, _: &Cell) {}
    fn ended(&self, _: &Plan, _: &Cell, _: Verdict, _: Duration) {}
}

/// Plans, drives and judges.
fn conform(
    cases: Vec<Case>,
    environment: &Double,
    bundle: &std::path::Path,
) -> (RunManifest, Vec<RunRecord>, Results) {
    let store = BlobStore::new(bundle);
    let plan = plan(cases, vec![environment.result()], "1.27.3".into(), Controls::None);
    let manifest = RunManifest {
        run: meta(),
        environments: plan.environments.clone(),
        claims: vec![claim()],
        cases: plan.cases.clone(),
        normalisers: Vec::new(),
        goldens: BTreeMap::new(),
        expectations: Vec::new(),
        floors: Vec::new(),
    };
    let judge = Judge::new(&manifest.normalisers, &manifest.goldens, &store).unwrap();
    let drive = Drive {
        plan: &plan,
        environments: &[Some(RunTarget { environment, subject: None })],
        subject: "sdk=1.27.3",
        host: None,
        sdks: None,
        store: &store,
        folders: &[],
        redactor: &Redactor::new([]),
        judge: &judge,
        data: &|_| None,
    };
    let records = run(&drive, RunLimits::default(), &Stop::default(), &Silent);
    let results = assemble(&manifest, &records, &store).unwrap();
    // A run that skipped its cases would be fast and prove nothing.
    assert_eq!(results.summary.of(Verdict::Pass), CASES as u64);
    (manifest, records, results)
}

fn benches(c: &mut Criterion) {
    let environment = Double::new("host", |_| Ok(printed("")));
    let step = json!([{ "run": { "name": "p", "program": "/p", "stdout": "" } }]);
    let one = |n| case(&format!("c{n}"), step.clone(), json!({ "step": "p", "args": ["x"] }));
    let cases: Vec<_> = (0..CASES).map(one).collect();
    let mut group = c.benchmark_group("engine");
    // One iteration takes seconds, and criterion's hundred would take minutes.
    group.sample_size(10);
    let folder = || (tempfile::tempdir().unwrap(), cases.clone());
    group.bench_function("10000 cases planned, driven, judged", |b| {
        b.iter_batched(
            // A new store each time: blobs that are there already would not be written again.
            folder,
            |(dir, cases)| (conform(cases, &environment, dir.path()), dir),
            BatchSize::PerIteration,
        );
    });
    let driven = || {
        let dir = tempfile::tempdir().unwrap();
        let seen = conform(cases.clone(), &environment, dir.path());
        (dir, seen)
    };
    group.bench_function("their bundle sealed", |b| {
        b.iter_batched(
            driven,
            |(dir, (manifest, records, results))| {
                Bundle::new(dir.path()).seal(&manifest, &records, &results).unwrap();
                dir
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(engine, benches);
criterion_main!(engine);
