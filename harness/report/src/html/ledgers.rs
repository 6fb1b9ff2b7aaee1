//! The ledgers of the run: expectations, controls, floors, normalisers and redactions, and how to
//! check the report.

use super::parts::{bundle_link, chip, code, prose, shown, table, web_link};
use crate::{text, words};
use maud::{Markup, html};
use twinproof_model::{ControlOutcome, FloorResult, Results, Verdict};

/// Controls that are listed; those that prove nothing come first.
const CONTROLS: usize = 1000;

/// Expectations with reason, owner and end.
pub fn expectations(results: &Results) -> Markup {
    let rows: Vec<_> = results
        .expectations
        .iter()
        .map(|state| {
            let e = &state.expectation;
            let left = words::days(text::days_left(e.expires.0, results.run.started));
            let mut conditions = e.environments.clone();
            conditions.extend(e.when.iter().map(ToString::to_string));
            conditions.extend(e.subject.clone());
            html! {
                tr {
                    th scope="row" { code { (shown(&e.case)) } @if let Some(check) = &e.check { br; "check " code { (shown(check)) } } }
                    td { (words::expected(e.expect)) }
                    td { @if conditions.is_empty() { "everywhere" } @else { (shown(&conditions.join(", "))) } }
                    td { (prose(&e.reason)) br; (web_link(&e.link)) }
                    td { (shown(&e.owner)) }
                    td { (e.expires) br; @if state.expired { b.alarm { "expired, " (left) } } @else { (left) } }
                    td { (state.applied) @if state.applied == 0 { br; b.alarm { "never applied" } } }
                    td { code { (shown(&results.run.suite_file(&state.file))) ":" (state.line) } }
                }
            }
        })
        .collect();
    html! {
        @if rows.is_empty() { p { "None is declared for the selected cases." } }
        @else {
            (table(
                "Known divergences and how long they hold",
                &["Case", "Expected", "Where", "Reason", "Owner", "Until", "Applied", "Declared"],
                &rows,
            ))
        }
    }
}

/// Proofs that checks can go red.
pub fn controls(results: &Results) -> Markup {
    if results.controls.is_empty() {
        return html! { p { "Controls were not asked for; " code { "--controls" } " runs them." } };
    }
    let mut sorted: Vec<&ControlOutcome> = results.controls.iter().collect();
    // `false` sorts first: the controls that prove nothing.
    sorted.sort_by_key(|c| c.ok);
    let rows: Vec<_> = sorted
        .iter()
        .take(CONTROLS)
        .map(|c| {
            html! {
                tr {
                    td {
                        @if c.ok { "✓ red" }
                        @else if c.verdict == Verdict::Unavailable { "not run" }
                        @else { b.alarm { "✗ proves nothing" } }
                    }
                    th scope="row" { code { (shown(&c.case)) } }
                    td { (shown(&c.environment.to_string())) }
                    td { (chip(c.verdict)) }
                    td { (shown(&c.red.join(", "))) @if let Some(p) = &c.problem { (code(p)) } }
                    td { (bundle_link(&c.record)) }
                }
            }
        })
        .collect();
    html! {
        p { "A control runs a case with one input changed so that it must fail. "
            (words::controls(results)) "." }
        details open[sorted.iter().any(|c| !c.ok)] {
            summary { "All controls" }
            (table("Controls", &["State", "Case", "Environment", "Verdict", "Checks that turned red", "Record"], &rows))
            @if sorted.len() > CONTROLS { p { "And " (sorted.len() - CONTROLS) " more in results.json." } }
        }
    }
}

/// Committed floors.
pub fn floors(results: &Results) -> Markup {
    let state = |f: &FloorResult| match (&f.not_applied, f.met) {
        (Some(why), _) => html! { "does not apply: " (shown(why)) },
        (None, true) => html! { "✓ met" },
        (None, false) => html! { b.alarm { "✗ not met" } },
    };
    let rows: Vec<_> = results
        .floors
        .iter()
        .map(|f| {
            html! {
                tr {
                    th scope="row" { (shown(&f.suite)) }
                    td { (shown(&f.environment.to_string())) }
                    td { (f.floor) } td { (f.actual) } td { (state(f)) }
                }
            }
        })
        .collect();
    html! {
        @if rows.is_empty() { p { "None is committed for the selected suites." } }
        @else {
            (table("The least number of cases that must pass", &["Suite", "Environment", "Floor", "This run", "State"], &rows))
        }
    }
}

/// The number of replacements by each normaliser, and of secrets replaced in the evidence.
pub fn normalisers(results: &Results) -> Markup {
    let rows: Vec<_> = results
        .normalisers
        .iter()
        .map(|n| {
            html! {
                tr {
                    th scope="row" { code { (shown(&n.name)) } }
                    td { @if n.replaced == 0 { b.alarm { "0: never fired" } } @else { (n.replaced) } }
                }
            }
        })
        .collect();
    html! {
        p { (text::plural(results.run.redactions, "secret was", "secrets were")) " replaced in the evidence." }
        @if rows.is_empty() { p { "No normaliser is declared." } }
        @else { (table("Normalisers and how often each replaced something", &["Normaliser", "Replacements"], &rows)) }
    }
}

/// The commands that repeat the run and that judge it again.
pub fn again(results: &Results) -> Markup {
    let run = &results.run;
    html! {
        p { "Every verdict can be computed again from the evidence alone, without any of the environments; "
            "every file of the bundle is named by the SHA-256 of its bytes." }
        dl.facts {
            dt { "judge again" } dd { (code(words::REJUDGE)) }
            dt { "repeat the run" } dd { (code(&words::reproduce(results))) }
            dt { "evidence" } dd { a href="bundle/" { code { "bundle/" } } ", " code { "bundle.tar.zst" } }
            dt { "Twinproof" } dd { (shown(&run.twinproof)) }
            @if let Some(commit) = &run.commit { dt { "commit" } dd { code { (shown(commit)) } } }
            dt { "suites, SHA-256" } dd { code.long { (shown(&run.suites_sha256)) } }
            @for subject in &run.subjects { dt { "subject" } dd { code { (shown(subject)) } } }
        }
    }
}
