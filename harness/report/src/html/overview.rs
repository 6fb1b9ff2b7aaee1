//! The first part of the page: the verdict in plain words, the totals, findings that need
//! attention, the environments, and those that were absent.

use super::parts::{brief, case_link, chip, code, hash, prose, shown, table};
use crate::findings::{Finding, findings};
use crate::tally::{EnvironmentTally, Tally};
use crate::words::Tone;
use crate::{text, words};
use maud::{Markup, html};
use twinproof_model::{Results, Verdict};

/// Rows of the table of findings; all cases are below anyway.
const FINDINGS: usize = 200;

/// The verdict in plain words.
pub fn banner(results: &Results, tally: &Tally<'_>) -> Markup {
    let tone = match words::tone(results, tally) {
        Tone::Good => "good",
        Tone::Doubt => "doubt",
        Tone::Bad => "bad",
    };
    let run = &results.run;
    html! {
        header class=(format!("banner {tone}")) {
            p.product { "Twinproof conformance report" }
            h1 { (words::outcome(results, tally)) }
            p.headline { (words::headline(results, tally)) }
            @if !results.summary.reasons.is_empty() {
                ul.reasons aria-label="Reasons" {
                    @for reason in &results.summary.reasons { li { (shown(reason)) } }
                }
            }
            p.meta {
                "Started " (text::time(run.started)) ", took " (text::duration(run.millis.saturating_mul(1000)))
                ", " (words::exit_meaning(results, tally))
                @if run.interrupted { ", interrupted before its end" }
                @if run.filtered { ", cases were filtered" }
                "."
            }
        }
    }
}

/// Verdicts with their numbers, then environments × verdicts.
pub fn totals(results: &Results, tally: &Tally<'_>) -> Markup {
    let counts = &tally.counts;
    let shown_verdicts: Vec<_> = ordered()
        .filter(|v| matches!(v, Verdict::Pass | Verdict::Fail) || counts.of(*v) > 0)
        .collect();
    let rows: Vec<_> = tally
        .environments
        .iter()
        .map(|e| {
            html! {
                tr {
                    th scope="row" { (shown(&e.name.to_string())) }
                    @for v in &shown_verdicts { (number(e.counts.of(*v))) }
                    (number(e.counts.total()))
                }
            }
        })
        .chain([html! {
            tr.sum {
                th scope="row" { "all" }
                @for v in &shown_verdicts { (number(counts.of(*v))) }
                (number(counts.total()))
            }
        }])
        .collect();
    let mut head = vec!["Environment"];
    head.extend(shown_verdicts.iter().map(|v| words::label(*v)));
    head.push("all");
    let flaky: Vec<_> = results.cases.iter().enumerate().filter(|(_, c)| c.flaky).collect();
    html! {
        ul.totals {
            @for v in ordered() {
                li class=(format!("v-{v}")) data-none[counts.of(v) == 0] {
                    strong { (counts.of(v)) } " "
                    span { span aria-hidden="true" { (words::sign(v)) } " " (words::label(v)) }
                    small { (words::meaning(v)) }
                }
            }
        }
        div.numbers { (table("Cases by environment and verdict", &head, &rows)) }
        @if !flaky.is_empty() {
            details {
                summary { (text::plural(flaky.len() as u64, "case", "cases")) " held only after a retry" }
                ul { @for (i, c) in flaky { li { (case_link(i, c)) " in " (shown(&c.environment.to_string())) } } }
            }
        }
    }
}

/// Pass first, as everybody looks for it; then the most alarming.
fn ordered() -> impl Iterator<Item = Verdict> {
    let others = Verdict::ALL.into_iter().rev().filter(|v| *v != Verdict::Pass);
    std::iter::once(Verdict::Pass).chain(others)
}

fn number(n: u64) -> Markup {
    html! { @if n == 0 { td.zero { "0" } } @else { td { (n) } } }
}

/// Findings that need attention, one row for each cause.
pub fn attention(results: &Results) -> Markup {
    let found = findings(results);
    let rows: Vec<_> = found.iter().take(FINDINGS).map(finding).collect();
    html! {
        @if rows.is_empty() {
            p { "Nothing: no case fails, is inconclusive, or broke the harness, and no expectation is stale." }
        } @else {
            div.stack { (table("What somebody must look at", &["Verdict", "Case", "Environment", "What was seen"], &rows)) }
            @if found.len() > FINDINGS {
                p { "And " (found.len() - FINDINGS) " more, among " a href="#cases" { "all cases" } "." }
            }
        }
    }
}

fn finding(finding: &Finding<'_>) -> Markup {
    // Only a broken environment may have no case; otherwise the first one stands in the row itself.
    let others = if finding.broken.is_some() { &finding.cases[..] } else { &finding.cases[1..] };
    html! {
        tr {
            td { (chip(finding.verdict())) }
            th scope="row" {
                @match finding.case() {
                    Some((index, case)) => { (case_link(index, case)) br; (prose(&text::cut(&case.title, 200))) }
                    None => { "Every case: " (words::kept(finding)) }
                }
                @if !others.is_empty() {
                    details {
                        summary { @match words::and_more(finding) {
                            Some(more) if finding.broken.is_none() => (shown(&more)),
                            _ => { (text::plural(others.len() as u64, "case", "cases")) }
                        } }
                        ul.others { @for (index, case) in others { li { (case_link(*index, case)) } } }
                    }
                }
            }
            td.place { (shown(&finding.environment.to_string())) }
            td {
                @if let Some(broken) = finding.broken { (brief(broken)) }
                @if let Some((_, case)) = finding.case() {
                    @if let Some(why) = words::why(case) { (brief(&why)) }
                    @for check in case.checks.iter().filter(|c| c.verdict == case.verdict).take(3) {
                        div.finding { b { (shown(&text::cut_middle(&check.id, 60))) } ": expected " (brief(&check.expected)) ", actual " (brief(&check.actual)) }
                    }
                }
            }
        }
    }
}

/// The environments that were absent, and the one command that provides each.
pub fn unavailable(results: &Results) -> Markup {
    let rows: Vec<_> = results
        .environments
        .iter()
        .filter_map(|e| {
            let skip = e.absent.as_ref()?;
            Some(html! {
                tr {
                    th scope="row" { (shown(&e.name.to_string())) }
                    td { @if e.required { "required" } @else { "not required" } }
                    td { (shown(&skip.to_string())) }
                    td { @if let Some(remedy) = words::remedy(skip) { (code(remedy)) } @else { "–" } }
                }
            })
        })
        .collect();
    html! {
        @if rows.is_empty() { p { "Every environment that was asked for was available." } }
        @else {
            div.stack { (table("Environments that were not available", &["Environment", "Required", "What is missing", "To provide it"], &rows)) }
        }
    }
}

/// A card for each environment: its system, SDKs and counts.
pub fn environments(tally: &Tally<'_>) -> Markup {
    html! {
        @if tally.environments.is_empty() { p { "None was selected." } }
        div.cards { @for e in &tally.environments { (environment(e)) } }
    }
}

/// A fact; a list of hundreds of packages folded up, for it would hide all other facts.
fn fact(value: &str) -> Markup {
    const SHORT: usize = 120;
    html! {
        @if value.len() <= SHORT { (shown(value)) }
        @else { details { summary { (shown(&text::cut(value, 40))) } (shown(value)) } }
    }
}

fn environment(e: &EnvironmentTally<'_>) -> Markup {
    let Some(result) = e.result else {
        return html! {
            article.card { h3 { (shown(&e.name.to_string())) } p { "Only cases name it: the run does not describe it." } }
        };
    };
    let f = &result.fingerprint;
    let facts =
        [("system", &f.os), ("processor", &f.arch), ("kernel", &f.kernel), ("C library", &f.libc)];
    html! {
        article.card {
            h3 { (shown(&e.name.to_string())) }
            @if let Some(broken) = &result.broken {
                p { (chip(Verdict::HarnessError)) " The environment is there and does not work: " (code(broken)) }
            }
            @if let Some(skip) = &result.absent {
                p { (chip(Verdict::Unavailable)) " " (shown(&skip.to_string())) }
            }
            dl {
                @for (name, value) in facts.iter().filter(|(_, v)| !v.is_empty()) {
                    dt { (name) } dd { (shown(value)) }
                }
                @if let Some(image) = &f.image { dt { "image" } dd { (hash(image)) } }
                @for (version, origin) in &f.sdks { dt { "SDK " (shown(version)) } dd { (code(origin)) } }
                @for (name, value) in &f.facts { dt { (shown(name)) } dd { (fact(value)) } }
                @if let Some(class) = &result.class { dt { "golden class" } dd { (shown(class)) } }
                @if result.required { dt { "required" } dd { "yes" } }
            }
            @if !result.capabilities.is_empty() {
                ul.tags aria-label="Capabilities" { @for c in &result.capabilities { li { (c) } } }
            }
            @if !result.handshake.is_empty() {
                details { summary { "Handshake" } pre { @for line in &result.handshake { (text::line(line)) "\n" } } }
            }
        }
    }
}
