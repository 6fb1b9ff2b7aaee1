//! `results.sarif`, SARIF 2.1.0: rules are claims, results are the cases that need attention,
//! located in the suite file that declares them. Expected failures and waivers are suppressed
//! results with their justification. Passes are not listed: the totals of all verdicts are the run's
//! property `verdicts`.

use crate::tally::Tally;
use crate::{escape, text, words};
use serde_json::{Value, json};
use serde_sarif::sarif as s;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use twinproof_model::{
    Capability, CaseResult, ExpectationState, Level, Requirement, Results, RunMeta, Verdict,
    glob_matches,
};

/// Name of the fingerprint that makes two runs' results of one case in one environment the same.
pub(crate) const FINGERPRINT: &str = "twinproof/caseEnvironment/v1";

/// SHA-256, in hexadecimal, of the case, a line feed and the environment.
#[must_use]
pub fn fingerprint(case: &CaseResult) -> String {
    // Code scanning follows a finding over commits by this fingerprint. Line numbers are not in it,
    // because they move with every change of the suite.
    let text = format!("{}\n{}", case.case, case.environment);
    Sha256::digest(text).iter().map(|b| format!("{b:02x}")).collect()
}

/// Draws `results.sarif`.
#[must_use]
pub fn sarif(results: &Results) -> String {
    let tally = Tally::of(results);
    let rules: Vec<_> = tally.claims.iter().map(|c| rule(c.id, c.claim)).collect();
    let index: HashMap<&str, usize> =
        tally.claims.iter().enumerate().map(|(i, c)| (c.id, i)).collect();
    let level: HashMap<&str, Level> =
        results.claims.iter().map(|c| (c.id.as_str(), c.level)).collect();
    let listed = results.cases.iter().filter(|c| is_listed(c.verdict));
    let found: Vec<_> = listed.map(|c| result(results, c, &index, &level)).collect();
    let verdicts: BTreeMap<_, _> =
        Verdict::ALL.into_iter().map(|v| (v.as_str(), tally.counts.of(v))).collect();
    let driver = s::ToolComponent::builder()
        .name("Twinproof")
        .information_uri(env!("CARGO_PKG_REPOSITORY"))
        .version(text::line(&results.run.twinproof))
        .rules(rules)
        .build();
    let mut invocation = s::Invocation::builder()
        // A run that found failures was successful in SARIF's sense; only a broken one was not.
        .execution_successful(results.summary.exit_code < 254)
        .exit_code(i64::from(results.summary.exit_code))
        .arguments(results.run.arguments.clone())
        .build();
    invocation.start_time_utc = text::rfc3339(results.run.started);
    invocation.end_time_utc = i64::try_from(results.run.millis)
        .ok()
        .and_then(|millis| results.run.started.checked_add(millis))
        .and_then(text::rfc3339);
    invocation.exit_code_description = Some(words::headline(results, &tally));
    let run = s::Run::builder()
        .tool(s::Tool::builder().driver(driver).build())
        // The default of SARIF is UTF-16 units, and our columns count characters.
        .column_kind("unicodeCodePoints")
        .invocations(vec![invocation])
        .results(found)
        .properties(bag([
            ("verdicts", json!(verdicts)),
            ("total", json!(tally.counts.total())),
            ("subjects", json!(results.run.subjects)),
        ]))
        .build();
    let log = s::Sarif::builder()
        .schema("https://json.schemastore.org/sarif-2.1.0.json")
        .version("2.1.0")
        .runs(vec![run])
        .build();
    let mut json = serde_json::to_string_pretty(&log).unwrap_or_default();
    json.push('\n');
    json
}

/// Whether cases with this verdict are results of the SARIF log.
pub(crate) fn is_listed(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Waived | Verdict::Xfail) || crate::tally::needs_attention(verdict)
}

fn bag<const N: usize>(values: [(&str, Value); N]) -> s::PropertyBag {
    let values: BTreeMap<_, _> = values.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
    s::PropertyBag::builder().additional_properties(values).build()
}

fn message(text: &str) -> s::Message {
    s::Message::builder().text(text::block(text)).build()
}

fn rule(id: &str, claim: Option<&twinproof_model::Claim>) -> s::ReportingDescriptor {
    let plain = |text: &str| s::MultiformatMessageString::builder().text(text).build();
    let Some(claim) = claim else {
        return s::ReportingDescriptor::builder()
            .id(id)
            .short_description(plain("This claim is not in the registry."))
            .build();
    };
    let said = words::claim(claim);
    let help = format!("{said}\n\nReference: {}", claim.reference);
    s::ReportingDescriptor::builder()
        .id(id)
        .short_description(plain(&said))
        .help(plain(&help))
        .properties(bag([("level", json!(claim.level)), ("suite", json!(claim.suite))]))
        .build()
}

fn result(
    results: &Results,
    case: &CaseResult,
    rules: &HashMap<&str, usize>,
    levels: &HashMap<&str, Level>,
) -> s::Result {
    // The rule is the most binding claim, the first among equals.
    let claim = case.claims.iter().min_by_key(|c| levels.get(c.as_str()).copied());
    let mut result = s::Result::builder()
        .message(message(&explanation(case)))
        .locations(vec![location(&results.run, case)])
        .build();
    result.rule_id = claim.cloned();
    result.rule_index =
        claim.and_then(|c| rules.get(c.as_str())).and_then(|i| i64::try_from(*i).ok());
    result.level = Some(level(case));
    result.partial_fingerprints =
        Some(BTreeMap::from([(FINGERPRINT.to_owned(), fingerprint(case))]));
    result.properties = Some(bag([
        ("verdict", json!(case.verdict)),
        ("case", json!(case.case)),
        ("environment", json!(case.environment)),
        ("subject", json!(case.subject)),
        ("claims", json!(case.claims)),
        ("record", json!(case.record)),
    ]));
    if matches!(case.verdict, Verdict::Waived | Verdict::Xfail) {
        let mut suppression = s::Suppression::builder().kind("external").status("accepted").build();
        suppression.justification = expectation_of(results, case).map(|e| {
            let e = &e.expectation;
            format!("{} ({}, {}, until {})", e.reason, e.owner, e.link, e.expires)
        });
        result.suppressions = Some(vec![suppression]);
    }
    result
}

/// GitHub shows error, warning and note; only `error` blocks by default.
fn level(case: &CaseResult) -> s::ResultLevel {
    match (case.verdict, case.level) {
        (Verdict::Waived | Verdict::Xfail, _) | (_, Level::May) => s::ResultLevel::Note,
        (Verdict::Inconclusive, _) | (_, Level::Should) => s::ResultLevel::Warning,
        _ => s::ResultLevel::Error,
    }
}

fn explanation(case: &CaseResult) -> String {
    let mut text = format!(
        "{} in {}: {} ({}).",
        words::label(case.verdict),
        case.environment,
        case.title,
        words::meaning(case.verdict)
    );
    if let Some(why) = words::why(case) {
        text.push_str(&format!("\n{why}"));
    }
    for check in case.checks.iter().filter(|c| c.verdict != Verdict::Pass) {
        text.push_str(&format!(
            "\n{} is {}: expected {}, actual {}",
            check.id, check.verdict, check.expected, check.actual
        ));
    }
    text
}

fn location(run: &RunMeta, case: &CaseResult) -> s::Location {
    let positive = |n: usize| i64::try_from(n.max(1)).unwrap_or(i64::MAX);
    let uri = escape::uri_path(&run.suite_file(&case.file));
    let place = s::PhysicalLocation::builder()
        .artifact_location(s::ArtifactLocation::builder().uri(uri).build())
        .region(
            s::Region::builder()
                .start_line(positive(case.line))
                .start_column(positive(case.column))
                .build(),
        )
        .build();
    let logical = s::LogicalLocation::builder()
        .fully_qualified_name(format!("{}@{}", case.case, case.environment))
        .build();
    s::Location::builder().physical_location(place).logical_locations(vec![logical]).build()
}

/// The expectation that a case's verdict rests on.
///
/// The judge has applied it; results do not say which one, so it is found again among those that
/// were applied. Conditions on Go's version are taken to hold.
pub(crate) fn expectation_of<'a>(
    results: &'a Results,
    case: &CaseResult,
) -> Option<&'a ExpectationState> {
    let wanted = match case.verdict {
        Verdict::Xfail | Verdict::Xpass => twinproof_model::Expected::Xfail,
        Verdict::Waived => twinproof_model::Expected::Waived,
        _ => return None,
    };
    let checks: Vec<&str> =
        case.checks.iter().filter(|c| c.verdict == case.verdict).map(|c| c.id.as_str()).collect();
    results.expectations.iter().find(|state| {
        let e = &state.expectation;
        glob_matches(&e.case, &case.case)
            && e.expect == wanted
            && state.applied > 0
            && e.check.as_deref().is_none_or(|c| checks.contains(&c))
            && (e.environments.is_empty()
                || e.environments.iter().any(|s| case.environment.selected_by(s)))
            && e.subject.as_deref().is_none_or(|p| glob_matches(p, &case.subject))
            && e.when.iter().all(|r| may_hold(results, case, r))
    })
}

fn may_hold(results: &Results, case: &CaseResult, requirement: &Requirement) -> bool {
    let environment = results.environments.iter().find(|e| e.name == case.environment);
    let has = |c: &Capability| environment.is_some_and(|e| e.capabilities.contains(c));
    match requirement {
        Requirement::Has(capability) => has(capability),
        Requirement::Lacks(capability) => !has(capability),
        // results.json does not keep the version that an expectation was matched with. Every other
        // condition has been compared.
        Requirement::GoAtLeast(..) | Requirement::GoBefore(..) => true,
    }
}
