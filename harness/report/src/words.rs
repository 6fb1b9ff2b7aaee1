//! The sentences that several reports share: the meaning of a verdict, the outcome of the run, the
//! command that repeats it. Plain words, without the markup of any report.

use crate::findings::Finding;
use crate::tally::{Counts, EnvironmentTally, Tally};
use crate::text::plural;
use std::borrow::Cow;
use std::collections::BTreeMap;
use twinproof_base::shell::quote;
use twinproof_model::{
    CaseResult, Claim, Controls, DocumentVerdict, EnvironmentName, Expected, Level, Results, Skip,
    Verdict,
};

/// The verdict as people write it.
pub fn label(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotApplicable => "not applicable",
        Verdict::HarnessError => "harness error",
        other => other.as_str(),
    }
}

/// A sign for the verdict, so that colour is never the only distinction.
pub fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotApplicable => "–",
        Verdict::Pass => "✓",
        Verdict::Waived => "◇",
        Verdict::Xfail => "≈",
        Verdict::Unavailable => "○",
        Verdict::Inconclusive => "?",
        Verdict::Xpass => "!",
        Verdict::Fail => "✗",
        Verdict::HarnessError => "‼",
    }
}

/// Meaning of the verdict, in one line.
pub fn meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::NotApplicable => "the question does not arise in this environment",
        Verdict::Pass => "every check holds",
        Verdict::Waived => "a check fails, and it is agreed not to look at it until a set day",
        Verdict::Xfail => "a check fails as it was expected to",
        Verdict::Unavailable => "it could not run: something is absent",
        Verdict::Inconclusive => "it ran, and what it saw does not decide the question",
        Verdict::Xpass => "a check holds although a failure was expected: the expectation is stale",
        Verdict::Fail => "a check does not hold: a finding about the subject",
        Verdict::HarnessError => "the harness broke: nothing is known about the subject",
    }
}

/// The outcomes of the controls, in one sentence without its full stop.
pub fn controls(results: &Results) -> String {
    let summary = &results.summary;
    let mut text = format!(
        "{} turned red as they must, {} stayed green, {} otherwise",
        summary.controls_red, summary.controls_green, summary.controls_undriven
    );
    if summary.controls_unavailable > 0 {
        text.push_str(&format!(", {} not run", summary.controls_unavailable));
    }
    if results.run.controls == Controls::Once {
        text.push_str("; each case's in one environment of a kind");
    }
    text
}

/// The outcome of a run, for colours and signs; the words say the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Everything that was selected conforms.
    Good,
    /// Something is not known.
    Doubt,
    /// Something does not conform, or nothing was learnt.
    Bad,
}

/// The outcome of a run.
pub fn tone(results: &Results, tally: &Tally<'_>) -> Tone {
    match results.summary.exit_code {
        // Green is for a run in which everything that was selected gave an answer.
        0 if tally.counts.decided() == 0 || is_partial(results) => Tone::Doubt,
        0 => Tone::Good,
        2 => Tone::Doubt,
        _ => Tone::Bad,
    }
}

/// Outcome of the run in a few words, no more than was measured.
pub fn outcome(results: &Results, tally: &Tally<'_>) -> String {
    match results.summary.exit_code {
        0 if tally.counts.decided() == 0 => "Nothing decided".to_owned(),
        0 if is_partial(results) => {
            let (answering, all) = (answering(tally), results.environments.len());
            format!("Conformant in {answering} of {all} environments")
        }
        0 => "Conformant".to_owned(),
        1 => "Not conformant".to_owned(),
        2 => "Not known".to_owned(),
        254 => "Not run".to_owned(),
        _ => "The harness broke".to_owned(),
    }
}

/// Meaning of the exit code, and how to change it where that is not plain.
pub fn exit_meaning(results: &Results, tally: &Tally<'_>) -> String {
    let meaning = match results.summary.exit_code {
        0 if tally.counts.decided() == 0 => "no case was decided, and none was required",
        0 if is_partial(results) => {
            "what could run conforms; --require ENV makes the absence of an environment count"
        }
        0 => "the subject conforms",
        1 => "the subject does not conform",
        2 => "it is not known whether the subject conforms",
        254 => "the invocation or a suite is wrong",
        _ => "the harness broke",
    };
    format!("exit code {}: {meaning}", results.summary.exit_code)
}

/// Whether a selected environment gave no answer, because it is absent or broken.
fn is_partial(results: &Results) -> bool {
    results.environments.iter().any(|e| e.absent.is_some() || e.broken.is_some())
}

/// Environments that gave an answer.
fn answering(tally: &Tally<'_>) -> usize {
    tally.environments.iter().filter(|e| e.counts.decided() > 0).count()
}

/// The proxies and databases that were selected by name. Where there are some, the headline is
/// about them, and the cases of this machine are mentioned beside them.
fn named_subjects<'t, 'r>(tally: &'t Tally<'r>) -> Vec<&'t EnvironmentTally<'r>> {
    let named = |e: &&EnvironmentTally<'_>| {
        e.name.kind().is_subject() && e.result.is_some_and(|result| result.required)
    };
    tally.environments.iter().filter(named).collect()
}

/// Outcome of the run, in one sentence for people who do not read tables.
pub fn headline(results: &Results, tally: &Tally<'_>) -> String {
    let subjects = named_subjects(tally);
    // Where subjects were selected by name, the headline is about them: passes of the host would
    // hide that a proxy fails.
    let (counts, place, beside) = match subjects.as_slice() {
        [] => {
            let answering = answering(tally) as u64;
            (tally.counts, plural(answering, "environment", "environments"), 0)
        }
        named => {
            let mut counts = Counts::default();
            named.iter().flat_map(|e| e.counts.present()).for_each(|(v, n)| counts.add_many(v, n));
            let names: Vec<_> = named.iter().map(|e| e.name.to_string()).collect();
            (counts, names.join(" and "), tally.counts.decided() - counts.decided())
        }
    };
    let (decided, passed) = (counts.decided(), counts.of(Verdict::Pass));
    let absent = results.environments.iter().filter(|e| e.absent.is_some()).count() as u64;
    let broken = results.environments.iter().filter(|e| e.broken.is_some()).count() as u64;
    let mut parts = vec![format!(
        "{passed} of {} {} in {place}",
        plural(decided, "decided case", "decided cases"),
        if decided == 1 { "passes" } else { "pass" },
    )];
    let known = counts.of(Verdict::Xfail) + counts.of(Verdict::Waived);
    let failing = counts.of(Verdict::Fail);
    if failing > 0 {
        let of_subject = |e: &EnvironmentName| {
            subjects.is_empty() || subjects.iter().any(|subject| subject.name == e)
        };
        let details = failures(results, of_subject);
        parts.push(plural(failing, "case fails", "cases fail") + &details);
    }
    let mut also = |count: u64, one: &str, many: &str| {
        if count > 0 {
            parts.push(plural(count, one, many));
        }
    };
    also(known, "case diverges as declared", "cases diverge as declared");
    also(counts.of(Verdict::Xpass), "expectation is stale", "expectations are stale");
    also(counts.of(Verdict::Inconclusive), "case is inconclusive", "cases are inconclusive");
    also(counts.of(Verdict::HarnessError), "case broke the harness", "cases broke the harness");
    also(broken, "environment is broken", "environments are broken");
    also(beside, "case is about the machine itself", "cases are about the machine itself");
    also(absent, "environment was not available", "environments were not available");
    format!("{}.", parts.join("; "))
}

/// ` (3 MUST, 1 SHOULD) by 7 checks`: how many failing cases are of which level, and how many checks of theirs
/// fail.
fn failures(results: &Results, counted: impl Fn(&EnvironmentName) -> bool) -> String {
    let (mut counts, mut checks) = (BTreeMap::<Level, u64>::new(), 0);
    let failed = |case: &&CaseResult| case.verdict == Verdict::Fail && counted(&case.environment);
    for case in results.cases.iter().filter(failed) {
        *counts.entry(case.level).or_default() += 1;
        checks += case.checks.iter().filter(|check| check.verdict == Verdict::Fail).count() as u64;
    }
    let each: Vec<_> =
        counts.iter().map(|(l, n)| format!("{n} {}", l.as_str().to_uppercase())).collect();
    format!(" ({}) by {}", each.join(", "), plural(checks, "check", "checks"))
}

/// The reason why a case has no answer, if it has none.
pub fn why(case: &CaseResult) -> Option<String> {
    match (&case.broken, &case.skip) {
        (Some(broken), _) => Some(broken.clone()),
        (None, Some(skip)) => Some(skip.to_string()),
        (None, None) => None,
    }
}

/// `and 85 more cases in image:bookworm, for the same reason`; nothing where a finding is about one case.
pub fn and_more(finding: &Finding<'_>) -> Option<String> {
    let others = finding.others();
    let cases = plural(others, "more case", "more cases");
    (others > 0).then(|| format!("and {cases} in {}, for the same reason", finding.environment))
}

/// A sentence with the number of cases that a broken environment kept from running.
pub fn kept(finding: &Finding<'_>) -> String {
    match finding.cases.len() as u64 {
        0 => "the environment is broken; no case was planned in it".to_owned(),
        n => format!("the environment is broken: {} not judged", plural(n, "case", "cases")),
    }
}

/// The command that provides the missing capability or environment, where one is known.
pub fn remedy(skip: &Skip) -> Option<&str> {
    match skip {
        Skip::EnvironmentAbsent { remedy, .. } | Skip::CapabilityAbsent { remedy, .. }
            if !remedy.is_empty() =>
        {
            Some(remedy)
        }
        _ => None,
    }
}

/// Whether the document's statement is confirmed, in words.
pub fn document(verdict: DocumentVerdict) -> &'static str {
    match verdict {
        DocumentVerdict::Confirmed => "confirmed",
        DocumentVerdict::Refuted => "refuted",
        DocumentVerdict::Imprecise => "true in part",
        DocumentVerdict::Depends => "depends on the environment",
        DocumentVerdict::Untestable => "no case can decide it",
    }
}

/// A claim, so that it can be read alone: what holds about a statement of the document is an answer
/// to it.
pub fn claim(claim: &Claim) -> Cow<'_, str> {
    match (claim.document, &claim.truth) {
        (Some(verdict), Some(truth)) => {
            Cow::Owned(format!("“{}” ({}): {truth}", claim.statement, document(verdict)))
        }
        _ => Cow::Borrowed(&claim.statement),
    }
}

/// The expected verdict, in words.
pub fn expected(expected: Expected) -> &'static str {
    match expected {
        Expected::Xfail => "xfail",
        Expected::Waived => "waived",
    }
}

/// `3 days left`, `ends today`, `ended 2 days before the run`.
pub fn days(left: Option<i32>) -> String {
    match left {
        None => "unknown".to_owned(),
        Some(0) => "ends today".to_owned(),
        Some(n) if n > 0 => format!("{} left", plural(n.unsigned_abs().into(), "day", "days")),
        Some(n) => format!("ended {} before", plural(n.unsigned_abs().into(), "day", "days")),
    }
}

/// The command that repeats the run.
pub fn reproduce(results: &Results) -> String {
    let mut words = vec!["twinproof".to_owned()];
    if results.run.arguments.first().is_none_or(|a| a != "conformance") {
        words.push("conformance".to_owned());
    }
    words.extend(results.run.arguments.iter().map(|a| quote(a)));
    words.join(" ")
}

/// The command that repeats one case, with the subjects as the run was given them.
pub fn reproduce_case(results: &Results, case: &CaseResult) -> String {
    let mut words = vec!["twinproof conformance --case".to_owned(), quote(&case.case)];
    let arguments = &results.run.arguments;
    let given = arguments.iter().enumerate().flat_map(|(at, argument)| match argument.as_str() {
        "--subject" | "--suites" => arguments.get(at..at + 2).unwrap_or_default(),
        text if text.starts_with("--subject=") || text.starts_with("--suites=") => {
            std::slice::from_ref(argument)
        }
        _ => &[],
    });
    words.extend(given.map(|argument| quote(argument)));
    words.push(format!("--env {}", quote(&case.environment.to_string())));
    words.join(" ")
}

/// The command that computes every verdict again from the evidence alone.
pub const REJUDGE: &str = "twinproof judge bundle";

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn a_case_is_repeated_with_the_subjects_of_its_run() {
        let mut results = crate::fixture::full();
        results.run.arguments =
            ["conformance", "--subject", "proxy=mine.toml", "--out", "o", "--subject=mine=./p q"]
                .map(str::to_owned)
                .to_vec();
        let case = CaseResult { case: "proxy/a".into(), ..results.cases[0].clone() };
        let want = "twinproof conformance --case proxy/a --subject proxy=mine.toml \
                    '--subject=mine=./p q' --env ";
        let got = reproduce_case(&results, &case);
        assert!(got.starts_with(want), "{got}");
    }

    #[rstest]
    #[case(None, "unknown")]
    #[case(Some(0), "ends today")]
    #[case(Some(1), "1 day left")]
    #[case(Some(-20), "ended 20 days before")]
    fn days_left_are_said_in_words(#[case] left: Option<i32>, #[case] want: &str) {
        assert_eq!(days(left), want);
    }
}
