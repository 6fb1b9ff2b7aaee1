//! Observations of cases, as tables and pictures.

use super::parts::{case_link, code, prose, shown, table};
use crate::exhibits::{Chain, Exhibits, Found, Lookup, Policy};
use crate::text;
use maud::{Markup, html};
use std::collections::BTreeSet;
use twinproof_model::{Exhibit, Results};

/// The size of a box of a picture and the space between boxes, in pixels.
const BOX: (usize, usize) = (210, 44);
const GAP: (usize, usize) = (46, 14);
/// Most findings that are listed.
// A table of more rows makes the page slow to open; results.json has all of them.
const FINDINGS: usize = 500;
/// Longest text in a box, in characters.
const LABEL: usize = 28;

/// Sections: anchor, title and body of each that has something to show.
pub fn sections(results: &Results) -> Vec<(&'static str, &'static str, Markup)> {
    let exhibits = Exhibits::of(results);
    let mut all = Vec::new();
    if !exhibits.chains.is_empty() {
        all.push(("chains", "Who starts whom", chains(&exhibits.chains, results)));
    }
    if !exhibits.lookups.is_empty() {
        all.push(("names", "Whom the go command asks", lookups(&exhibits.lookups)));
    }
    if !exhibits.policies.is_empty() {
        all.push(("policies", "Policies of twins", policies(&exhibits.policies, results)));
    }
    if !exhibits.findings.is_empty() {
        all.push(("lint", "Findings in configuration", findings(&exhibits.findings, results)));
    }
    if !exhibits.scripts.is_empty() {
        let body = html! {
            @for (file, (case, script)) in &exhibits.scripts {
                h3 { code { (text::line(file)) } }
                p { "Proved by " (case_link(*case, &results.cases[*case])) "." }
                pre { code { (text::block(script)) } }
            }
        };
        all.push(("scripts", "Scripts that work", body));
    }
    all
}

fn chains(chains: &[Chain<'_>], results: &Results) -> Markup {
    html! {
        p { "From traces of strace and Process Monitor: each box is a program, below its name what the "
            "case asks of its environment." }
        @for chain in chains {
            h3 { (prose(chain.title)) }
            p { (case_link(chain.case, &results.cases[chain.case])) " in " (shown(&chain.environment)) }
            (picture(chain))
        }
    }
}

/// Boxes from left to right, one line for each program, joined to the program's parent.
fn picture(chain: &Chain<'_>) -> Markup {
    let deepest = chain.links.iter().map(|link| link.depth).max().unwrap_or_default();
    let at = |index: usize, depth: usize| (depth * (BOX.0 + GAP.0), index * (BOX.1 + GAP.1));
    let width = (deepest + 1) * (BOX.0 + GAP.0);
    let height = chain.links.len() * (BOX.1 + GAP.1);
    let words: Vec<String> = chain
        .links
        .iter()
        .map(|link| match link.parent {
            Some(parent) => format!("{} starts {}", chain.links[parent].name, link.name),
            None => format!("{} begins", link.name),
        })
        .collect();
    html! {
        div.scroll tabindex="0" role="region" aria-label="A chain of programs" {
            svg.chain width=(width) height=(height) viewBox=(format!("0 0 {width} {height}"))
                role="img" aria-label=(text::line(&words.join("; "))) {
                @for (index, link) in chain.links.iter().enumerate() {
                    @let (x, y) = at(index, link.depth);
                    @if let Some(parent) = link.parent {
                        @let from = at(parent, chain.links[parent].depth);
                        // SVG in the page needs no script and prints as it is shown.
                        path d=(format!("M{} {} V{} H{x}", from.0 + 24, from.1 + BOX.1, y + BOX.1 / 2)) {}
                    }
                    rect x=(x) y=(y) width=(BOX.0) height=(BOX.1) rx="6" {}
                    text x=(x + 12) y=(y + 18) { (text::line(&text::cut(link.name, LABEL))) }
                    @if let Some(variable) = link.variable {
                        text.small x=(x + 12) y=(y + 36) { (text::line(&text::cut(variable, LABEL))) }
                    }
                }
            }
        }
    }
}

fn lookups(lookups: &[Lookup<'_>]) -> Markup {
    let rows: Vec<Markup> = lookups
        .iter()
        .map(|lookup| {
            html! {
                tr {
                    td { (case_link(lookup.case, lookup.result)) br; (prose(&lookup.result.title)) }
                    td { (code(lookup.setting)) }
                    td { @for answers in &lookup.answers { (shown(answers)) br; } }
                    td {
                        @match lookup.asked {
                            None => span.muted { "not looked at" },
                            Some([]) => "nobody",
                            Some(asked) => @for question in asked { code { (text::line(question)) } br; },
                        }
                    }
                    td { (seconds(lookup.millis)) }
                    td { (shown(lookup.ended)) }
                }
            }
        })
        .collect();
    let head = ["Case", "Setting", "Name servers", "Who was asked", "Seconds", "Result"];
    table(
        "What was set, what failed, which servers were asked, how long it took and how it ended",
        &head,
        &rows,
    )
}

/// Milliseconds as seconds with one decimal.
fn seconds(millis: u64) -> String {
    format!("{}.{}", millis / 1000, millis % 1000 / 100)
}

fn policies(policies: &[Policy<'_>], results: &Results) -> Markup {
    let cases: BTreeSet<usize> = policies.iter().map(|policy| policy.case).collect();
    html! {
        @for case in cases {
            @let of: Vec<&Policy<'_>> = policies.iter().filter(|policy| policy.case == case).collect();
            @let twins: BTreeSet<&String> = of.iter().flat_map(|policy| policy.values.keys()).collect();
            h3 { (prose(&results.cases[case].title)) }
            p { (case_link(case, &results.cases[case])) }
            div.scroll tabindex="0" role="region" aria-label="Policies of twins" {
                table {
                    thead { tr {
                        th scope="col" { "Setting" }
                        @for twin in &twins { th scope="col" { (shown(twin)) } }
                        th scope="col" { "" }
                    } }
                    tbody {
                        @for policy in of {
                            tr {
                                th scope="row" { code { (text::line(policy.setting)) } }
                                @for twin in &twins {
                                    td {
                                        @match policy.values.get(*twin) {
                                            Some(Some(value)) => (code(value)),
                                            _ => span.muted { "not set" },
                                        }
                                    }
                                }
                                td { @if policy.same { "same" } @else { b.alarm { "differs" } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn findings(findings: &[Found<'_>], results: &Results) -> Markup {
    let rows: Vec<Markup> = findings
        .iter()
        .take(FINDINGS)
        .filter_map(|found| {
            let Exhibit::Finding { rule, level, place, message, effect, fix } = found.exhibit else {
                return None;
            };
            Some(html! {
                tr {
                    th scope="row" { (shown(rule)) br; small.muted { (shown(level)) } }
                    td { code { (text::line(place)) } br; (case_link(found.case, &results.cases[found.case])) }
                    td { (shown(message)) }
                    td { (shown(effect)) }
                    td { @match fix { Some(fix) => (shown(fix)), None => span.muted { "by hand" } } }
                }
            })
        })
        .collect();
    let left = findings.len().saturating_sub(FINDINGS);
    html! {
        (table("What config lint finds in the files of the cases", &["Rule", "Where", "What is wrong", "What WSL or go does", "Fix"], &rows))
        @if left > 0 { p { (left) " more are in results.json." } }
    }
}
