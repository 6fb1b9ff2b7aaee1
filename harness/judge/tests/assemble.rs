//! From records to results: which verdict a record has, what expectations and floors make of it,
//! and how the run exits.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use twinproof_judge::{RunManifest, assemble};
use twinproof_model::{BlobRef, Results, Verdict};
use twinproof_steps::Blobs;
use twinproof_steps::RunRecord;

/// Evidence in memory; its name stands for its hash.
struct Memory(BTreeMap<&'static str, &'static [u8]>);

impl Blobs for Memory {
    fn get(&self, blob: &BlobRef) -> Option<Cow<'_, [u8]>> {
        self.0.get(blob.sha256.as_str()).map(|bytes| Cow::Borrowed(*bytes))
    }
}

fn blobs() -> Memory {
    Memory(BTreeMap::from([
        // The ends of lines are not part of an asserted text, since programs on Windows print CRLF.
        ("good", b"good\r\n".as_slice()),
        ("bad", b"bad\n"),
        ("empty", b""),
        // Valid Latin-1, and no UTF-8.
        ("latin", b"\xe9t\xe9"),
    ]))
}

/// A case that requires `good` from a program.
fn manifest(change: impl FnOnce(&mut Value)) -> RunManifest {
    let environment = |name: &str| json!({ "name": name, "capabilities": ["os:linux"] });
    let mut manifest = json!({
        "run": {
            "twinproof": "0", "started": 1_800_000_000_000_i64, "millis": 0, "arguments": [],
            "subjects": [], "suites_sha256": "",
        },
        "environments": [environment("host")],
        "claims": [{
            "id": "S-001", "statement": "It holds.", "reference": "none", "level": "must",
            "suite": "s",
        }],
        "cases": [{
            "suite": "s", "id": "c", "claims": ["S-001"], "title": "it holds",
            "environments": ["*"],
            "step": [{ "run": { "name": "p", "program": "/p", "stdout": "good" } }],
            "control": { "step": "p", "args": ["x"] },
        }],
        "normalisers": [],
        "goldens": {},
        "expectations": [],
        "floors": [],
    });
    change(&mut manifest);
    serde_json::from_value(manifest).unwrap()
}

fn record(outcome: Value, steps: Value) -> RunRecord {
    let mut record = json!({
        "case": "s/c", "environment": "host", "subject": "sdk=1.27.3", "started": 0, "micros": 1,
        "steps": steps,
    });
    let fields = record.as_object_mut().unwrap();
    fields.extend(outcome.as_object().unwrap().clone());
    serde_json::from_value(record).unwrap()
}

/// A program that printed that blob, changed as given.
fn printed(stdout: &str, change: Value) -> RunRecord {
    let mut seen = json!({
        "kind": "process", "argv": ["/p"], "cwd": "/w", "env": {}, "exit": 0, "limit_ms": 1000,
        "stdout": { "sha256": stdout, "size": 1 }, "stderr": { "sha256": "empty", "size": 0 },
    });
    seen.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    let step = json!([{ "index": 0, "micros": 1, "observation": seen }]);
    record(json!({ "outcome": "driven" }), step)
}

fn skipped(skip: Value) -> RunRecord {
    let mut outcome = json!({ "outcome": "skipped" });
    outcome.as_object_mut().unwrap().extend(skip.as_object().unwrap().clone());
    record(outcome, json!([]))
}

fn judge(manifest: &RunManifest, record: RunRecord) -> Results {
    assemble(manifest, &[record], &blobs()).unwrap()
}

#[rstest]
#[case::as_asserted(printed("good", json!({})), Verdict::Pass, 0)]
// Each row is a way for evidence to fall short of a pass.
#[case::another_text(printed("bad", json!({})), Verdict::Fail, 1)]
#[case::another_exit_code(printed("good", json!({ "exit": 3 })), Verdict::Fail, 1)]
#[case::no_program(printed("empty", json!({ "exit": null, "not_found": true })), Verdict::Fail, 1)]
#[case::no_utf8(printed("latin", json!({})), Verdict::Fail, 1)]
#[case::killed(
    printed("good", json!({ "exit": null, "timed_out": true })),
    Verdict::Inconclusive,
    2
)]
#[case::cut(printed("good", json!({ "truncated": true })), Verdict::Inconclusive, 2)]
#[case::lost_evidence(printed("lost", json!({})), Verdict::Inconclusive, 2)]
#[case::no_steps(record(json!({ "outcome": "driven" }), json!([])), Verdict::Inconclusive, 2)]
#[case::another_observation(
    record(
        json!({ "outcome": "driven" }),
        json!([{ "index": 0, "micros": 1, "observation": { "kind": "env" } }]),
    ),
    Verdict::Inconclusive,
    2
)]
#[case::a_step_too_many(
    record(
        json!({ "outcome": "driven" }),
        json!([{ "index": 7, "micros": 1, "observation": { "kind": "env" } }]),
    ),
    Verdict::HarnessError,
    255
)]
#[case::broken(
    record(json!({ "outcome": "broken", "message": "no disk" }), json!([])),
    Verdict::HarnessError,
    255
)]
#[case::absent(
    skipped(json!({ "reason": "environment_absent", "detail": "x", "remedy": "y" })),
    Verdict::Unavailable,
    0
)]
#[case::no_sdk(skipped(json!({ "reason": "sdk_absent", "detail": "x" })), Verdict::Unavailable, 0)]
#[case::not_required(
    skipped(json!({ "reason": "requirement_not_met", "requirement": "root" })),
    Verdict::NotApplicable,
    0
)]
#[case::interrupted(skipped(json!({ "reason": "interrupted" })), Verdict::Inconclusive, 2)]
#[case::too_late(
    skipped(json!({ "reason": "run_time_limit", "seconds": 1 })),
    Verdict::Inconclusive,
    2
)]
fn a_record_has_one_verdict(#[case] record: RunRecord, #[case] verdict: Verdict, #[case] code: u8) {
    let results = judge(&manifest(|_| {}), record);
    assert_eq!(results.cases[0].verdict, verdict, "{:?}", results.cases[0]);
    assert_eq!(results.summary.exit_code, code);
    assert_eq!(results.summary.reasons.is_empty(), code == 0);
}

#[test]
fn a_run_without_its_record_is_the_harness_s_fault() {
    // The engine writes a record for every cell, even for one that it skips.
    let results = assemble(&manifest(|_| {}), &[], &blobs()).unwrap();
    assert_eq!(results.cases[0].verdict, Verdict::HarnessError);
    assert_eq!(results.cases[0].broken.as_deref(), Some("there is no record of this run"));
    assert_eq!(results.summary.exit_code, 255);
}

#[test]
fn a_run_without_a_case_is_not_known() {
    let results = assemble(&manifest(|d| d["cases"] = json!([])), &[], &blobs()).unwrap();
    // An exit code of 0 here would hide a filter that selects nothing.
    assert_eq!(results.summary.exit_code, 2);
    assert_eq!(results.summary.reasons, ["1 run without a case"]);
}

#[rstest]
#[case::must("must", false, 1)]
#[case::should("should", false, 1)]
#[case::may("may", false, 0)]
#[case::may_strictly("may", true, 1)]
fn a_failure_counts_by_its_level(#[case] level: &str, #[case] strict: bool, #[case] code: u8) {
    // A failure of a `may` decides the exit code only where the run is strict.
    let manifest = manifest(|d| {
        d["claims"][0]["level"] = json!(level);
        d["run"]["strict"] = json!(strict);
    });
    assert_eq!(judge(&manifest, printed("bad", json!({}))).summary.exit_code, code);
}

/// An expectation of the case's output, changed as given.
fn expecting(expect: &str, change: Value) -> RunManifest {
    let mut value = json!({
        "case": "s/c", "check": "p.stdout", "expect": expect, "reason": "known", "link": "x",
        "owner": "x", "expires": "9999-12-31",
    });
    value.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    manifest(|d| d["expectations"] = json!([{ "value": value, "file": "x.toml", "line": 1 }]))
}

#[rstest]
#[case::expected_failure("xfail", json!({}), "bad", Verdict::Xfail, 0, 1)]
#[case::stale("xfail", json!({}), "good", Verdict::Xpass, 1, 1)]
#[case::waived_failure("waived", json!({}), "bad", Verdict::Waived, 0, 1)]
#[case::waived_success("waived", json!({}), "good", Verdict::Pass, 0, 1)]
#[case::any_check("xfail", json!({ "check": null }), "bad", Verdict::Xfail, 0, 1)]
#[case::another_check("xfail", json!({ "check": "p.exit" }), "bad", Verdict::Fail, 1, 1)]
#[case::another_case("xfail", json!({ "case": "s/d" }), "bad", Verdict::Fail, 1, 0)]
#[case::a_pattern("xfail", json!({ "case": "s/*" }), "bad", Verdict::Xfail, 0, 1)]
#[case::a_pattern_of_others("xfail", json!({ "case": "*/d" }), "bad", Verdict::Fail, 1, 0)]
#[case::another_environment("xfail", json!({ "environments": ["wsl"] }), "bad", Verdict::Fail, 1, 0)]
#[case::a_condition_that_holds("xfail", json!({ "when": ["os:linux"] }), "bad", Verdict::Xfail, 0, 1)]
#[case::a_condition_that_does_not("xfail", json!({ "when": ["root"] }), "bad", Verdict::Fail, 1, 0)]
#[case::this_subject("xfail", json!({ "subject": "sdk=1.27.*" }), "bad", Verdict::Xfail, 0, 1)]
#[case::another_subject("xfail", json!({ "subject": "sdk=1.2" }), "bad", Verdict::Fail, 1, 0)]
#[case::undecided("xfail", json!({}), "lost", Verdict::Inconclusive, 2, 0)]
#[case::its_last_day("xfail", json!({ "expires": "2027-01-15" }), "bad", Verdict::Xfail, 0, 1)]
#[case::past_its_end("xfail", json!({ "expires": "2027-01-14" }), "bad", Verdict::Fail, 1, 0)]
// An entry past its date has to be removed even when nothing needs it, or the file would only grow.
#[case::past_its_end_and_needless("xfail", json!({ "expires": "2027-01-14" }), "good", Verdict::Pass, 1, 0)]
fn expectations_are_applied_where_they_hold(
    #[case] expect: &str,
    #[case] change: Value,
    #[case] stdout: &str,
    #[case] verdict: Verdict,
    #[case] code: u8,
    #[case] applied: u64,
) {
    // The run began on 2027-01-15, UTC.
    let results = judge(&expecting(expect, change), printed(stdout, json!({})));
    assert_eq!(results.cases[0].verdict, verdict, "{:?}", results.cases[0].checks);
    assert_eq!(results.summary.exit_code, code, "{:?}", results.summary.reasons);
    assert_eq!(results.expectations[0].applied, applied);
}

#[rstest]
#[case::met(1, false, true, 0)]
#[case::not_met(2, false, false, 2)]
// A selection cannot reach a number that counts the whole suite.
#[case::filtered(2, true, true, 0)]
fn floors_are_checked_unless_cases_were_selected(
    #[case] pass: u64,
    #[case] filtered: bool,
    #[case] met: bool,
    #[case] code: u8,
) {
    let manifest = manifest(|d| {
        d["floors"] = json!([{ "suite": "s", "environment": "host", "pass": pass }]);
        d["run"]["filtered"] = json!(filtered);
    });
    let results = judge(&manifest, printed("good", json!({})));
    assert_eq!(results.floors[0].met, met);
    assert_eq!(results.summary.exit_code, code);
}

#[rstest]
// An environment that this machine lacks misses its floor only where the run or the floor insists
// on it.
#[case::no_need_for_it(false, false, true, 0)]
#[case::always(true, false, false, 2)]
#[case::required(false, true, false, 2)]
fn the_floor_of_an_absent_environment(
    #[case] always: bool,
    #[case] required: bool,
    #[case] met: bool,
    #[case] code: u8,
) {
    let absent = json!({ "reason": "environment_absent", "detail": "x", "remedy": "y" });
    let manifest = manifest(|d| {
        d["floors"] = json!([{ "suite": "s", "environment": "host", "pass": 1, "always": always }]);
        d["environments"][0]["absent"] = absent.clone();
        d["environments"][0]["required"] = json!(required);
    });
    let results = judge(&manifest, skipped(absent));
    assert_eq!(results.floors[0].met, met);
    assert_eq!(results.summary.exit_code, code);
}

#[rstest]
#[case::not_strict(false, 0)]
#[case::strict(true, 2)]
fn a_control_that_was_not_run_is_reported(#[case] strict: bool, #[case] code: u8) {
    let manifest = manifest(|d| d["run"]["strict"] = json!(strict));
    let absent = json!({ "reason": "environment_absent", "detail": "no peer", "remedy": "y" });
    let control = RunRecord { control: true, ..skipped(absent) };
    let records = [printed("good", json!({})), control];
    let results = assemble(&manifest, &records, &blobs()).unwrap();
    let seen = &results.controls[0];
    assert_eq!((seen.verdict, seen.ok), (Verdict::Unavailable, false));
    assert_eq!(seen.problem.as_deref(), Some("no peer"));
    assert_eq!(results.summary.controls_unavailable, 1);
    assert_eq!(results.summary.controls_undriven, 0);
    assert_eq!(results.summary.exit_code, code, "{:?}", results.summary.reasons);
}

proptest! {
    /// The order in which cells ended does not matter, and judging again gives the same.
    #[test]
    fn results_are_a_function_of_the_set_of_records(
        outputs in proptest::collection::vec(0..4_usize, 1..12),
        seed in any::<u64>(),
    ) {
        let manifest = manifest(|d| {
            let case = d["cases"][0].clone();
            let numbered = |n: usize| {
                let mut case = case.clone();
                case["id"] = json!(format!("c{n}"));
                case
            };
            d["cases"] = (0..outputs.len()).map(numbered).collect();
        });
        let names = ["good", "bad", "lost", "latin"];
        let mut records: Vec<_> = outputs
            .iter()
            .enumerate()
            .map(|(n, o)| RunRecord { case: format!("s/c{n}"), ..printed(names[*o], json!({})) })
            .collect();
        let first = assemble(&manifest, &records, &blobs()).unwrap();
        let length = records.len();
        // Another order of the same records.
        records.rotate_left((seed % length as u64) as usize);
        records.reverse();
        let second = assemble(&manifest, &records, &blobs()).unwrap();
        prop_assert_eq!(&first, &second);
        let merged = Verdict::merge_all(first.cases.iter().map(|c| c.verdict));
        prop_assert_eq!(first.summary.verdict, Some(merged));
        prop_assert_eq!(first.summary.total, length as u64);
        prop_assert_eq!(first.summary.exit_code, match merged {
            Verdict::Fail => 1,
            Verdict::Inconclusive => 2,
            _ => 0,
        });
    }
}
