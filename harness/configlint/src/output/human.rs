//! Findings for people.

use crate::rule::{Finding, Level};
use crate::set::Set;
use std::fmt::Write as _;

/// Longest line of a file that is shown, in characters.
const LINE_MAX: usize = 120;

/// The findings as text: place, what is wrong, the line, what becomes of it, what to do.
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
        let line = source.slice(source.line_at(finding.range.start));
        if !line.trim().is_empty() {
            let shown: String =
                line.chars().take(LINE_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
            let _ = writeln!(text, "    | {shown}");
            if place.column <= LINE_MAX && finding.range.start < finding.range.end {
                let end = finding.range.end.min(source.line_at(finding.range.start).end);
                let width =
                    source.slice(finding.range.start..end).chars().count().clamp(1, LINE_MAX);
                let _ =
                    writeln!(text, "    | {}{}", " ".repeat(place.column - 1), "^".repeat(width));
            }
        }
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
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let fixes = findings.iter().filter(|finding| finding.fix.is_some()).count();
    let files = if set.sources.len() == 1 { "file" } else { "files" };
    let _ = writeln!(
        text,
        "{} {files}: {} errors, {} warnings, {} notes; {fixes} with a fix",
        set.sources.len(),
        count(Level::Error),
        count(Level::Warning),
        count(Level::Note)
    );
    text
}
