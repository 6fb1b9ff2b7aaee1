//! The registries beside the suites: claims, classes, normalisers and floors.

use crate::decode::{decode, decode_except};
use crate::key::{Reader, SuiteReader as _};
use crate::names;
use crate::node::{self, Node};
use crate::report::Spot;
use std::collections::BTreeMap;
use std::ops::Range;
use twinproof_model::variables::BUILT_IN;
use twinproof_model::{Claim, Class, DocumentVerdict, Floor, Normaliser};
use twinproof_steps::lint;

/// A value and where its name is written.
pub(crate) type Sited<T> = (T, Spot);

/// Reports a name that an earlier entry has; notes it otherwise.
fn unique(
    seen: &mut BTreeMap<String, Range<usize>>,
    table: &Node<'_>,
    key: &str,
    what: &str,
    reader: &mut Reader<'_>,
) {
    let Some(name) = node::text(table, key) else { return };
    let span = node::value_span(table, key);
    if let Some(first) = seen.insert(name.to_owned(), span.clone()) {
        let message = format!("two {what} have the {key} `{name}`");
        let draft = reader.draft("duplicate-id", &message, span);
        let spot = reader.spot(first);
        reader.add(draft.label("the second").other(spot, "the first"));
    }
}

/// Reads `claims.toml`. Ids are kept even of claims that have mistakes.
pub(crate) fn claims(root: &Node<'_>, reader: &mut Reader<'_>) -> Vec<Sited<Claim>> {
    reader.known(root, &["claim"], "the registry of claims");
    let mut seen = BTreeMap::new();
    let mut claims = Vec::new();
    for table in reader.tables(root, "claim") {
        let Some(claim) = decode::<Claim>(table, &reader.file, reader.reporter) else { continue };
        unique(&mut seen, table, "id", "claims", reader);
        reader.filled(table, &["statement", "truth", "reference", "suite"]);
        if claim.source.as_ref().is_some_and(|source| !source.starts_with("https://")) {
            let draft = reader.draft(
                "bad-source",
                "a source is an address",
                node::value_span(table, "source"),
            );
            reader.add(draft.help("write one that begins with `https://`"));
        }
        // An id that is missing or no text has been reported by `decode`.
        if node::text(table, "id").is_some() && !names::is_claim_id(&claim.id) {
            let message = format!("`{}` is no claim's id", claim.id.escape_debug());
            let draft = reader.draft("bad-id", &message, node::value_span(table, "id"));
            reader.add(draft.help("write capitals, `-` and two to four digits, like `PATH-001`"));
        }
        if !claim.suite.is_empty() && !names::is_slug(&claim.suite) {
            let message = format!("`{}` is no suite's name", claim.suite.escape_debug());
            reader.add(reader.draft("bad-name", &message, node::value_span(table, "suite")));
        }
        document(&claim, table, reader);
        claims.push((claim, reader.spot(node::value_span(table, "id"))));
    }
    claims
}

fn document(claim: &Claim, table: &Node<'_>, reader: &mut Reader<'_>) {
    let source = claim.id.starts_with("SRC-");
    match claim.document {
        Some(_) if !source => {
            let message = "only a claim of the source document has a `document` verdict";
            let draft = reader.draft("claim-document", message, node::key_span(table, "document"));
            reader.add(draft.help("remove it, or give the claim a `SRC-…` id"));
        }
        // Cases must not assert what is refuted, so they need to know what is true instead.
        Some(DocumentVerdict::Refuted | DocumentVerdict::Imprecise) if claim.truth.is_none() => {
            let message = "the claim does not say what is true instead";
            let draft = reader.draft("claim-truth", message, node::value_span(table, "document"));
            reader.add(draft.help("give `truth`: cases assert it"));
        }
        _ => {}
    }
}

/// Reads `classes.toml`.
pub(crate) fn classes(
    root: &Node<'_>,
    images: &[String],
    reader: &mut Reader<'_>,
) -> Vec<Sited<Class>> {
    reader.known(root, &["class"], "the list of classes");
    let mut seen = BTreeMap::new();
    let mut classes = Vec::new();
    for table in reader.tables(root, "class") {
        unique(&mut seen, table, "name", "classes", reader);
        slug(table, "class", reader);
        reader.filled(table, &["reason"]);
        reader.listed(table, "environments", false);
        reader.listed(table, "when", true);
        reader.selectors(table, "environments", images);
        let (_, wrong) = reader.requirements(table, "when");
        if let Some(class) = decode_except(table, &reader.file, &wrong, reader.reporter) {
            classes.push((class, reader.spot(node::value_span(table, "name"))));
        }
    }
    classes
}

fn slug(table: &Node<'_>, what: &str, reader: &mut Reader<'_>) {
    if let Some(name) = node::text(table, "name").filter(|n| !names::is_slug(n)) {
        let message = format!("`{}` is no {what}'s name", name.escape_debug());
        let draft = reader.draft("bad-name", &message, node::value_span(table, "name"));
        reader.add(draft.help("write lower-case words joined by `-`"));
    }
}

/// Reads `normalisers.toml`.
pub(crate) fn normalisers(root: &Node<'_>, reader: &mut Reader<'_>) -> Vec<Sited<Normaliser>> {
    reader.known(root, &["normaliser"], "the list of normalisers");
    let mut seen = BTreeMap::new();
    let mut normalisers = Vec::new();
    for table in reader.tables(root, "normaliser") {
        unique(&mut seen, table, "name", "normalisers", reader);
        slug(table, "normaliser", reader);
        reader.filled(table, &["reason", "variable", "regex"]);
        let Some(normaliser) = decode::<Normaliser>(table, &reader.file, reader.reporter) else {
            continue;
        };
        replaced(table, reader);
        normalisers.push((normaliser, reader.spot(node::value_span(table, "name"))));
    }
    normalisers
}

/// Checks a normaliser's pattern and its replacement.
fn replaced(table: &Node<'_>, reader: &mut Reader<'_>) {
    match (node::get(table, "variable"), node::get(table, "regex")) {
        (Some(variable), None) => {
            let Some(name) = variable.get_ref().as_str() else { return };
            // Captured values differ from case to case; a normaliser is shared, so it can use only
            // what every run has.
            if BUILT_IN.iter().all(|(built_in, _)| *built_in != name) && !name.is_empty() {
                let message = format!("unknown variable `{name}`");
                let draft = reader.draft("unknown-variable", &message, variable.span());
                reader.add(draft.suggest(name, BUILT_IN.map(|(name, _)| name), "variables"));
            }
        }
        (None, Some(found)) => {
            let Some(text) = found.get_ref().as_str() else { return };
            let groups = lint::regex(text, &found.span(), reader);
            // The crate `regex` replaces by nothing where a group is unknown, and says nothing.
            let highest = node::text(table, "replace").map_or(0, highest_group);
            if let Some(count) = groups.filter(|count| highest > *count) {
                let message = format!("`${highest}` stands for a group that is not there");
                let draft =
                    reader.draft("unknown-group", &message, node::value_span(table, "replace"));
                reader.add(draft.help(format!(
                    "the regular expression has {}",
                    names::count(count as u64, "group")
                )));
            }
        }
        (there, _) => {
            let both = there.is_some();
            let (message, span) = if both {
                (
                    "a normaliser replaces a variable or a pattern, not both",
                    node::key_span(table, "variable"),
                )
            } else {
                ("the normaliser does not say what it replaces", table.span())
            };
            let draft = reader.draft("normaliser-content", message, span);
            reader.add(draft.help("give either `variable` or `regex`"));
        }
    }
}

/// The highest `$N` of a replacement.
fn highest_group(replace: &str) -> usize {
    let after = replace.split('$').skip(1);
    let number = |part: &str| {
        let part = part.trim_start_matches('{');
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        part[..digits].parse().ok()
    };
    after.filter_map(number).max().unwrap_or(0)
}

/// Reads `floors.toml`; `suites` are names and numbers of cases.
pub(crate) fn floors(
    root: &Node<'_>,
    suites: &BTreeMap<String, usize>,
    images: &[String],
    reader: &mut Reader<'_>,
) -> Vec<Floor> {
    reader.known(root, &["floor"], "the list of floors");
    let mut seen: BTreeMap<(String, String), Range<usize>> = BTreeMap::new();
    let mut floors = Vec::new();
    for table in reader.tables(root, "floor") {
        let Some(floor) = decode::<Floor>(table, &reader.file, reader.reporter) else { continue };
        if let Some(suite) = node::text(table, "suite") {
            let span = node::value_span(table, "suite");
            match suites.get(suite) {
                None => {
                    let draft =
                        reader.draft("unknown-suite", &format!("unknown suite `{suite}`"), span);
                    reader.add(draft.suggest(suite, suites.keys().map(String::as_str), "suites"));
                }
                // Such a floor could never be met, and every run would end with 2, not known.
                Some(count) if floor.pass > *count as u64 => {
                    let message = format!(
                        "the suite has {}, {} cannot pass",
                        names::count(*count as u64, "case"),
                        floor.pass
                    );
                    reader.add(reader.draft(
                        "floor-too-high",
                        &message,
                        node::value_span(table, "pass"),
                    ));
                }
                Some(_) => {}
            }
        }
        if let Some(selector) = node::text(table, "environment") {
            reader.selector(selector, node::value_span(table, "environment"), images);
        }
        let key = (floor.suite.clone(), floor.environment.clone());
        if let Some(first) = seen.insert(key, table.span()) {
            let message = "a suite has two floors for one environment";
            let draft = reader.draft("duplicate-id", message, table.span());
            let spot = reader.spot(first);
            reader.add(draft.label("the second").other(spot, "the first"));
        }
        floors.push(floor);
    }
    floors
}

#[cfg(test)]
mod tests {
    use super::highest_group;

    #[test]
    fn groups_of_replacements() {
        assert_eq!(highest_group("a$1b${3}$2"), 3);
        assert_eq!(highest_group("$x $"), 0);
    }
}
