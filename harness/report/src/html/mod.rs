//! `report.html`: one file that needs no network, for a manager to look at and an auditor to follow
//! to the raw evidence.
//!
//! Output of subjects is hostile input. Maud escapes every text; a content security policy allows
//! this page's own style and script by their hashes and nothing else; the page is complete without
//! the script, which only filters and moves among cases.

mod cases;
mod claims;
mod drift;
mod exhibits;
mod ledgers;
mod overview;
mod parts;
mod raw;
mod tables;

use crate::evidence::Bundle;
use crate::tally::{self, Tally};
use crate::{text, words};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html as markup};
use sha2::{Digest, Sha256};
use twinproof_model::{Results, Verdict};

/// The markup before the verdict of each case.
pub(crate) const CASE_OPENS: &str = r#"<article class="case" data-verdict=""#;
/// The markup before the totals in the page.
pub(crate) const TOTALS_OPEN: &str = r#"data-totals=""#;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Draws `report.html`. With a bundle, raw evidence is shown within the page up to its limits;
/// without one, and beyond the limits, it is linked relative to the page, in `bundle/`.
#[must_use]
pub fn html(results: &Results, bundle: Option<&dyn Bundle>) -> String {
    let tally = Tally::of(results);
    let drift = tally::drift_tables(results);
    let title = format!("Twinproof: {}", words::outcome(results, &tally));
    let sections = sections(results, &tally, bundle, &drift);
    let page = markup! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                // The page shows output of subjects. The policy makes escaping the second line of
                // defence, not the only one.
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="generator" content=(format!("Twinproof {}", text::line(&results.run.twinproof)));
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body data-totals=(totals(&tally)) {
                a.skip href="#main" { "Skip to the findings" }
                (overview::banner(results, &tally))
                nav aria-label="Sections" {
                    ul { @for s in &sections { li { a href=(format!("#{}", s.id)) { (s.title) } } } }
                }
                main #main {
                    @for s in &sections {
                        section id=(s.id) aria-labelledby=(format!("{}-title", s.id)) {
                            h2 id=(format!("{}-title", s.id)) { (s.title) }
                            (s.body)
                        }
                    }
                }
                footer {
                    p { "Drawn by Twinproof " (text::line(&results.run.twinproof)) " from "
                        code { "results.json" } ", format " (results.format) "." }
                }
                (parts::help())
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// A part of the page that the navigation leads to.
struct Section {
    id: &'static str,
    title: &'static str,
    body: Markup,
}

fn sections(
    results: &Results,
    tally: &Tally<'_>,
    bundle: Option<&dyn Bundle>,
    drift: &[tally::DriftTable<'_>],
) -> Vec<Section> {
    let mut sections = vec![
        Section { id: "totals", title: "Totals", body: overview::totals(results, tally) },
        Section { id: "attention", title: "Needs attention", body: overview::attention(results) },
        Section { id: "unavailable", title: "Not available", body: overview::unavailable(results) },
        Section { id: "environments", title: "Environments", body: overview::environments(tally) },
        Section { id: "matrix", title: "Claims by environment", body: claims::matrix(tally) },
    ];
    if let Some(body) = claims::document(tally) {
        sections.push(Section { id: "document", title: "The source document", body });
    }
    let filled = crate::tables::tables(results);
    if !filled.is_empty() {
        let body = tables::tables(&filled);
        sections.push(Section { id: "tables", title: "Tables", body });
    }
    if !drift.is_empty() {
        sections.push(Section { id: "drift", title: "Drift", body: drift::tables(drift) });
    }
    let shown = exhibits::sections(results);
    sections.extend(shown.into_iter().map(|(id, title, body)| Section { id, title, body }));
    sections.extend([
        Section { id: "cases", title: "Cases", body: cases::cases(results, tally, bundle) },
        Section { id: "expectations", title: "Expectations", body: ledgers::expectations(results) },
        Section { id: "controls", title: "Controls", body: ledgers::controls(results) },
        Section { id: "floors", title: "Floors", body: ledgers::floors(results) },
        Section {
            id: "normalisers",
            title: "Normalisers and redactions",
            body: ledgers::normalisers(results),
        },
        Section { id: "again", title: "Check this report", body: ledgers::again(results) },
    ]);
    sections
}

/// The totals for reconciliation, in the words of `summary.md`.
fn totals(tally: &Tally<'_>) -> String {
    let counts = &tally.counts;
    let each: Vec<_> = Verdict::ALL.into_iter().map(|v| format!("{v} {}", counts.of(v))).collect();
    format!("{} cases: {}", counts.total(), each.join(", "))
}

/// The page's Content-Security-Policy: nothing is loaded or sent, and only this page's own style
/// and script run.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        // The hashes allow exactly this style and this script, so that not even an injected
        // `<style>` counts.
        hash(STYLE),
        hash(SCRIPT)
    )
}
