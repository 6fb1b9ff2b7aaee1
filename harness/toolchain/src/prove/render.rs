//! A proof's result as text for a terminal of 80 columns, without colour.

use std::collections::BTreeMap;
use std::fmt::Write;

use twinproof_base::count;

use super::report::{Change, Difference, ProofReport, Reach, Status};
use crate::provenance::{Kind, Provenance};

/// The most files of one kind that are named; the JSON has all.
const SHOWN: usize = 20;

/// The width of a line.
const WIDTH: usize = 80;

/// The result as text.
#[must_use]
pub fn render(report: &ProofReport) -> String {
    let mut text = String::new();
    let mut line = |content: String| {
        text.push_str(content.trim_end());
        text.push('\n');
    };
    line(format!("go{} for {} in {}", report.version, report.platform, report.goroot.display()));
    line(format!("compared with {}", reference(&report.reference)));
    line(String::new());
    let (live, inert): (Vec<_>, Vec<_>) =
        report.differences.iter().partition(|difference| difference.refutes());
    for (title, differences) in
        [("What differs", live), ("What is not covered, and what go neither reads nor runs", inert)]
    {
        if differences.is_empty() {
            continue;
        }
        line(format!("{title}:"));
        for (kind, group) in grouped(differences) {
            line(format!("  {kind}: {}", group.len()));
            for part in named(&group) {
                line(format!("    {part}"));
            }
        }
        line(String::new());
    }
    line(verdict(report));
    text
}

fn reference(provenance: &Provenance) -> String {
    let mut text = match (&provenance.made, provenance.kind) {
        (Some(made), _) => format!(
            "the SDK made from the verified one for {}\n  source zip {}\n  tree       {}",
            made.source_platform, made.source_zip, provenance.tree
        ),
        (None, Kind::Verified) => {
            format!("the verified SDK\n  zip  {}\n  tree {}", provenance.zip, provenance.tree)
        }
        (None, _) => "an SDK of unknown origin".to_owned(),
    };
    if let Some(proof) = &provenance.database {
        let number = proof.proof.record_id;
        let size = proof.proof.tree_size;
        let _ = write!(text, "\n  in {} as record {number} of {size}", proof.database);
    }
    text
}

/// The differences by kind, kinds in the order of first appearance here.
fn grouped(differences: Vec<&Difference>) -> Vec<(&'static str, Vec<&Difference>)> {
    let mut groups: Vec<(&'static str, Vec<&Difference>)> = Vec::new();
    for difference in differences {
        let kind = kind(&difference.change);
        match groups.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, group)) => group.push(difference),
            None => groups.push((kind, vec![difference])),
        }
    }
    groups
}

/// The lines that name the files of a group: uncovered ones by directory, others by file.
fn named(group: &[&Difference]) -> Vec<String> {
    if group.iter().any(|difference| difference.change == Change::Uncovered) {
        let mut directories: BTreeMap<&str, usize> = BTreeMap::new();
        for difference in group {
            let directory = difference.file.split('/').next().unwrap_or_default();
            *directories.entry(directory).or_default() += 1;
        }
        return directories
            .iter()
            .map(|(name, n)| format!("{name}/ ({})", count(*n as u64, "file")))
            .collect();
    }
    let mut lines: Vec<String> =
        group.iter().take(SHOWN).flat_map(|difference| describe(difference)).collect();
    if group.len() > SHOWN {
        lines.push(format!("… and {} more; the JSON names all", group.len() - SHOWN));
    }
    lines
}

fn kind(change: &Change) -> &'static str {
    match change {
        Change::Uncovered => "not covered by the verified zip",
        Change::Added { .. } => "added files",
        Change::Missing => "missing files",
        Change::Executable { .. } => "changed executables",
        Change::Text { .. } => "changed texts",
        Change::Crlf { .. } => "texts with CRLF for LF, equal otherwise",
        Change::Data { .. } => "changed data files",
        Change::NotExecutable => "programs without run bit",
        Change::Link { .. } => "links",
        Change::Unreadable { .. } => "unreadable files",
    }
}

fn describe(difference: &Difference) -> Vec<String> {
    let named = |suffix: &str| {
        let room = (WIDTH - 4).saturating_sub(suffix.chars().count());
        format!("{}{suffix}", fit_end(&difference.file, room))
    };
    let file = named("");
    match &difference.change {
        Change::Uncovered | Change::Missing | Change::NotExecutable => vec![file],
        Change::Added { bytes } => vec![named(&format!(" ({})", count(*bytes, "byte")))],
        Change::Crlf { lines } => vec![named(&format!(" ({})", count(*lines, "line")))],
        Change::Link { target } => vec![named(&format!(" -> {}", fit(target, 40)))],
        Change::Unreadable { reason } => vec![file, format!("  {}", fit(reason, WIDTH - 6))],
        Change::Data { offset, sizes } => {
            vec![file, format!("  first at byte {offset}; {} bytes, expected {}", sizes.1, sizes.0)]
        }
        Change::Executable { offset, differing, sizes, section, build_info_differs } => {
            let section = section.as_ref().map(|name| format!(" in {name}")).unwrap_or_default();
            let info = match build_info_differs {
                Some(true) => "differs",
                Some(false) => "is equal",
                None => "cannot be read",
            };
            vec![
                file,
                format!("  {} changed, the first at {offset}{section};", count(*differing, "byte")),
                format!("  {} bytes, expected {}; build information {info}", sizes.1, sizes.0),
            ]
        }
        Change::Text { line, expected, found, lines } => vec![
            file,
            format!("  from line {line} on, {} for {}", count(lines.1, "line"), lines.0),
            format!("  - {}", shown(expected)),
            format!("  + {}", shown(found)),
        ],
    }
}

fn shown(line: &Option<String>) -> String {
    match line {
        Some(line) => fit(&line.escape_debug().to_string().replace("\\\"", "\""), WIDTH - 8),
        None => "(end of file)".to_owned(),
    }
}

/// `text` cut to `width` characters.
fn fit(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

/// The last `width` characters of `text`: the end of a path identifies it best.
fn fit_end(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    // A path is told apart by its end.
    let tail: String = text.chars().skip(length - width.saturating_sub(1)).collect();
    format!("…{tail}")
}

fn verdict(report: &ProofReport) -> String {
    let equal = report.equal;
    let refuting = report.differences.iter().filter(|difference| difference.refutes()).count();
    let other = report.differences.len() - refuting;
    let live = report.differences.iter().any(|d| d.refutes() && d.reach == Reach::Live);
    match report.status {
        Status::Proved => format!("PROVED: all {equal} files are equal."),
        Status::ProvedInPart => format!(
            "PROVED IN PART: {equal} files are equal, among them everything that go reads or\n\
             runs; {other} others are uncovered, added or missing."
        ),
        Status::Differs if live => format!(
            "NOT PROVED: {} where go reads or runs them; {equal} are equal.",
            count(refuting as u64, "difference")
        ),
        Status::Differs => format!(
            "NOT PROVED: {} in covered files; {equal} are equal.",
            count(refuting as u64, "difference")
        ),
    }
}

#[cfg(test)]
mod tests;
