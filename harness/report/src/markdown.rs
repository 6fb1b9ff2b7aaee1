//! `summary.md`: the summary of a GitHub job. GitHub refuses a summary of more than 1 MiB, so lists
//! end early and say how much is left out; the totals come first and are always whole.

mod exhibits;
mod page;

pub use page::MARKDOWN_LIMIT;

use crate::escape::{markdown as esc, markdown_code as code};
use crate::findings::findings;
use crate::tally::{self, Counts, Tally};
use crate::words::Tone;
use crate::{failure, sarif, text, words};
use page::{Page, cut, names, row};
use twinproof_model::{CaseResult, Exchange, Results, Verdict};

/// The beginning of the line with totals.
pub(crate) const TOTALS: &str = "Totals: ";

/// Failed steps of a case that are shown.
const STEPS: usize = 3;

/// Most bytes of a request, an answer or a command line.
const EXCERPT: usize = 1024;

/// Draws `summary.md`.
#[must_use]
pub fn markdown(results: &Results) -> String {
    let tally = Tally::of(results);
    let mut page = Page { out: String::new() };
    let sign = match words::tone(results, &tally) {
        Tone::Good => "✅",
        Tone::Doubt => "⚠️",
        Tone::Bad => "❌",
    };
    page.line(&format!("## {sign} Twinproof: {}", words::outcome(results, &tally)));
    page.line("");
    page.line(&esc(&words::headline(results, &tally)));
    page.line("");
    page.line(&totals_line(&tally.counts));
    page.line("");
    let reasons: Vec<_> = results.summary.reasons.iter().map(|r| format!("- {}", cut(r))).collect();
    let meaning = words::exit_meaning(results, &tally);
    page.list(&format!("{}.", meaning.replacen("exit", "Exit", 1)), &reasons);
    environments(&mut page, &tally);
    attention(&mut page, results);
    expected(&mut page, results);
    unavailable(&mut page, results);
    tables(&mut page, results);
    drift(&mut page, results);
    exhibits::sections(&mut page, results);
    floors(&mut page, results);
    controls(&mut page, results);
    page.line(&format!(
        "Repeat with <code>{}</code>; judge again with <code>{}</code>.",
        cut(&words::reproduce(results)),
        esc(words::REJUDGE)
    ));
    page.out
}

/// `Totals: 12 cases: not_applicable 0, pass 12, …`: every verdict, for people and for
/// reconciliation.
fn totals_line(counts: &Counts) -> String {
    let each: Vec<_> = Verdict::ALL.into_iter().map(|v| format!("{v} {}", counts.of(v))).collect();
    format!("{TOTALS}{}: {}", text::plural(counts.total(), "case", "cases"), each.join(", "))
}

fn verdict(v: Verdict) -> String {
    // `![` begins an image in Markdown.
    format!("{} {}", words::sign(v), words::label(v)).replace('!', "&#33;")
}

fn environments(page: &mut Page, tally: &Tally<'_>) {
    let mut columns = names(&["Environment"]);
    // Pass and fail always have a column: that nothing fails is worth saying.
    let shown: Vec<_> = Verdict::ALL
        .into_iter()
        .filter(|v| matches!(v, Verdict::Pass | Verdict::Fail) || tally.counts.of(*v) > 0)
        .collect();
    columns.extend(shown.iter().map(|v| words::label(*v).to_owned()));
    let line = |name: String, counts: &Counts| {
        let mut cells = vec![name];
        cells.extend(shown.iter().map(|v| counts.of(*v).to_string()));
        row(&cells)
    };
    let mut rows: Vec<_> =
        tally.environments.iter().map(|e| line(code(&e.name.to_string(), 80), &e.counts)).collect();
    if !rows.is_empty() {
        rows.push(line("**all**".to_owned(), &tally.counts));
    }
    if !rows.is_empty() {
        page.bare_table(&columns, &rows);
    }
}

fn worst(results: &Results, case: &CaseResult) -> String {
    if let Some(why) = words::why(case) {
        return cut(&why);
    }
    let mut parts = Vec::new();
    for step in failure::failed_steps(case).into_iter().take(STEPS) {
        for c in step.checks {
            parts.push(format!(
                "{}: expected {}, actual {}",
                code(&c.id, 80),
                code(&c.expected, 200),
                code(&c.actual, 200)
            ));
        }
        parts.extend(step.exchange.map(exchange));
    }
    for claim in failure::claims(results, case) {
        let words = cut(&failure::claim_line(claim));
        parts.push(match &claim.source {
            Some(url) => format!("{words} <a href=\"{}\">source</a>", esc(url)),
            None => format!("{words} ({})", cut(&claim.reference)),
        });
    }
    parts.join("<br>")
}

/// The request and the response, folded away. They have to stay on the line of their table's row.
fn exchange(exchange: &Exchange) -> String {
    let lines = |text: &str| {
        let text = text::head(text.trim_end(), EXCERPT);
        // A line feed would end the table's row; its character reference is a line break within
        // `<pre>`.
        text.lines().map(esc).collect::<Vec<_>>().join("&#10;")
    };
    let mut shown = format!("{}&#10;&#10;{}", lines(&exchange.request), lines(&exchange.response));
    if let Some(line) = &exchange.repeat {
        shown.push_str(&format!("&#10;&#10;{}", lines(line)));
    }
    format!("<details><summary>request, response, repeat</summary><pre>{shown}</pre></details>")
}

/// Writes the table of findings that need attention, a row for each cause.
fn attention(page: &mut Page, results: &Results) {
    let rows: Vec<_> = findings(results)
        .iter()
        .map(|finding| {
            let more = words::and_more(finding).map(|m| format!("<br>{}", cut(&m)));
            let (what, seen, place) = match finding.case() {
                Some((_, c)) => (
                    format!(
                        "{}<br>{}{}",
                        code(&c.case, 120),
                        cut(&c.title),
                        more.unwrap_or_default()
                    ),
                    worst(results, c),
                    code(&format!("{}:{}", c.file, c.line), 160),
                ),
                None => (
                    format!("every case: {}", words::kept(finding)),
                    cut(finding.broken.unwrap_or_default()),
                    String::new(),
                ),
            };
            let environment = code(&finding.environment.to_string(), 80);
            row(&[verdict(finding.verdict()), what, environment, seen, place])
        })
        .collect();
    let columns = names(&["Verdict", "Case", "Environment", "What", "Where"]);
    page.table("Needs attention", &columns, &rows, true);
}

fn expected(page: &mut Page, results: &Results) {
    let rows: Vec<_> = results
        .cases
        .iter()
        .filter(|c| matches!(c.verdict, Verdict::Xfail | Verdict::Waived))
        .map(|c| {
            let state = sarif::expectation_of(results, c).map(|s| &s.expectation);
            row(&[
                verdict(c.verdict),
                code(&c.case, 120),
                code(&c.environment.to_string(), 80),
                state.map(|e| cut(&e.reason)).unwrap_or_default(),
                state.map(|e| cut(&e.owner)).unwrap_or_default(),
                state.map(|e| e.expires.to_string()).unwrap_or_default(),
            ])
        })
        .collect();
    let columns = names(&["Verdict", "Case", "Environment", "Reason", "Owner", "Until"]);
    page.table("Known divergences", &columns, &rows, false);
}

fn unavailable(page: &mut Page, results: &Results) {
    let rows: Vec<_> = results
        .environments
        .iter()
        .filter_map(|e| {
            let skip = e.absent.as_ref()?;
            let remedy = words::remedy(skip).map(|r| code(r, 300)).unwrap_or_default();
            Some(row(&[code(&e.name.to_string(), 80), cut(&skip.to_string()), remedy]))
        })
        .collect();
    let columns = names(&["Environment", "What is missing", "To provide it"]);
    page.table("Not available", &columns, &rows, true);
}

/// The tables that cases fill.
fn tables(page: &mut Page, results: &Results) {
    for table in crate::tables::tables(results) {
        let mut columns = vec![String::new()];
        columns.extend(table.columns.iter().map(|c| esc(c)));
        let rows: Vec<_> = table
            .rows
            .iter()
            .map(|(title, cells)| {
                let text = |cell: &Option<crate::tables::Cell<'_>>| {
                    let Some(cell) = cell else { return String::new() };
                    let sign = words::sign(cell.case.verdict).replace('!', "&#33;");
                    format!("{sign} {}", esc(&cell.text()))
                };
                let mut line = vec![esc(title)];
                line.extend(cells.iter().map(text));
                row(&line)
            })
            .collect();
        page.table(&esc(table.title), &columns, &rows, true);
    }
}

/// A table for each question that environments answer differently; equal values have the same
/// letter. One line for all other questions.
fn drift(page: &mut Page, results: &Results) {
    let tables = tally::drift_tables(results);
    let (same, different): (Vec<_>, Vec<_>) =
        tables.iter().partition(|t| t.differing().next().is_none());
    for table in different {
        let mut columns = names(&["Environment"]);
        for (column, distinct) in table.columns.iter().zip(&table.distinct) {
            let mark = if *distinct > 1 { " (differs)" } else { "" };
            columns.push(format!("{}{mark}", code(column, 60)));
        }
        let rows: Vec<_> = table
            .rows
            .iter()
            .map(|r| {
                let mut cells = vec![code(&r.environment.to_string(), 80)];
                cells.extend(r.values.iter().zip(&table.distinct).map(|(v, n)| drift_cell(*v, *n)));
                row(&cells)
            })
            .collect();
        page.table(&format!("Drift: {}", cut(table.label)), &columns, &rows, false);
        if let Some(alike) = table.alike() {
            page.line(&format!("Alike in every value: {}.", cut(&alike)));
            page.line("");
        }
    }
    if !same.is_empty() {
        let labels: Vec<_> = same.iter().map(|t| cut(t.label)).collect();
        page.line(&format!("Drift, the same everywhere: {}.", labels.join("; ")));
        page.line("");
    }
}

fn drift_cell(value: Option<(&str, usize)>, distinct: usize) -> String {
    let Some((value, number)) = value else { return String::new() };
    let shown = if value.is_empty() { "(empty)".to_owned() } else { code(value, 160) };
    if distinct > 1 { format!("{} {shown}", tally::letter(number)) } else { shown }
}

fn floors(page: &mut Page, results: &Results) {
    let rows: Vec<_> = results
        .floors
        .iter()
        .map(|f| {
            let state = match (&f.not_applied, f.met) {
                (Some(why), _) => format!("does not apply: {}", cut(why)),
                (None, true) => "met".to_owned(),
                (None, false) => "**not met**".to_owned(),
            };
            row(&[
                code(&f.suite, 80),
                code(&f.environment.to_string(), 80),
                f.floor.to_string(),
                f.actual.to_string(),
                state,
            ])
        })
        .collect();
    let columns = names(&["Suite", "Environment", "Floor", "This run", "State"]);
    page.table("Floors", &columns, &rows, results.floors.iter().any(|f| !f.met));
}

fn controls(page: &mut Page, results: &Results) {
    if !results.controls.is_empty() {
        page.line(&format!("Controls: {}.", words::controls(results)));
        page.line("");
    }
    let rows: Vec<_> = results
        .controls
        .iter()
        .filter(|c| !c.ok)
        .map(|c| {
            row(&[
                code(&c.case, 120),
                code(&c.environment.to_string(), 80),
                c.problem.as_deref().map(cut).unwrap_or_default(),
            ])
        })
        .collect();
    page.table("Controls that prove nothing", &names(&["Case", "Environment", "Why"]), &rows, true);
}
