//! Observations of cases, as tables and pictures of the summary. GitHub draws Mermaid's flow charts.

use super::page::{Page, cut, names, row};
use crate::escape::markdown_code as code;
use crate::exhibits::{Chain, Exhibits};
use crate::text;
use std::collections::BTreeSet;
use twinproof_model::{Exhibit, Results};

/// Most findings that the summary lists.
const FINDINGS: usize = 60;
/// Most chains that it draws.
const CHAINS: usize = 6;

/// The sections that have something to show.
pub fn sections(page: &mut Page, results: &Results) {
    let exhibits = Exhibits::of(results);
    for chain in exhibits.chains.iter().take(CHAINS) {
        picture(page, chain);
    }
    let lookups: Vec<String> = exhibits
        .lookups
        .iter()
        .map(|lookup| {
            let asked = match lookup.asked {
                None => "not looked at".to_owned(),
                Some([]) => "none".to_owned(),
                Some(asked) => asked.iter().map(|q| code(q, 120)).collect::<Vec<_>>().join("<br>"),
            };
            row(&[
                cut(&lookup.result.title),
                code(lookup.setting, 160),
                lookup.answers.iter().map(|a| cut(a)).collect::<Vec<_>>().join("<br>"),
                asked,
                format!("{}.{}", lookup.millis / 1000, lookup.millis % 1000 / 100),
                cut(lookup.ended),
            ])
        })
        .collect();
    let columns = ["Case", "Setting", "Name servers", "Who was asked", "Seconds", "Result"];
    page.table("Whom the go command asks", &names(&columns), &lookups, false);
    policies(page, &exhibits, results);
    let findings: Vec<String> = exhibits
        .findings
        .iter()
        .take(FINDINGS)
        .filter_map(|found| {
            let Exhibit::Finding { rule, place, message, fix, .. } = found.exhibit else {
                return None;
            };
            let fix = fix.as_deref().unwrap_or("by hand");
            Some(row(&[cut(rule), code(place, 120), cut(message), cut(fix)]))
        })
        .collect();
    let columns = ["Rule", "Where", "What is wrong", "Fix"];
    page.table("Findings in configuration", &names(&columns), &findings, false);
}

fn picture(page: &mut Page, chain: &Chain<'_>) {
    page.line(&format!(
        "<details><summary><b>Who starts whom</b>: {}, {}</summary>",
        cut(chain.title),
        cut(&chain.environment)
    ));
    page.line("");
    page.line("```mermaid");
    page.line("flowchart LR");
    for (index, link) in chain.links.iter().enumerate() {
        let mut label = plain(link.name);
        if let Some(variable) = link.variable {
            label = format!("{label}<br/>{}", plain(variable));
        }
        page.line(&format!("  p{index}[\"{label}\"]"));
    }
    for (index, link) in chain.links.iter().enumerate() {
        if let Some(parent) = link.parent {
            page.line(&format!("  p{parent} --> p{index}"));
        }
    }
    page.line("```");
    page.line("");
    page.line("</details>");
    page.line("");
}

/// A text that means nothing to Mermaid or to Markdown.
fn plain(text: &str) -> String {
    // Mermaid has no escape that works in every renderer, so that all other characters are
    // replaced.
    let keeps = |c: char| c.is_alphanumeric() || " ./\\:=_-".contains(c);
    let cut = text::cut(text, 60);
    cut.chars().map(|c| if keeps(c) { c } else { '_' }).collect()
}

fn policies(page: &mut Page, exhibits: &Exhibits<'_>, results: &Results) {
    let cases: BTreeSet<usize> = exhibits.policies.iter().map(|policy| policy.case).collect();
    for case in cases {
        let of = || exhibits.policies.iter().filter(move |policy| policy.case == case);
        let twins: BTreeSet<&String> = of().flat_map(|policy| policy.values.keys()).collect();
        let mut columns = names(&["Setting"]);
        columns.extend(twins.iter().map(|twin| code(twin, 80)));
        columns.push(String::new());
        let rows: Vec<String> = of()
            .map(|policy| {
                let mut cells = vec![code(policy.setting, 40)];
                cells.extend(twins.iter().map(|twin| match policy.values.get(*twin) {
                    Some(Some(value)) => code(value, 120),
                    _ => "not set".to_owned(),
                }));
                cells.push(if policy.same { "same" } else { "**differs**" }.to_owned());
                row(&cells)
            })
            .collect();
        let title = format!("Policies of twins: {}", cut(&results.cases[case].title));
        page.table(&title, &columns, &rows, false);
    }
}
