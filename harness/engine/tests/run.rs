//! Runs in an environment in memory: interruption, limits, retries, controls, secrets, and runs
//! whose driver breaks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod double;

use double::{Double, broken, case, claim, meta, printed};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use twinproof_engine::{
    BlobStore, Bundle, Cell, Drive, Plan, Progress, Redactor, RunLimits, RunTarget, Stop, plan, run,
};
use twinproof_environment::{Exec, Exited};
use twinproof_judge::{Judge, RunManifest, assemble};
use twinproof_model::{Capability, Controls, Results, Skip, Verdict};
use twinproof_steps::{Case, RunOutcome, RunRecord};

/// A run in the making.
struct Rig {
    cases: Vec<Case>,
    environments: Vec<Double>,
    controls: Controls,
    limits: RunLimits,
    stop: Arc<Stop>,
    secrets: Vec<(String, String)>,
}

/// The results of a run.
struct Ran {
    records: Vec<RunRecord>,
    results: Results,
    bundle: tempfile::TempDir,
}

struct Silent;

impl Progress for Silent {
    fn began(&self, _: &Plan, _: &Cell) {}
    fn ended(&self, _: &Plan, _: &Cell, _: Verdict, _: Duration) {}
}

impl Rig {
    /// A rig that runs one cell after another.
    fn new(cases: Vec<Case>, environment: Double) -> Self {
        Self {
            cases,
            environments: vec![environment],
            controls: Controls::None,
            limits: RunLimits { jobs: 1, ..RunLimits::default() },
            stop: Arc::default(),
            secrets: Vec::new(),
        }
    }

    fn run(self) -> Ran {
        let bundle = tempfile::tempdir().unwrap();
        let store = BlobStore::new(bundle.path());
        let redactor = Redactor::new(self.secrets);
        let results = self.environments.iter().map(Double::result).collect();
        let plan = plan(self.cases, results, "1.27.3".into(), self.controls);
        let drivers: Vec<Option<RunTarget<'_>>> = self
            .environments
            .iter()
            .map(|e| Some(RunTarget { environment: e, subject: None }))
            .collect();
        let mut manifest = RunManifest {
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
            environments: &drivers,
            subject: "sdk=1.27.3",
            host: drivers.iter().flatten().map(|place| place.environment).next(),
            sdks: None,
            store: &store,
            folders: &[bundle.path().to_owned()],
            redactor: &redactor,
            judge: &judge,
            data: &|_| None,
        };
        let records = run(&drive, self.limits, &self.stop, &Silent);
        manifest.run.interrupted = self.stop.requested();
        let results = assemble(&manifest, &records, &store).unwrap();
        Bundle::new(bundle.path()).seal(&manifest, &records, &results).unwrap();
        Ran { records, results, bundle }
    }
}

impl Ran {
    /// The verdicts, in the order of the plan.
    fn verdicts(&self) -> Vec<(&str, Verdict)> {
        let cases = self.results.cases.iter();
        cases.map(|c| (c.case.trim_start_matches("s/"), c.verdict)).collect()
    }

    /// Verdicts that differ when the sealed bundle is judged again.
    fn differences(&self) -> Vec<(String, String, String)> {
        let judged = Bundle::new(self.bundle.path()).rejudge().unwrap();
        assert_eq!(judged.problems, []);
        judged.differences
    }
}

/// Prints its arguments, and exits with the code in the variable EXIT.
fn echo(exec: &Exec) -> Exited {
    let code = exec.env.get("EXIT").map_or(0, |c| c.parse().unwrap());
    Exited { code: Some(code), ..printed(&exec.args.join(" ")) }
}

fn echoes(id: &str, args: &str) -> Case {
    let step =
        json!([{ "run": { "name": "echo", "program": "/echo", "args": [args], "stdout": args } }]);
    case(id, step, json!({ "step": "echo", "args": ["other"] }))
}

#[test]
fn an_interruption_leaves_inconclusive_cells() {
    let stop = Arc::new(Stop::default());
    let asked = Arc::clone(&stop);
    let environment = Double::new("host", move |exec| {
        if exec.args == ["b"] {
            asked.request();
        }
        Ok(echo(exec))
    });
    let cases = ["a", "b", "c", "d"].map(|id| echoes(id, id)).to_vec();
    let mut rig = Rig::new(cases, environment);
    rig.stop = stop;
    let ran = rig.run();
    assert_eq!(
        ran.verdicts(),
        [
            ("a", Verdict::Pass),
            ("b", Verdict::Inconclusive),
            ("c", Verdict::Inconclusive),
            ("d", Verdict::Inconclusive),
        ]
    );
    for case in &ran.results.cases[1..] {
        assert_eq!(case.skip, Some(Skip::Interrupted));
    }
    assert_eq!(ran.results.summary.exit_code, 2);
    assert_eq!(ran.results.summary.reasons, ["3 inconclusive", "1 interruption before the end"]);
    assert_eq!(ran.differences(), []);
}

#[test]
fn the_time_limit_of_the_run_leaves_inconclusive_cells() {
    let mut rig = Rig::new(vec![echoes("a", "a")], Double::new("host", |e| Ok(echo(e))));
    // Over before the first cell begins: the test waits for nothing.
    rig.limits.run = Duration::ZERO;
    let ran = rig.run();
    assert_eq!(ran.verdicts(), [("a", Verdict::Inconclusive)]);
    assert_eq!(ran.results.cases[0].skip, Some(Skip::RunTimeLimit { seconds: 0 }));
    assert_eq!(ran.results.summary.exit_code, 2);
}

#[test]
fn a_full_disk_leaves_inconclusive_cells() {
    let mut rig = Rig::new(vec![echoes("a", "a")], Double::new("host", |e| Ok(echo(e))));
    // More room than any disk has.
    rig.limits.room = u64::MAX;
    let ran = rig.run();
    assert_eq!(ran.verdicts(), [("a", Verdict::Inconclusive)]);
    assert!(matches!(ran.results.cases[0].skip, Some(Skip::DiskFull { least: u64::MAX, .. })));
    assert_eq!(ran.results.summary.exit_code, 2);
}

#[test]
fn the_time_limit_of_a_step_is_inconclusive() {
    let late = |exec: &Exec| {
        assert_eq!(exec.limit, Duration::from_secs(7));
        Ok(Exited { timed_out: true, ..Exited::default() })
    };
    let step = json!([{ "run": { "program": "/p", "timeout": 7, "stdout": "" } }]);
    let cases = vec![case("late", step, json!({ "step": 1, "args": ["x"] }))];
    let ran = Rig::new(cases, Double::new("host", late)).run();
    assert_eq!(ran.verdicts(), [("late", Verdict::Inconclusive)]);
    assert_eq!(ran.results.cases[0].checks[0].actual, "still running after 7000 ms, killed");
}

#[test]
fn a_late_success_is_recorded_and_flaky() {
    let tries = AtomicUsize::new(0);
    let environment = Double::new("host", move |exec| {
        let number = tries.fetch_add(1, Ordering::SeqCst);
        // The last of three tries passes.
        let code = if exec.args == ["late"] && number >= 2 { 0 } else { 1 };
        Ok(Exited { code: Some(code), ..printed("x") })
    });
    let tried = |id: &str| {
        let step = json!([
            { "run": { "name": "p", "program": "/p", "args": [id], "retries": 2, "stdout": "x" } },
        ]);
        case(id, step, json!({ "step": "p", "args": ["other"] }))
    };
    let ran = Rig::new(vec![tried("late"), tried("never")], environment).run();
    assert_eq!(ran.verdicts(), [("late", Verdict::Pass), ("never", Verdict::Fail)]);
    assert_eq!([ran.results.cases[0].flaky, ran.results.cases[1].flaky], [true, false]);
    for record in &ran.records {
        assert_eq!(record.steps.len(), 1);
        assert_eq!(record.steps[0].failed_tries.len(), 2);
    }
    assert_eq!(ran.differences(), []);
}

#[test]
fn controls_turn_red_stay_green_or_miss_their_check() {
    let echoes = |id: &str, control| {
        let step = json!([
            { "run": { "name": "echo", "program": "/echo", "args": ["a"], "stdout": "a" } },
        ]);
        case(id, step, control)
    };
    let cases = vec![
        echoes("red", json!({ "step": "echo", "args": ["b"], "turns": "echo.stdout" })),
        // A control that changes nothing that the step looks at.
        echoes("green", json!({ "step": "echo", "env": { "UNSEEN": "1" } })),
        echoes("other", json!({ "step": "echo", "args": ["b"], "turns": "echo.exit" })),
        echoes("unfit", json!({ "step": "echo", "url": "x" })),
    ];
    let mut rig = Rig::new(cases, Double::new("host", |e| Ok(echo(e))));
    rig.controls = Controls::Everywhere;
    let ran = rig.run();
    assert!(ran.verdicts().iter().all(|(_, v)| *v == Verdict::Pass));
    let controls: Vec<_> = ran
        .results
        .controls
        .iter()
        .map(|c| (&*c.case, c.verdict, c.red.join(" "), c.problem.as_deref().unwrap_or("")))
        .collect();
    let (fail, pass, none) = (Verdict::Fail, Verdict::Pass, String::new);
    assert_eq!(
        controls,
        [
            ("s/red", fail, "echo.stdout".to_owned(), ""),
            ("s/green", pass, none(), "it stayed green"),
            ("s/other", fail, "echo.stdout".to_owned(), "check echo.exit did not turn red"),
            (
                // Red in the wrong check proves nothing about the right one.
                "s/unfit",
                Verdict::Inconclusive,
                none(),
                "a `run` step has no `url` that a control could change"
            ),
        ]
    );
    let summary = &ran.results.summary;
    assert_eq!(
        [summary.controls_red, summary.controls_green, summary.controls_undriven],
        [1, 1, 2]
    );
    assert_eq!(summary.exit_code, 1);
    assert_eq!(ran.differences(), []);
}

#[test]
fn controls_run_once_for_each_kind_of_environment_and_with_every_subject() {
    let step =
        json!([{ "run": { "name": "echo", "program": "/echo", "args": ["a"], "stdout": "a" } }]);
    let control = json!({ "step": "echo", "args": ["b"], "turns": "echo.stdout" });
    let names = ["host", "image:alpine", "image:debian", "proxy:one", "proxy:two"];
    let ran = |controls| {
        let mut everywhere = case("one", step.clone(), control.clone());
        everywhere.environments.push("proxy".to_owned());
        let mut rig = Rig::new(vec![everywhere], Double::new(names[0], |e| Ok(echo(e))));
        rig.environments.extend(names[1..].iter().map(|name| Double::new(name, |e| Ok(echo(e)))));
        rig.controls = controls;
        let results = rig.run().results;
        assert_eq!(results.cases.len(), 5);
        results.controls.iter().map(|c| c.environment.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(ran(Controls::Once), ["host", "image:alpine", "proxy:one", "proxy:two"]);
    assert_eq!(ran(Controls::Everywhere), names);
    assert!(ran(Controls::None).is_empty());
}

#[test]
fn secrets_are_in_nothing_that_is_stored() {
    let environment = Double::new("host", |exec| {
        let said = format!("{} and {}\n", exec.args[0], exec.env["KEY"]);
        Ok(Exited { stderr: said.clone().into_bytes(), ..printed(&said) })
    });
    let step = json!([
        { "env": { "set": { "KEY": "hush-hush", "ADDRESS": "https://me:pw@host/" } } },
        { "run": {
            "name": "p", "program": "/p", "args": ["x=hush-hush"],
            "stdout": "x=[redacted] and [redacted]",
        } },
        { "write": { "path": "hush", "text": "hush-hush" } },
        { "file": { "path": "hush", "text": "[redacted]" } },
    ]);
    let cases = vec![case("hush", step, json!({ "step": "p", "args": ["y"] }))];
    let mut rig = Rig::new(cases, environment);
    rig.secrets =
        vec![("API_TOKEN".into(), "hush-hush".into()), ("HOME".into(), "/work/home".into())];
    let ran = rig.run();
    assert_eq!(ran.verdicts(), [("hush", Verdict::Pass)], "{:?}", ran.results.cases[0].checks);
    // One in the arguments, two in the variables, two in each output, one in what was written and
    // one in what was read.
    assert_eq!(ran.records[0].redactions, 1 + 2 + 2 + 2 + 1 + 1);
    assert_eq!(ran.results.run.redactions, 9);
    let text = serde_json::to_string(&ran.records[0]).unwrap();
    assert!(!text.contains("hush-hush") && !text.contains("me:pw"), "{text}");
    for blob in std::fs::read_dir(ran.bundle.path().join("blobs")).unwrap() {
        let bytes = std::fs::read(blob.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("hush-hush"));
    }
    assert_eq!(ran.differences(), []);
}

#[test]
fn a_driver_that_breaks_is_no_failure_of_the_subject() {
    let environment = Double::new("host", |exec| match exec.args[0].as_str() {
        "panics" => panic!("out of its depth"),
        "fails" => Err(broken("starting /echo")),
        _ => Ok(echo(exec)),
    });
    let cases =
        ["first", "panics", "fails", "no-sandbox", "last"].map(|id| echoes(id, id)).to_vec();
    let ran = Rig::new(cases, environment).run();
    assert_eq!(
        ran.verdicts(),
        [
            ("first", Verdict::Pass),
            ("panics", Verdict::HarnessError),
            ("fails", Verdict::HarnessError),
            ("no-sandbox", Verdict::HarnessError),
            ("last", Verdict::Pass),
        ]
    );
    let messages: Vec<_> = ran.results.cases.iter().filter_map(|c| c.broken.as_deref()).collect();
    assert_eq!(
        messages,
        [
            "the driver panicked: out of its depth",
            "host: starting /echo: the machinery failed",
            "host: open: the machinery failed",
        ]
    );
    assert_eq!(ran.results.summary.exit_code, 255);
    assert_eq!(ran.differences(), []);
}

#[test]
fn only_what_needs_an_sdk_misses_it() {
    let environment = Double::new("host", |e| Ok(echo(e))).with(Capability::Go);
    let go = json!([{ "go": { "name": "v", "args": ["version"], "stdout": "x" } }]);
    let refers = json!([{ "run": { "program": "/echo", "args": ["${goroot}"], "stdout": "" } }]);
    let mut cases = vec![
        echoes("without", "x"),
        case("with", go, json!({ "step": "v", "args": ["env"] })),
        case("refers", refers, json!({ "step": 1, "args": ["x"] })),
    ];
    // As the loader finds it in the texts.
    cases[2].variables.insert("goroot".to_owned());
    let ran = Rig::new(cases, environment).run();
    assert_eq!(
        ran.verdicts(),
        [
            ("without", Verdict::Pass),
            ("with", Verdict::Unavailable),
            ("refers", Verdict::Unavailable),
        ]
    );
    assert_eq!(
        ran.results.cases[1].skip,
        Some(Skip::SdkAbsent { detail: "no Go 1.27.3 for host (there is: none)".into() })
    );
}

#[test]
fn a_value_that_was_not_captured_ends_the_case_undecided() {
    let step = json!([
        { "run": { "program": "/echo", "args": ["no"], "stdout": "no", "capture": { "got": "(yes)" } } },
        { "run": { "program": "/echo", "args": ["${got}"], "stdout": "yes" } },
    ]);
    let cases = vec![case("captures", step, json!({ "step": 2, "args": ["x"] }))];
    let ran = Rig::new(cases, Double::new("host", |e| Ok(echo(e)))).run();
    assert_eq!(ran.verdicts(), [("captures", Verdict::Inconclusive)]);
    assert_eq!(ran.records[0].outcome, RunOutcome::Driven);
    assert_eq!(ran.records[0].steps.len(), 1);
}

#[test]
fn the_order_is_that_of_the_plan_however_many_run_at_once() {
    let cases: Vec<_> = (0..40).map(|n| echoes(&format!("c{n}"), "x")).collect();
    let keys: Vec<_> = cases.iter().map(Case::key).collect();
    let mut rig = Rig::new(cases, Double::new("host", |e| Ok(echo(e))));
    // More at once than the machine has processors: cells end in any order.
    rig.limits.jobs = 8;
    let ran = rig.run();
    let seen: Vec<_> = ran.records.iter().map(|r| r.case.clone()).collect();
    assert_eq!(seen, keys);
    assert!(ran.verdicts().iter().all(|(_, v)| *v == Verdict::Pass));
}

#[test]
fn fixture_is_built_once_and_its_files_put_where_they_are_used() {
    let started = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&started);
    let environment = Double::new("host", move |exec| {
        count.fetch_add(usize::from(exec.program == "/cc"), Ordering::SeqCst);
        Ok(printed(""))
    });
    let steps = |file: &str, tool: &[&str]| {
        let make = json!([
            { "write": { "path": "a.so", "text": "library" } },
            { "run": { "program": "/cc" } },
        ]);
        json!([
            { "artifact": { "name": "lib", "fixture": "f", "file": file, "path": "b.so",
                "requires": tool, "make": make } },
            { "file": { "name": "there", "path": "b.so", "text": "library" } },
        ])
    };
    let control = json!({ "step": "lib", "file": "c.so", "turns": "lib.made" });
    let cases = vec![
        case("one", steps("a.so", &[]), control.clone()),
        case("two", steps("a.so", &[]), control.clone()),
        case("other", steps("none.so", &[]), control.clone()),
        case("tool", steps("a.so", &["zig"]), control),
    ];
    let mut rig = Rig::new(cases, environment);
    rig.controls = Controls::Everywhere;
    let ran = rig.run();
    let verdicts: Vec<_> = ran.results.cases.iter().map(|c| c.verdict).collect();
    let pass = Verdict::Pass;
    assert_eq!(verdicts, [pass, pass, Verdict::Fail, Verdict::Unavailable]);
    let (detail, remedy) = Capability::Zig.absence().unwrap();
    let skip = Skip::CapabilityAbsent { detail: detail.into(), remedy: remedy.into() };
    assert_eq!(ran.results.cases[3].skip, Some(skip));
    // Four cases and two controls use it.
    assert_eq!(started.load(Ordering::SeqCst), 1);
    let red: Vec<_> = ran.results.controls.iter().map(|c| (c.case.as_str(), c.ok)).collect();
    assert_eq!(red, [("s/one", true), ("s/two", true)]);
}
