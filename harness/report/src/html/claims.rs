//! Claims × environments, with a cell for every pair, and the source document's statements beside
//! the facts and the measurements.

use super::parts::{anchor, chip, prose, shown};
use crate::tally::{Cell, ClaimTally, Tally};
use crate::words;
use maud::{Markup, html};
use twinproof_base::count;
use twinproof_model::{DocumentVerdict, Verdict};

/// Claims × environments.
pub fn matrix(tally: &Tally<'_>) -> Markup {
    if tally.claims.is_empty() {
        return html! { p { "The selected suites decide no claim." } };
    }
    html! {
        p { (count(tally.claims.len() as u64, "claim")) ", "
            (count(tally.environments.len() as u64, "environment")) ", "
            (count(tally.never_run(), "cell")) " never run. Each cell leads to its most alarming case." }
        div.scroll.matrix tabindex="0" role="region" aria-label="Claims by environment" {
            table {
                caption { "What is known of each claim in each environment" }
                thead {
                    tr {
                        th scope="col" { "Claim" }
                        @for e in &tally.environments { th scope="col" { (shown(&e.name.to_string())) } }
                    }
                }
                tbody { @for claim in &tally.claims { (row(claim)) } }
            }
        }
    }
}

fn row(tally: &ClaimTally<'_>) -> Markup {
    html! {
        tr {
            th scope="row" {
                b { (shown(tally.id)) }
                @if let Some(claim) = tally.claim {
                    span.muted { " " (claim.level.as_str()) }
                    span.statement { (prose(&words::claim(claim))) }
                } @else {
                    span.statement { "not in the registry" }
                }
            }
            @for cell in &tally.cells { (self::cell(cell)) }
        }
    }
}

fn cell(cell: &Cell) -> Markup {
    let Some((verdict, index)) = cell.counts.merged().zip(cell.worst) else {
        return html! { td.never { "never run" } };
    };
    let (of, all) = (cell.counts.of(verdict), cell.counts.total());
    html! {
        td class=(format!("v-{verdict}")) {
            a href=(format!("#{}", anchor(index))) {
                span aria-hidden="true" { (words::sign(verdict)) } " " (words::label(verdict))
            }
            @if all > 1 { small { (of) " of " (all) } }
        }
    }
}

/// The document's statements, the facts, and the measurements; `None` where no claim is from the
/// document.
pub fn document(tally: &Tally<'_>) -> Option<Markup> {
    let rows: Vec<_> = tally
        .claims
        .iter()
        .filter_map(|t| {
            let claim = t.claim?;
            Some((t, claim, claim.document?))
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    let count = |d: DocumentVerdict| rows.iter().filter(|(_, _, v)| *v == d).count();
    let all = [
        DocumentVerdict::Confirmed,
        DocumentVerdict::Imprecise,
        DocumentVerdict::Depends,
        DocumentVerdict::Refuted,
        DocumentVerdict::Untestable,
    ];
    Some(html! {
        p { "Of " (rows.len()) " statements of the document: "
            @for (at, d) in all.into_iter().filter(|d| count(*d) > 0).enumerate() {
                @if at > 0 { ", " } (count(d)) " " (words::document(d))
            }
            ". Cases assert what is true, so a refuted statement with a pass is a good result." }
        div.scroll.document tabindex="0" role="region" aria-label="The document's statements" {
            table {
                caption { "The document's statements" }
                thead { tr {
                    th scope="col" { "Claim" } th scope="col" { "The document says" }
                    th scope="col" { "What is true" } th scope="col" { "What was measured" }
                } }
                tbody {
                    @for (tally_row, claim, verdict) in &rows {
                        tr {
                            th scope="row" { (shown(&claim.id)) br; span.muted { (shown(&claim.reference)) } }
                            td { (prose(&claim.statement)) }
                            td { b { (words::document(*verdict)) } @if let Some(truth) = &claim.truth { ": " (prose(truth)) } }
                            td { (measured(tally, tally_row)) }
                        }
                    }
                }
            }
        }
    })
}

/// The measured verdicts, each with its environments.
fn measured(tally: &Tally<'_>, claim: &ClaimTally<'_>) -> Markup {
    let environments = |verdict: Verdict| {
        let cells = tally.environments.iter().zip(&claim.cells);
        let named = cells.filter(|(_, c)| c.counts.merged() == Some(verdict));
        named.map(|(e, _)| e.name.to_string()).collect::<Vec<_>>()
    };
    let groups: Vec<_> = Verdict::ALL
        .into_iter()
        .rev()
        .map(|v| (v, environments(v)))
        .filter(|(_, names)| !names.is_empty())
        .collect();
    html! {
        @if groups.is_empty() { span.never { "never run" } }
        @for (verdict, names) in groups {
            div { (chip(verdict)) " " (shown(&names.join(", "))) }
        }
    }
}
