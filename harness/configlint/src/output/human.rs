//! Findings as text for people.

use crate::rule::{Finding, Level};
use crate::set::Set;
use crate::source::Source;
use std::fmt::Write as _;

/// Longest line of a file that is shown, in characters.
const LINE_MAX: usize = 120;

/// Number of characters of a long line that are shown before the place.
const MARGIN: usize = 40;

/// The findings as text: place, message, the line, the effect, the advice.
#[must_use]
pub fn human(set: &Set, findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let source = &set.sources[finding.file];
        let place = source.position(finding.range.start);
        let rule = finding.rule;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{}:{}:{}: {}[{}]: {}",
            source.name(),
            place.line,
            place.column,
            finding.level.as_str(),
            rule.id,
            finding.message
        );
        excerpt(&mut text, source, finding, place.column);
        let _ = writeln!(text, "    effect: {}", finding.effect());
        match &finding.fix {
            Some(fix) => {
                let _ = writeln!(text, "    fix:    {}", fix.title);
            }
            None => {
                let _ = writeln!(text, "    advice: {}", rule.advice);
            }
        }
        if !rule.claims.is_empty() {
            let _ = writeln!(text, "    claims: {}", rule.claims.join(", "));
        }
    }
    let count = |level: Level| {
        let count = findings.iter().filter(|finding| finding.level == level).count();
        counted(count, level.as_str())
    };
    let fixes = findings.iter().filter(|finding| finding.fix.is_some()).count();
    let _ = writeln!(
        text,
        "{}: {}, {}, {}; {fixes} with a fix",
        counted(set.sources.len(), "file"),
        count(Level::Error),
        count(Level::Warning),
        count(Level::Note)
    );
    text
}

/// Shows the line of a finding with a mark below it. Of a long line it is the part around the place.
fn excerpt(text: &mut String, source: &Source, finding: &Finding, column: usize) {
    let range = source.line_at(finding.range.start);
    let line = source.slice(range.clone());
    if line.trim().is_empty() {
        return;
    }
    let skipped = if column > LINE_MAX - MARGIN { column - 1 - MARGIN } else { 0 };
    let cut = if skipped > 0 { "…" } else { "" };
    let part = line.chars().skip(skipped).take(LINE_MAX);
    let shown: String = part.map(|c| if c.is_control() { ' ' } else { c }).collect();
    let _ = writeln!(text, "    | {cut}{shown}");
    if finding.range.start < finding.range.end {
        let before = column - 1 - skipped + cut.chars().count();
        let marked = source.slice(finding.range.start..finding.range.end.min(range.end));
        let width = marked.chars().count().clamp(1, LINE_MAX - before.min(LINE_MAX - 1));
        let _ = writeln!(text, "    | {}{}", " ".repeat(before), "^".repeat(width));
    }
}

/// `1 note`, `2 notes`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
