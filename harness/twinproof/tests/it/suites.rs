//! The repository's own suites, run by the program, and their results in few words.

use crate::files::Files;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use twinproof_model::{CaseResult, Results, Verdict};

/// The results of `conformance` with these arguments, and its output.
pub fn run(files: &Files, args: &[String]) -> (Results, String) {
    let suites = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites");
    let run = Command::new(env!("CARGO_BIN_EXE_twinproof"))
        .args(["conformance", "--suite", "proxy", "--env", "proxy"])
        .args(args)
        // The variable TWINPROOF_REQUIRE of the tests must not reach the run.
        .env_remove("TWINPROOF_REQUIRE")
        .arg("--suites")
        .arg(suites)
        .arg("--out")
        .arg(files.name("out"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned();
    let bytes =
        std::fs::read(files.at("out/results.json")).unwrap_or_else(|e| panic!("{e}: {said}"));
    (serde_json::from_slice(&bytes).unwrap(), said)
}

/// The cases of one environment, in their order.
pub fn cases_of<'r>(results: &'r Results, environment: &str) -> Vec<&'r CaseResult> {
    results.cases.iter().filter(|c| c.environment.to_string() == environment).collect()
}

/// How many cases have each verdict, then the cases that pass.
pub fn passing(cases: &[&CaseResult]) -> String {
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    cases.iter().for_each(|case| *counts.entry(case.verdict).or_default() += 1);
    let mut text: String = counts.iter().map(|(verdict, n)| format!("{verdict} {n}\n")).collect();
    for case in cases.iter().filter(|case| case.verdict == Verdict::Pass) {
        text.push_str(&format!("passes: {}\n", case.case));
    }
    text
}

/// Each case that fails, expected or not, with the checks that do not hold.
pub fn failing(cases: &[&CaseResult]) -> String {
    let mut text = String::new();
    for case in cases {
        let fails = |verdict| matches!(verdict, Verdict::Fail | Verdict::Xfail);
        let red = case.checks.iter().filter(|check| fails(check.verdict)).map(|c| c.id.as_str());
        let red: Vec<_> = red.collect();
        if !red.is_empty() {
            text.push_str(&format!("{}: {}\n", case.case, red.join(" ")));
        }
    }
    text
}
