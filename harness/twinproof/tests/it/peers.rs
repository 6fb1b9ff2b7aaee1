//! The suite's findings in other module proxies, check by check, so that a change of the suite that
//! finds less is noticed.

use crate::files::Files;
use crate::suites::{cases_of, failing, run};
use twinproof_model::{CaseResult, Verdict};
use twinproof_testkit::{Outcome, Requirement, go};

#[test]
fn peers_fail_what_they_failed() -> Outcome {
    go()?;
    let files = Files::new();
    let subjects = ["goproxy", "goproxyio"];
    // Most of the time the peers wait: for an upstream that is silent, and between their own retries.
    let mut args = ["--jobs", "12"].map(str::to_owned).to_vec();
    args.extend(subjects.iter().flat_map(|s| ["--subject".to_owned(), format!("proxy={s}")]));
    let (results, said) = run(&files, &args);
    if let Some(absent) = results.environments.iter().find_map(|e| e.absent.as_ref()) {
        return Err(Requirement::GoProxy.unavailable(absent));
    }
    for name in subjects {
        let cases = cases_of(&results, &format!("proxy:{name}"));
        assert!(!cases.is_empty(), "{said}");
        insta::assert_snapshot!(format!("peer_{name}"), failing(&cases));
        // Every one of them has a reason in the expectations, and no expectation is stale.
        let odd = |c: &&&CaseResult| matches!(c.verdict, Verdict::Fail | Verdict::Xpass);
        let odd: Vec<_> = cases.iter().filter(odd).map(|c| (&c.case, c.verdict)).collect();
        assert!(odd.is_empty(), "{odd:?}");
    }
    Ok(())
}
