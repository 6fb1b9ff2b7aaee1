//! The suite's findings in other module proxies, check by check, so that a change of the suite that
//! finds less is noticed.

use crate::files::Files;
use crate::suites::{cases_of, failing, run};
use std::collections::BTreeSet;
use twinproof_model::{CaseResult, Verdict};
use twinproof_testkit::{Outcome, Requirement, go};

#[test]
fn peers_fail_what_they_failed() -> Outcome {
    go()?;
    let files = Files::new();
    let subjects = [
        ("goproxy", include_str!("snapshots/it__peers__peer_goproxy.snap")),
        ("goproxyio", include_str!("snapshots/it__peers__peer_goproxyio.snap")),
    ];
    // Most of the time the peers wait: for an upstream that is silent, and between their own retries.
    let mut args = ["--jobs", "12"].map(str::to_owned).to_vec();
    args.extend(subjects.iter().flat_map(|(s, _)| ["--subject".to_owned(), format!("proxy={s}")]));
    let (results, said) = run(&files, &args);
    if let Some(absent) = results.environments.iter().find_map(|e| e.absent.as_ref()) {
        return Err(Requirement::GoProxy.unavailable(absent));
    }
    for (name, known) in subjects {
        let cases = cases_of(&results, &format!("proxy:{name}"));
        assert!(!cases.is_empty(), "{said}");
        // These programs give up on a busy machine sooner than on an idle one, so a case that differs
        // is run once more, alone.
        let differing = differing(known, &failing(&cases));
        let alone = alone(&files, name, &differing);
        let cases: Vec<&CaseResult> = cases
            .into_iter()
            .map(|case| alone.iter().find(|again| again.case == case.case).unwrap_or(case))
            .collect();
        insta::assert_snapshot!(format!("peer_{name}"), failing(&cases));
        // Every one of them has a reason in the expectations, and no expectation is stale.
        let odd = |c: &&&CaseResult| matches!(c.verdict, Verdict::Fail | Verdict::Xpass);
        let odd: Vec<_> = cases.iter().filter(odd).map(|c| (&c.case, c.verdict)).collect();
        assert!(odd.is_empty(), "{odd:?}");
    }
    Ok(())
}

/// The cases whose failing checks are not those of the snapshot's text.
fn differing(known: &str, found: &str) -> BTreeSet<String> {
    let known = known.splitn(3, "---\n").nth(2).unwrap_or_default();
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (known, found) = (lines(known), lines(found));
    let name = |line: &String| line.split(": ").next().unwrap_or_default().to_owned();
    known.symmetric_difference(&found).map(name).collect()
}

/// The results of these cases, one at a time.
fn alone(files: &Files, subject: &str, cases: &BTreeSet<String>) -> Vec<CaseResult> {
    if cases.is_empty() {
        return Vec::new();
    }
    let mut args = ["--jobs", "1", "--subject"].map(str::to_owned).to_vec();
    args.push(format!("proxy={subject}"));
    args.extend(cases.iter().flat_map(|case| ["--case".to_owned(), case.clone()]));
    run(files, &args).0.cases
}

#[test]
fn differing_cases_are_those_with_other_checks() {
    let known = "---\nsource: x\n---\na: one two\nb: three\nc: four\n";
    let expected = ["a", "c", "d"].map(str::to_owned).into();
    assert_eq!(differing(known, "a: one\nb: three\nd: five\n"), expected);
    assert_eq!(differing(known, "a: one two\nb: three\nc: four\n"), BTreeSet::new());
}
