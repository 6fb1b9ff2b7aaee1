//! Expectations applied to verdicts.

use crate::golden::conditions_hold;
use crate::run_manifest::Placed;
use twinproof_model::{
    CaseResult, EnvironmentResult, Expectation, ExpectationState, Expected, Verdict, glob_matches,
};

/// Turns failures that are expected into `xfail` or `waived`, and expected failures that did not
/// come into `xpass`. An expectation past its last day is not applied.
pub fn apply(
    expectations: &[Placed<Expectation>],
    today: jiff::civil::Date,
    environments: &[EnvironmentResult],
    cases: &mut [CaseResult],
) -> Vec<ExpectationState> {
    expectations
        .iter()
        .map(|placed| {
            let expectation = &placed.value;
            // The last day itself still counts.
            let expired = expectation.expires.0 < today;
            let mut applied = 0;
            if !expired {
                for case in cases.iter_mut().filter(|c| glob_matches(&expectation.case, &c.case)) {
                    let there = environments
                        .iter()
                        .any(|e| e.name == case.environment && applies(expectation, e, case));
                    if there && apply_to(expectation, case) {
                        applied += 1;
                    }
                }
            }
            ExpectationState {
                expectation: expectation.clone(),
                file: placed.file.clone(),
                line: placed.line,
                applied,
                expired,
            }
        })
        .collect()
}

fn applies(expectation: &Expectation, environment: &EnvironmentResult, case: &CaseResult) -> bool {
    let selected = expectation.environments.is_empty()
        || expectation.environments.iter().any(|s| environment.name.selected_by(s));
    let subject =
        expectation.subject.as_deref().is_none_or(|pattern| glob_matches(pattern, &case.subject));
    selected && subject && conditions_hold(&expectation.when, &environment.capabilities)
}

/// Whether the expectation met a case that was driven.
fn apply_to(expectation: &Expectation, case: &mut CaseResult) -> bool {
    // A case that did not run cannot fail as expected; that it did not run stays visible.
    if !case.verdict.is_decided() {
        return false;
    }
    let mut met = false;
    let mut failed = false;
    // Only the named check is excused: a second defect of the same case still fails.
    for check in &mut case.checks {
        if expectation.check.as_deref().is_some_and(|id| id != check.id) {
            continue;
        }
        met = true;
        if check.verdict == Verdict::Fail {
            failed = true;
            check.verdict = match expectation.expect {
                Expected::Xfail => Verdict::Xfail,
                Expected::Waived => Verdict::Waived,
            };
        }
    }
    // An expected failure did not come: somebody has mended it, and the expectation has to go.
    if met && !failed && expectation.expect == Expected::Xfail {
        for check in &mut case.checks {
            if expectation.check.as_deref().is_none_or(|id| id == check.id)
                && check.verdict == Verdict::Pass
            {
                check.verdict = Verdict::Xpass;
            }
        }
    }
    case.verdict = Verdict::merge_all(case.checks.iter().map(|c| c.verdict));
    met
}
