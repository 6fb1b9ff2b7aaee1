//! The exit code of a run, and its reasons.

use twinproof_model::{CaseResult, ControlOutcome, Level, Results, Verdict, exit};

/// Counts controls, and writes down why the run has its exit code.
pub fn conclude(results: &mut Results) {
    let strict = results.run.strict;
    let mut codes = vec![exit::CONFORMANT];
    // The reasons stand in the report in the order of the calls below; the exit code is the worst
    // of all.
    let mut reasons = Vec::new();
    // `(s)` in a text is for more than one.
    let mut blame = |code: u8, count: usize, what: &str| {
        if count > 0 {
            codes.push(code);
            let what = what.replace("(s)", if count == 1 { "" } else { "s" });
            reasons.push(format!("{count} {what}"));
        }
    };
    // That a `may` does not hold is a fact and no fault, so it counts in strict runs only.
    let cases = |verdict: Verdict, binding: bool| {
        let counted = move |c: &&CaseResult| {
            c.verdict == verdict && (!binding || strict || c.level != Level::May)
        };
        results.cases.iter().filter(counted).count()
    };
    blame(
        exit::BROKEN,
        cases(Verdict::HarnessError, false),
        "not judged because the harness broke",
    );
    let (binding, all) = (cases(Verdict::Fail, true), cases(Verdict::Fail, false));
    let failed = match all - binding {
        0 => "failed".to_owned(),
        more => format!("failed, and {more} of level MAY, which counts with --strict only"),
    };
    blame(exit::NOT_CONFORMANT, binding, &failed);
    blame(
        exit::NOT_CONFORMANT,
        cases(Verdict::Xpass, false),
        "passed although a failure was expected",
    );
    blame(exit::NOT_KNOWN, cases(Verdict::Inconclusive, false), "inconclusive");
    if strict {
        blame(exit::NOT_KNOWN, cases(Verdict::Unavailable, false), "unavailable in a strict run");
    }
    // A control that stays green shows that its case cannot fail: the passes of that case prove
    // nothing.
    let count = |verdict: fn(Verdict) -> bool| {
        let counted = move |c: &&ControlOutcome| !c.ok && verdict(c.verdict);
        results.controls.iter().filter(counted).count()
    };
    let green = count(|v| v == Verdict::Pass);
    let unavailable = count(|v| v == Verdict::Unavailable);
    let unproved = count(|v| !matches!(v, Verdict::Pass | Verdict::Unavailable));
    blame(exit::NOT_CONFORMANT, green, "control(s) stayed green");
    blame(exit::NOT_CONFORMANT, unproved, "control(s) did not turn the right check red");
    if strict {
        blame(exit::NOT_KNOWN, unavailable, "control(s) not run in a strict run");
    }
    let expired = results.expectations.iter().filter(|e| e.expired).count();
    blame(exit::NOT_CONFORMANT, expired, "expectation(s) past the last day");
    blame(exit::NOT_KNOWN, results.floors.iter().filter(|f| !f.met).count(), "floor(s) not met");
    let missing = results.environments.iter().filter(|e| e.required && e.absent.is_some());
    blame(exit::NOT_KNOWN, missing.count(), "required environment(s) absent");
    // A subject that was named and has no decided case leaves the result open, whatever the reason.
    let subjects = results.environments.iter().filter(|e| {
        let named = e.required && e.absent.is_none() && e.name.kind().is_subject();
        let mut cases = results.cases.iter().filter(|c| c.environment == e.name).peekable();
        named && cases.peek().is_some() && !cases.any(|c| c.verdict.is_decided())
    });
    blame(exit::NOT_KNOWN, subjects.count(), "subject(s) asked for, without a decided case");
    blame(exit::NOT_KNOWN, usize::from(results.run.interrupted), "interruption before the end");
    // Nothing was judged: that is no success, however it came about.
    if results.cases.is_empty() {
        blame(exit::NOT_KNOWN, 1, "run without a case");
    }
    results.summary.exit_code = exit::worst(codes);
    results.summary.reasons = reasons;
    results.summary.controls_red = results.controls.iter().filter(|c| c.ok).count() as u64;
    results.summary.controls_green = green as u64;
    results.summary.controls_undriven = unproved as u64;
    results.summary.controls_unavailable = unavailable as u64;
}
