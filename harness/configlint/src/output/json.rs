//! Findings as JSON.

use crate::rule::Finding;
use crate::set::Set;
use serde_json::{Value, json as object};

/// The findings as JSON: `files` and `findings`, each with its rule, level, place, text, message,
/// effect, advice, claims and fix. `text` is the whole text of the place; a message quotes its
/// beginning.
#[must_use]
pub fn json(set: &Set, findings: &[Finding]) -> String {
    let found: Vec<Value> = findings.iter().map(|finding| one(set, finding)).collect();
    let files: Vec<&str> = set.sources.iter().map(crate::source::Source::name).collect();
    let mut text = format!("{:#}", object!({ "files": files, "findings": found }));
    text.push('\n');
    text
}

fn one(set: &Set, finding: &Finding) -> Value {
    let source = &set.sources[finding.file];
    let start = source.position(finding.range.start);
    let end = source.position(finding.range.end);
    let edit = |edit: &crate::edit::Edit| {
        let (start, end) = (source.position(edit.range.start), source.position(edit.range.end));
        object!({
            "line": start.line, "column": start.column,
            "end_line": end.line, "end_column": end.column,
            "with": edit.with,
        })
    };
    object!({
        "rule": finding.rule.id,
        "level": finding.level.as_str(),
        "file": source.name(),
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "text": source.slice(finding.range.clone()),
        "message": finding.message,
        "effect": finding.effect(),
        "advice": finding.rule.advice,
        "claims": finding.rule.claims,
        "fix": finding.fix.as_ref().map(|fix| object!({
            "title": fix.title,
            "as_utf8": fix.as_utf8,
            "edits": fix.edits.iter().map(edit).collect::<Vec<_>>(),
        })),
    })
}
