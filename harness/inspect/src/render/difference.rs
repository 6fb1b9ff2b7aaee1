//! Renders a comparison as text.

use super::lines::{add, number, safe};
use crate::compare::{Comparison, FactDifference, SectionDifference};
use std::fmt::Write as _;

/// The most sections and facts that are shown.
const ROWS: usize = 30;

/// The result of a comparison as text, the cause first.
#[must_use]
pub fn difference(comparison: &Comparison) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", safe(&comparison.cause));
    if let Some(likely) = &comparison.likely {
        add(&mut out, "likely", likely);
    }
    if let Some(remedy) = &comparison.remedy {
        add(&mut out, "equal with", remedy);
    }
    if comparison.sections.is_empty() && comparison.facts.is_empty() {
        return out;
    }
    ids(&mut out, comparison);
    let (a, b) = (number(comparison.sizes.a), number(comparison.sizes.b));
    let mut sizes = if a == b { format!("{a} bytes each") } else { format!("{a} and {b} bytes") };
    if let Some(first) = comparison.first_difference {
        let _ = write!(sizes, ", the first difference at byte {}", number(first));
    }
    add(&mut out, "files", &sizes);
    for section in comparison.sections.iter().take(ROWS) {
        add(&mut out, "section", &row(section));
    }
    more(&mut out, comparison.sections.len());
    for fact in comparison.facts.iter().take(ROWS) {
        add(&mut out, "fact", &text(fact));
    }
    more(&mut out, comparison.facts.len());
    out
}

fn more(out: &mut String, count: usize) {
    if count > ROWS {
        add(out, "", &format!("{} more", count - ROWS));
    }
}

fn ids(out: &mut String, comparison: &Comparison) {
    let of = |equal: bool| -> String {
        let parts = comparison.build_id.iter().filter(|part| part.equal == equal);
        parts.map(|part| part.part.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (same, other) = (of(true), of(false));
    let text = match (same.is_empty(), other.is_empty()) {
        (true, true) => return,
        (false, true) => "all parts are equal".to_owned(),
        (true, false) => "no part is equal".to_owned(),
        (false, false) => format!("equal: {same}; not: {other}"),
    };
    add(out, "Go build ID", &text);
}

fn row(section: &SectionDifference) -> String {
    let name = safe(&section.name);
    let identity = if section.only_identity { ", only identity" } else { "" };
    match (section.size_a, section.size_b, section.differing) {
        (Some(size), Some(_), Some(count)) => {
            let (count, size) = (number(count), number(size));
            format!("{name}: {count} of {size} bytes{identity}")
        }
        (Some(a), Some(b), None) => {
            format!("{name}: {} and {} bytes{identity}", number(a), number(b))
        }
        (Some(a), None, _) => format!("{name}: only in the first, {} bytes{identity}", number(a)),
        (None, Some(b), _) => format!("{name}: only in the second, {} bytes{identity}", number(b)),
        (None, None, _) => name,
    }
}

fn text(fact: &FactDifference) -> String {
    let name = safe(&fact.fact);
    match (&fact.a, &fact.b) {
        (Some(_), None) if fact.a.as_deref() == Some("present") => {
            format!("{name}: only in the first")
        }
        (None, Some(_)) if fact.b.as_deref() == Some("present") => {
            format!("{name}: only in the second")
        }
        (a, b) => {
            let shown = |value: &Option<String>| value.as_deref().map_or("none".to_owned(), safe);
            format!("{name}: {} -> {}", shown(a), shown(b))
        }
    }
}
