//! Reading tables key by key, so that a wrong value of one key does not hide those of others.

use crate::decode::decode;
use crate::node::{self, Node};
use crate::report::{Draft, Reporter, Spot, unknown_key};
use serde::de::DeserializeOwned;
use std::ops::Range;
use std::sync::Arc;

/// A file in which values are read; `C` is what its readers know of the world besides.
pub struct Reader<'r, C = ()> {
    /// The file's name.
    pub file: Arc<str>,
    /// Collects the mistakes.
    pub reporter: &'r mut Reporter,
    /// The names that the file may refer to.
    pub context: C,
}

impl<C> Reader<'_, C> {
    /// A byte range of this file.
    #[must_use]
    pub fn spot(&self, span: Range<usize>) -> Spot {
        Spot::new(&self.file, span)
    }

    /// Adds a mistake.
    pub fn add(&mut self, draft: Draft) {
        self.reporter.add(draft);
    }

    /// A draft that points at a byte range of this file.
    #[must_use]
    pub fn draft(&self, code: &'static str, message: &str, span: Range<usize>) -> Draft {
        Draft::new(code, message, self.spot(span))
    }

    /// Reports keys that the table cannot have.
    pub fn known(&mut self, table: &Node<'_>, valid: &[&str], what: &str) {
        for key in node::table(table).into_iter().flat_map(|t| t.keys()) {
            if !valid.contains(&key.get_ref().as_ref()) {
                let spot = self.spot(key.span());
                self.reporter.add(unknown_key(key.get_ref(), valid, what, spot));
            }
        }
    }

    /// The value of a key, where it is there and right.
    pub fn optional<T: DeserializeOwned>(&mut self, table: &Node<'_>, key: &str) -> Option<T> {
        decode(node::get(table, key)?, &self.file, self.reporter)
    }

    /// The value of a key that must be there.
    pub fn required<T: DeserializeOwned>(&mut self, table: &Node<'_>, key: &str) -> Option<T> {
        if node::get(table, key).is_none() {
            let message = format!("the key `{key}` is missing");
            let draft = self.draft("missing-key", &message, table.span());
            self.add(draft.label(format!("has no `{key}`")));
        }
        self.optional(table, key)
    }

    /// The elements of a list of tables; other values are reported.
    pub fn tables<'n, 'i>(&mut self, root: &'n Node<'i>, key: &str) -> &'n [Node<'i>] {
        let Some(found) = node::get(root, key) else { return &[] };
        if !found.get_ref().is_array() {
            let spot = self.spot(found.span());
            let what = node::describe(found.get_ref());
            self.add(
                Draft::new("wrong-type", format!("expected a list of tables, found {what}"), spot)
                    .help(format!("write `[[{key}]]`")),
            );
        }
        node::elements(Some(found))
    }

    /// Reports texts that are empty or have nothing but space.
    pub fn filled(&mut self, table: &Node<'_>, keys: &[&str]) {
        for key in keys {
            if node::text(table, key).is_some_and(|t| t.trim().is_empty()) {
                let span = node::value_span(table, key);
                self.add(self.draft("empty-value", &format!("`{key}` is empty"), span));
            }
        }
    }

    /// Reports a list that has no element, or one twice.
    pub fn listed(&mut self, table: &Node<'_>, key: &str, may_be_empty: bool) {
        let Some(list) = node::get(table, key).filter(|n| n.get_ref().is_array()) else { return };
        if node::elements(Some(list)).is_empty() && !may_be_empty {
            self.add(self.draft("empty-list", &format!("`{key}` is empty"), list.span()));
        }
        let mut seen = std::collections::BTreeMap::new();
        for (text, span) in node::texts(Some(list)) {
            if let Some(first) = seen.insert(text, span.clone()) {
                let draft =
                    self.draft("duplicate-value", &format!("`{text}` is listed twice"), span);
                let spot = self.spot(first);
                self.add(draft.other(spot, "first here"));
            }
        }
    }
}
