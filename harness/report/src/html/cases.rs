//! Every case in every environment, down to its checks and its raw evidence.

use super::parts::{anchor, bundle_link, chip, code, hash, prose, shown, table, web_link};
use super::raw::{Budget, raw};
use crate::evidence::Bundle;
use crate::failure::{self, FailedStep};
use crate::tally::{self, Tally};
use crate::{sarif, text, words};
use maud::{Markup, html};
use std::collections::HashMap;
use twinproof_model::{CaseResult, Exchange, Results, Verdict};

/// All cases, by suite; within a suite in the order of the results.
pub fn cases(results: &Results, tally: &Tally<'_>, bundle: Option<&dyn Bundle>) -> Markup {
    let mut raws = evidence(results, bundle);
    let mut suites: Vec<(&str, Vec<(usize, &CaseResult)>)> = Vec::new();
    let mut place: HashMap<&str, usize> = HashMap::new();
    for (index, case) in results.cases.iter().enumerate() {
        let at = *place.entry(&case.suite).or_insert_with(|| {
            suites.push((&case.suite, Vec::new()));
            suites.len() - 1
        });
        suites[at].1.push((index, case));
    }
    html! {
        button #whole type="button" { "Show the whole report" }
        (filters(results, tally, &suites))
        @for (suite, cases) in &suites {
            section.suite {
                h3 { (shown(suite)) " " span.muted { (text::plural(cases.len() as u64, "case", "cases")) } }
                @for (index, case) in cases { (self::case(results, *index, case, raws.remove(index))) }
            }
        }
        @if suites.is_empty() { p { "No case was planned." } }
    }
}

/// Raw evidence of the cases, the most alarming first, until the budget of the page is spent.
fn evidence(results: &Results, bundle: Option<&dyn Bundle>) -> HashMap<usize, Markup> {
    let Some(bundle) = bundle else { return HashMap::new() };
    let mut budget = Budget::default();
    let mut raws = HashMap::new();
    // The budget goes first to the cases that need attention.
    for (index, case) in tally::by_alarm(results) {
        if let Some(markup) = raw(case, bundle, &mut budget) {
            raws.insert(index, markup);
        }
    }
    raws
}

fn filters(
    results: &Results,
    tally: &Tally<'_>,
    suites: &[(&str, Vec<(usize, &CaseResult)>)],
) -> Markup {
    let verdicts: Vec<_> = tally.counts.present().rev().collect();
    html! {
        form #filters role="search" aria-label="Filter the cases" hidden {
            label { "Verdict " select #filter-verdict {
                option value="" { "all" }
                option value="!" { "needs attention" }
                @for (v, n) in verdicts { option value=(v) { (words::label(v)) " (" (n) ")" } }
            } }
            label { "Environment " select #filter-environment {
                option value="" { "all" }
                @for e in &tally.environments { option value=(e.name) { (shown(&e.name.to_string())) } }
            } }
            label { "Suite " select #filter-suite {
                option value="" { "all" }
                @for (suite, _) in suites { option value=(suite) { (shown(suite)) } }
            } }
            label.grow { "Search " input #filter-text type="search" placeholder="case, title, claim" autocomplete="off"; }
            button type="button" #show-help { "Keys " kbd { "?" } }
            output #filter-count aria-live="polite" { (results.cases.len()) " cases" }
        }
    }
}

fn case(results: &Results, index: usize, case: &CaseResult, raw: Option<Markup>) -> Markup {
    let environment = case.environment.to_string();
    html! {
        article class="case" data-verdict=(case.verdict) data-environment=(environment)
            data-suite=(case.suite) data-attention[tally::needs_attention(case.verdict)] {
            details {
                summary {
                    (chip(case.verdict)) " "
                    span.name { (shown(&case.case)) } " "
                    span.environment { (shown(&environment)) }
                    @if case.flaky { " " span.tag { "after a retry" } }
                    " " span.title { (prose(&case.title)) }
                    " " span.claims { (shown(&case.claims.join(" "))) }
                }
                // A browser opens what a fragment lies in, so the anchor is within.
                div.body id=(anchor(index)) { (body(results, case, raw)) }
            }
        }
    }
}

fn body(results: &Results, case: &CaseResult, raw: Option<Markup>) -> Markup {
    let place = format!("{}:{}:{}", case.file, case.line, case.column);
    html! {
        @if let Some(why) = words::why(case) {
            p.why { b { (words::meaning(case.verdict)) ": " } (code(&why)) }
        }
        @if let Some(remedy) = case.skip.as_ref().and_then(words::remedy) {
            p { "To provide it: " (code(remedy)) }
        }
        @if let Some(state) = sarif::expectation_of(results, case) {
            p { "Declared by " b { (shown(&state.expectation.owner)) } " until " (state.expectation.expires)
                ": " (prose(&state.expectation.reason)) " "
                a href="#expectations" { "(expectations)" } }
        }
        @if !case.checks.is_empty() { (checks(case)) }
        @for step in failure::failed_steps(case) { @if let Some(exchange) = step.exchange { (self::exchange(&step, exchange)) } }
        (claims(results, case))
        @for golden in &case.goldens {
            details {
                summary { "Golden " code { (shown(&golden.name)) } @if golden.equal { ": equal" } @else { ": differs" } }
                pre { (text::block(text::head(&golden.normalised, 16 * 1024))) }
            }
        }
        @for (label, values) in &case.drift {
            details { summary { "Answers for the drift table " b { (shown(label)) } }
                dl { @for (k, v) in values { dt { (shown(k)) } dd { (code(v)) } } } }
        }
        @if let Some(raw) = raw { details.raw { summary { "Raw evidence" } (raw) } }
        dl.facts {
            dt { "declared" } dd { code { (shown(&results.run.suite_file(&place))) } }
            dt { "level" } dd { (case.level.as_str()) }
            @if !case.subject.is_empty() { dt { "subject" } dd { code { (shown(&case.subject)) } } }
            dt { "took" } dd { (text::duration(case.micros)) @if case.started > 0 { ", from " (text::time(case.started)) } }
            dt { "record" } dd { (bundle_link(&case.record)) }
            dt { "repeat" } dd { (code(&words::reproduce_case(results, case))) }
        }
    }
}

/// The request and the response of a failed step, and the command that repeats it.
fn exchange(step: &FailedStep<'_>, exchange: &Exchange) -> Markup {
    let names: Vec<_> = step.checks.iter().map(|check| check.id.as_str()).collect();
    html! {
        section.exchange {
            h4 { "Seen by " code { (shown(&names.join(", "))) } }
            div.sides {
                figure { figcaption { "request" } pre { (text::block(exchange.request.trim_end())) } }
                figure { figcaption { "response" } pre { (text::block(exchange.response.trim_end())) } }
            }
            @if let Some(line) = &exchange.repeat {
                p { "Repeat it: " }
                pre.repeat { (text::block(&failure::command_lines(line, 100).join("\n"))) }
            }
        }
    }
}

/// The claims with their levels and sources.
fn claims(results: &Results, case: &CaseResult) -> Markup {
    let claims = failure::claims(results, case);
    html! {
        @if !claims.is_empty() {
            ul.claims aria-label="Claims" {
                @for claim in claims {
                    li {
                        (prose(&failure::claim_line(claim))) " "
                        @if let Some(url) = &claim.source { (web_link(url)) " " }
                        span.muted { "(" (shown(&claim.reference)) ")" }
                    }
                }
            }
        }
    }
}

fn checks(case: &CaseResult) -> Markup {
    let mut rows = Vec::with_capacity(case.checks.len());
    for check in &case.checks {
        let quiet = check.verdict == Verdict::Pass;
        rows.push(html! {
            tr.quiet[quiet] {
                td { (chip(check.verdict)) }
                th scope="row" { code { (shown(&check.id)) } }
                td { (code(&check.expected)) }
                td { (code(&check.actual)) }
                td { @for blob in &check.evidence { (hash(&blob.sha256)) " " small.muted { (text::bytes(blob.size)) } br; } }
            }
        });
    }
    table("Checks", &["Verdict", "Check", "Expected", "Actual", "Evidence (SHA-256)"], &rows)
}
