//! Equal answers in other words: a relay that puts the members of JSON objects and the lines of
//! lists in another order, indents, and adds a member, gets the verdicts of one that changes
//! nothing.

use crate::answering::{respelt, subject};
use crate::files::Files;
use crate::suites::{cases_of, run};
use twinproof_model::{CaseResult, Verdict};
use twinproof_testkit::{Outcome, go};

/// The cases about `.info`, `@latest` and lists.
const CASES: [&str; 8] = [
    "proxy/*info*",
    "proxy/*latest*",
    "proxy/*list*",
    "proxy/times-come-through",
    "proxy/no-time-is-invented",
    "proxy/origins-come-through",
    "proxy/commits-are-answered-by-their-version",
    "proxy/retracted-versions-are-there",
];

#[test]
fn respelling_changes_every_byte_that_means_nothing() {
    let info = br#"{"Version":"v1.0.0","Time":"2021-02-03T04:05:06Z"}"#;
    let want = "{\n\t\"Time\" : \"2021-02-03T04:05:06Z\",\n\t\"Version\" : \"v1.0.0\",\n\t\"Further\" : [ null ]\n}\n";
    assert_eq!(respelt("/a/@v/v1.0.0.info", info).unwrap(), want);
    assert_eq!(respelt("/a/@v/list", b"v1.0.0\nv1.1.0\n").unwrap(), "v1.1.0\nv1.0.0\n");
    assert_eq!(respelt("/a/@v/v1.0.0.mod", b"module a\n"), None);
}

#[test]
fn rewritten_cases_of_equal_meaning_have_equal_verdicts() -> Outcome {
    go()?;
    let files = Files::new();
    let mut args = [subject(&files, "relay"), subject(&files, "rewrite")].concat();
    args.extend(CASES.iter().flat_map(|case| ["--case".to_owned(), (*case).to_owned()]));
    let (results, said) = run(&files, &args);
    let verdicts = |cases: Vec<&CaseResult>| {
        cases.iter().map(|c| (c.case.clone(), c.verdict)).collect::<Vec<_>>()
    };
    let plain = verdicts(cases_of(&results, "proxy:relay"));
    let passed = plain.iter().filter(|(_, verdict)| *verdict == Verdict::Pass).count();
    assert!(passed >= 15, "{passed} pass: {said}");
    assert_eq!(verdicts(cases_of(&results, "proxy:rewrite")), plain, "{said}");
    Ok(())
}
