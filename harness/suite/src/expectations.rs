//! Reads expectations: each must name an existing case and check, and have a reason, an owner and an
//! end.

use crate::control::unknown_step;
use crate::decode::decode_except;
use crate::key::{Reader, SuiteReader as _};
use crate::node::{self, Node};
use crate::pattern;
use std::collections::BTreeMap;
use twinproof_model::{Expectation, glob_matches};

/// Cases by `suite/id`, with the names of their steps.
pub(crate) type KnownCases = BTreeMap<String, Vec<Option<String>>>;

/// Reads a file of `expectations/`; with each, the byte range of its `case`.
pub(crate) fn read(
    root: &Node<'_>,
    cases: &KnownCases,
    images: &[String],
    reader: &mut Reader<'_>,
) -> Vec<(Expectation, std::ops::Range<usize>)> {
    reader.known(root, &["expectation"], "a file of expectations");
    let mut read = Vec::new();
    for table in reader.tables(root, "expectation") {
        reader.filled(table, &["reason", "link", "owner", "check", "subject"]);
        reader.listed(table, "environments", true);
        reader.listed(table, "when", true);
        reader.selectors(table, "environments", images);
        if let Some(c) = node::text(table, "subject").and_then(pattern::foreign_glob) {
            let message = format!("`{c}` has no meaning in a pattern");
            let draft = reader.draft("bad-pattern", &message, node::value_span(table, "subject"));
            reader.add(draft.help("`*` stands for any characters"));
        }
        names(table, cases, reader);
        let (_, wrong) = reader.requirements(table, "when");
        if let Some(expectation) = decode_except(table, &reader.file, &wrong, reader.reporter) {
            read.push((expectation, node::value_span(table, "case")));
        }
    }
    read
}

fn names(table: &Node<'_>, cases: &KnownCases, reader: &mut Reader<'_>) {
    let Some(case) = node::text(table, "case") else { return };
    let mut matching = cases.iter().filter(|(name, _)| glob_matches(case, name));
    let Some((_, steps)) = matching.next() else {
        let message = format!("unknown case `{case}`");
        let draft = reader.draft("unknown-case", &message, node::value_span(table, "case"));
        let draft = draft.suggest(case, cases.keys().map(String::as_str), "cases");
        reader.add(
            draft
                .label("no such case")
                .help("a case is written `SUITE/ID`; `*` stands for any characters"),
        );
        return;
    };
    let named: Vec<&str> = steps.iter().flatten().map(String::as_str).collect();
    // A case whose fixtures cannot be expanded has no known checks to compare names with. The cases that a
    // pattern matches are alike.
    if let Some(check) = node::text(table, "check").filter(|c| !c.is_empty() && !steps.is_empty())
        && let Some(step) = unknown_step(check, &named, steps.len())
    {
        let message = format!("the case has no step `{step}`");
        let draft = reader.draft("unknown-check", &message, node::value_span(table, "check"));
        let draft = draft.suggest(step, named.iter().copied(), "steps with a name");
        reader.add(draft.help("a check is written `STEP.WHAT`, like `install.stdout`"));
    }
}
