//! Parses text into a tree of values with their places.

use crate::node::{self, Node};
use crate::report::{Draft, Reporter, Spot};
use crate::text::SourceText;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Parses as much as can be. The second value is false when there are syntax errors: what is
/// missing or wrong in the tree may then only follow from them. Errors are reported.
pub fn parse<'i>(
    file: &Arc<str>,
    source: &'i SourceText,
    reporter: &mut Reporter,
) -> (Node<'i>, bool) {
    parse_with(file, source, reporter, |draft| draft)
}

/// [`parse`] with a change to each report of a syntax error, such as [`Draft::secret`] for files in
/// which people put secrets by mistake.
pub fn parse_with<'i>(
    file: &Arc<str>,
    source: &'i SourceText,
    reporter: &mut Reporter,
    change: impl Fn(Draft) -> Draft,
) -> (Node<'i>, bool) {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    let tree = Spanned::new(table.span(), DeValue::Table(table.into_inner()));
    let mut whole = true;
    for error in errors {
        let span = source.clamp(&error.span().unwrap_or(0..0));
        // The parser's message does not say where the first one stands, and that is what one needs
        // to see.
        if error.message() == "duplicate key" {
            let key = source.text[span.clone()].trim_matches(['"', '\'']);
            let message = format!("the key `{key}` is given twice");
            let draft = Draft::new("duplicate-key", message, Spot::new(file, span.clone()));
            let first = node::last_key_before(&tree, key, span.start);
            reporter.add(change(match first {
                Some(first) => draft.label("the second").other(Spot::new(file, first), "the first"),
                None => draft,
            }));
        } else {
            reporter.add(change(Draft::new("syntax", error.message(), Spot::new(file, span))));
            whole = false;
        }
    }
    (tree, whole)
}
