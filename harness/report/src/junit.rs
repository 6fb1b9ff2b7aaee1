//! `junit.xml`: a test suite for each suite in each environment, a test case for each case.
//!
//! JUnit has four outcomes, so the nine verdicts are mapped: `fail` and `xpass` are failures (a
//! finding about the subject), `inconclusive` and `harness_error` are errors (nothing is known),
//! `unavailable` and `not_applicable` are skipped, `pass`, `xfail` and `waived` succeed. The verdict
//! itself is the property `twinproof.verdict` of each test case.

use crate::tally::Tally;
use crate::{failure, text, words};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite, XmlString};
use std::collections::HashMap;
use std::time::Duration;
use twinproof_model::{CaseResult, EnvironmentName, Results, Verdict};

/// Name of the property that carries the verdict.
pub(crate) const VERDICT: &str = "twinproof.verdict";

/// Draws `junit.xml`.
#[must_use]
pub fn junit(results: &Results) -> String {
    let mut report = Report::new("twinproof");
    report.set_time(Duration::from_millis(results.run.millis));
    let mut order: Vec<(&str, &EnvironmentName)> = Vec::new();
    let mut suites: HashMap<(&str, &EnvironmentName), Vec<&CaseResult>> = HashMap::new();
    for case in &results.cases {
        let key = (case.suite.as_str(), &case.environment);
        suites
            .entry(key)
            .or_insert_with(|| {
                order.push(key);
                Vec::new()
            })
            .push(case);
    }
    let tally = Tally::of(results);
    let outcome = words::outcome(results, &tally);
    for key in order {
        let cases = suites.remove(&key).unwrap_or_default();
        let name = format!("{}@{}", key.0, key.1);
        report.add_test_suite(suite(results, &name, &outcome, &cases));
    }
    report.to_string().unwrap_or_else(|error| {
        // Serialising to memory cannot fail; should it ever, reconciliation says so.
        format!("<!-- {} -->\n", text::line(&error.to_string()).replace("--", "- -"))
    })
}

fn suite(results: &Results, name: &str, outcome: &str, cases: &[&CaseResult]) -> TestSuite {
    let mut suite = TestSuite::new(xml(name));
    suite.set_time(Duration::from_micros(cases.iter().map(|c| c.micros).sum()));
    if let Some(at) = text::rfc3339(results.run.started) {
        suite.extra.insert("timestamp".into(), at.into());
    }
    suite.add_property((XmlString::new("twinproof.outcome"), xml(outcome)));
    for case in cases {
        suite.add_test_case(test_case(results, name, case));
    }
    suite
}

fn test_case(results: &Results, suite: &str, case: &CaseResult) -> TestCase {
    let mut test = TestCase::new(xml(&case.case), status(results, case));
    test.set_classname(xml(suite));
    test.set_time(Duration::from_micros(case.micros));
    test.set_assertions(case.checks.len());
    test.extra.insert("file".into(), xml(&case.file));
    test.extra.insert("line".into(), case.line.to_string().into());
    let properties = [
        (VERDICT, case.verdict.to_string()),
        ("twinproof.title", case.title.clone()),
        ("twinproof.claims", case.claims.join(" ")),
        ("twinproof.level", case.level.as_str().to_owned()),
        ("twinproof.subject", case.subject.clone()),
        ("twinproof.record", case.record.clone()),
        ("twinproof.flaky", case.flaky.to_string()),
    ];
    for (name, value) in properties {
        test.add_property((XmlString::new(name), xml(&value)));
    }
    test
}

fn status(results: &Results, case: &CaseResult) -> TestCaseStatus {
    let mut status = match case.verdict {
        // JUnit has no state for a declared divergence. Red would fail the CI job that the
        // expectation was written to keep green.
        Verdict::Pass | Verdict::Xfail | Verdict::Waived => return TestCaseStatus::success(),
        // JUnit tells a failed assertion (failure) from a test that could not be carried out
        // (error).
        Verdict::Fail | Verdict::Xpass => TestCaseStatus::non_success(NonSuccessKind::Failure),
        Verdict::Inconclusive | Verdict::HarnessError => {
            TestCaseStatus::non_success(NonSuccessKind::Error)
        }
        Verdict::Unavailable | Verdict::NotApplicable => TestCaseStatus::skipped(),
    };
    let reason = words::why(case).unwrap_or_else(|| {
        let worst = case.checks.iter().max_by_key(|c| c.verdict);
        match worst {
            Some(check) => format!("{}: expected {}", check.id, check.expected),
            None => words::meaning(case.verdict).to_owned(),
        }
    });
    status.set_type(case.verdict.as_str());
    status.set_message(xml(&reason));
    let mut lines = Vec::new();
    for step in failure::failed_steps(case) {
        for check in step.checks {
            lines.push(format!(
                "{} [{}]\n  expected: {}\n  actual:   {}",
                check.id, check.verdict, check.expected, check.actual
            ));
        }
        if let Some(exchange) = step.exchange {
            lines.push(format!("  request:\n{}", indented(&exchange.request)));
            lines.push(format!("  response:\n{}", indented(&exchange.response)));
            lines.extend(exchange.repeat.as_ref().map(|line| format!("  repeat:\n    {line}")));
        }
    }
    if !lines.is_empty() {
        for claim in failure::claims(results, case) {
            let source = failure::claim_source(claim);
            lines.push(format!("claim {}\n  {source}", failure::claim_line(claim)));
        }
    }
    if let Some(remedy) = case.skip.as_ref().and_then(words::remedy) {
        lines.push(format!("to provide it: {remedy}"));
    }
    if !lines.is_empty() {
        status.set_description(xml(&lines.join("\n")));
    }
    status
}

/// Indents each line of a text by four spaces.
fn indented(text: &str) -> String {
    let lines = text.trim_end().lines().map(|line| format!("    {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Text that XML can carry: control characters and noncharacters become visible ones.
fn xml(text: &str) -> XmlString {
    XmlString::new(text::block(text))
}
