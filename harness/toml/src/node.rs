//! Ways through a parsed TOML tree, whose every node knows its place.

use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value with its place.
pub type Node<'i> = Spanned<DeValue<'i>>;

/// The value of a key.
#[must_use]
pub fn get<'n, 'i>(node: &'n Node<'i>, key: &str) -> Option<&'n Node<'i>> {
    node.get_ref().as_table()?.get(key)
}

/// The table that a node is.
#[must_use]
pub fn table<'n, 'i>(node: &'n Node<'i>) -> Option<&'n DeTable<'i>> {
    node.get_ref().as_table()
}

/// The elements of an array; none of anything else.
#[must_use]
pub fn elements<'n, 'i>(node: Option<&'n Node<'i>>) -> &'n [Node<'i>] {
    node.and_then(|n| n.get_ref().as_array()).map_or(&[], |a| a)
}

/// The texts of an array with their places; other elements are left out.
#[must_use]
pub fn texts<'n>(node: Option<&'n Node<'_>>) -> Vec<(&'n str, Range<usize>)> {
    elements(node).iter().filter_map(|n| Some((n.get_ref().as_str()?, n.span()))).collect()
}

/// The place of a key; that of the table when it has no such key.
#[must_use]
pub fn key_span(node: &Node<'_>, key: &str) -> Range<usize> {
    table(node).and_then(|t| t.get_key_value(key)).map_or_else(|| node.span(), |(k, _)| k.span())
}

/// The place of a key's value; that of the table when it has no such key.
#[must_use]
pub fn value_span(node: &Node<'_>, key: &str) -> Range<usize> {
    get(node, key).map_or_else(|| node.span(), Spanned::span)
}

/// The text of a key.
#[must_use]
pub fn text<'n>(node: &'n Node<'_>, key: &str) -> Option<&'n str> {
    get(node, key)?.get_ref().as_str()
}

/// The name of a value's type, for messages.
#[must_use]
pub fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The place of the last key of that name before an offset.
#[must_use]
pub fn last_key_before(node: &Node<'_>, key: &str, offset: usize) -> Option<Range<usize>> {
    let below = |n: &Node<'_>| last_key_before(n, key, offset);
    match node.get_ref() {
        DeValue::Array(list) => list.iter().filter_map(below).max_by_key(|s| s.start),
        DeValue::Table(table) => table
            .iter()
            .flat_map(|(k, v)| {
                let own = (k.get_ref() == key && k.span().start < offset).then(|| k.span());
                own.into_iter().chain(below(v))
            })
            .max_by_key(|s| s.start),
        _ => None,
    }
}
