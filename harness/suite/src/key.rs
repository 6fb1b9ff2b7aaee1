//! Reading tables key by key, so that a wrong value of one key does not hide those of others.

use crate::decode::{self, decode};
use crate::names;
use crate::node::{self, Node};
use crate::report::{Draft, Reporter, Spot};
use crate::subjects::Subjects;
use serde::de::DeserializeOwned;
use std::ops::Range;
use std::sync::Arc;
use twinproof_model::{
    Capability, EnvironmentKind, EnvironmentName, Requirement, RequirementError, glob_matches,
};

/// A file in which values are read.
pub(crate) struct Reader<'r> {
    pub(crate) file: Arc<str>,
    pub(crate) reporter: &'r mut Reporter,
    /// The subjects that cases may name.
    pub(crate) subjects: &'r Subjects,
}

impl Reader<'_> {
    pub(crate) fn spot(&self, span: Range<usize>) -> Spot {
        Spot::new(&self.file, span)
    }

    pub(crate) fn add(&mut self, draft: Draft) {
        self.reporter.add(draft);
    }

    /// A draft that points at a byte range of this file.
    pub(crate) fn draft(&self, code: &'static str, message: &str, span: Range<usize>) -> Draft {
        Draft::new(code, message, self.spot(span))
    }

    /// Reports keys that the table cannot have.
    pub(crate) fn known(&mut self, table: &Node<'_>, valid: &[&str], what: &str) {
        for key in node::table(table).into_iter().flat_map(|t| t.keys()) {
            if !valid.contains(&key.get_ref().as_ref()) {
                let spot = self.spot(key.span());
                self.reporter.add(decode::unknown_key(key.get_ref(), valid, what, spot));
            }
        }
    }

    /// The value of a key, where it is there and right.
    pub(crate) fn optional<T: DeserializeOwned>(
        &mut self,
        table: &Node<'_>,
        key: &str,
    ) -> Option<T> {
        decode(node::get(table, key)?, &self.file, self.reporter)
    }

    /// The value of a key that must be there.
    pub(crate) fn required<T: DeserializeOwned>(
        &mut self,
        table: &Node<'_>,
        key: &str,
    ) -> Option<T> {
        if node::get(table, key).is_none() {
            let message = format!("the key `{key}` is missing");
            let draft = self.draft("missing-key", &message, table.span());
            self.add(draft.label(format!("has no `{key}`")));
        }
        self.optional(table, key)
    }

    /// The elements of a list of tables; other values are reported.
    pub(crate) fn tables<'n, 'i>(&mut self, root: &'n Node<'i>, key: &str) -> &'n [Node<'i>] {
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
    pub(crate) fn filled(&mut self, table: &Node<'_>, keys: &[&str]) {
        for key in keys {
            if node::text(table, key).is_some_and(|t| t.trim().is_empty()) {
                let span = node::value_span(table, key);
                self.add(self.draft("empty-value", &format!("`{key}` is empty"), span));
            }
        }
    }

    /// Reports a list that has no element, or one twice.
    pub(crate) fn listed(&mut self, table: &Node<'_>, key: &str, may_be_empty: bool) {
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

    /// Reads requirements; the byte ranges of those that are wrong come second.
    pub(crate) fn requirements(
        &mut self,
        table: &Node<'_>,
        key: &str,
    ) -> (Vec<Requirement>, Vec<Range<usize>>) {
        let (mut read, mut wrong) = (Vec::new(), Vec::new());
        for (text, span) in node::texts(node::get(table, key)) {
            let draft = match text.parse() {
                Ok(requirement) => match self.unknown_feature(&requirement, &span) {
                    Some(draft) => draft,
                    None => {
                        read.push(requirement);
                        continue;
                    }
                },
                Err(RequirementError::Unknown(name)) => {
                    let message = format!("unknown capability `{name}`");
                    let draft = self
                        .draft("unknown-capability", &message, span.clone())
                        .label("no such capability");
                    let features = self.subjects.features.iter().map(|f| format!("feature:{f}"));
                    if name.starts_with("feature") {
                        let features: Vec<String> = features.collect();
                        draft.suggest(&name, features.iter().map(String::as_str), "features")
                    } else {
                        let all = Capability::ALL.map(|c| c.to_string());
                        draft.suggest(&name, all.iter().map(String::as_str), "capabilities")
                    }
                }
                Err(error @ RequirementError::Version(_)) => {
                    self.draft("bad-version", &error.to_string(), span.clone())
                }
            };
            self.add(draft);
            wrong.push(span);
        }
        (read, wrong)
    }

    /// The report of a feature that no subject declares.
    fn unknown_feature(&self, requirement: &Requirement, span: &Range<usize>) -> Option<Draft> {
        let (Requirement::Has(Capability::Feature(name))
        | Requirement::Lacks(Capability::Feature(name))) = requirement
        else {
            return None;
        };
        let features = &self.subjects.features;
        if features.contains(name) {
            return None;
        }
        let message = format!("unknown feature `{name}`");
        let draft = self.draft("unknown-feature", &message, span.clone());
        let valid = features.iter().map(String::as_str);
        Some(draft.label("no subject declares it").suggest(name, valid, "features"))
    }

    /// Reports a selector of environments that can select nothing.
    pub(crate) fn selector(&mut self, selector: &str, span: Range<usize>, images: &[String]) {
        if let Some(c) = pattern_mistake(selector) {
            let message = format!("`{c}` has no meaning in a pattern");
            let draft = self.draft("bad-pattern", &message, span);
            self.add(draft.help("`*` stands for any characters"));
            return;
        }
        let kinds = EnvironmentKind::ALL.map(EnvironmentKind::as_str);
        let wsl = selector
            .strip_prefix("wsl:")
            .is_some_and(|d| !d.is_empty() && !d.contains(['/', '\\']));
        // Read-only subjects are called by their host's name.
        let host = ["proxy:", "sumdb:"]
            .iter()
            .filter_map(|kind| selector.strip_prefix(kind))
            .any(|host| host.contains('.') && selector.parse::<EnvironmentName>().is_ok());
        let bare = ["image", "proxy", "sumdb"];
        let names: Vec<String> = kinds
            .iter()
            .filter(|kind| !bare.contains(kind))
            .map(|kind| (*kind).to_owned())
            .chain(images.iter().map(|image| format!("image:{image}")))
            .chain(self.subjects.names.iter().map(ToString::to_string))
            .collect();
        if wsl
            || host
            || bare.contains(&selector)
            || names.iter().any(|n| glob_matches(selector, n))
        {
            return;
        }
        let message = format!("unknown environment `{selector}`");
        let valid = names.iter().map(String::as_str).chain(bare);
        let draft = self.draft("unknown-environment", &message, span);
        self.add(draft.label("selects no environment").suggest(selector, valid, "environments"));
    }

    /// Reports the selectors of a list that can select nothing.
    pub(crate) fn selectors(&mut self, table: &Node<'_>, key: &str, images: &[String]) {
        for (selector, span) in node::texts(node::get(table, key)) {
            self.selector(selector, span, images);
        }
    }

    /// Reports a text that is no Go version.
    pub(crate) fn version(&mut self, table: &Node<'_>, key: &str) {
        let Some(version) = node::text(table, key) else { return };
        if !names::is_go_version(version) {
            let message = format!("`{version}` is no version of Go");
            let draft = self.draft("bad-version", &message, node::value_span(table, key));
            let bare = version.trim_start_matches("go");
            self.add(draft.help(if names::is_go_version(bare) {
                format!("write `{bare}`")
            } else {
                "write it like `1.27.3`, `1.27` or `1.28rc1`".to_owned()
            }));
        }
    }
}

/// A character that patterns of other tools have.
fn pattern_mistake(pattern: &str) -> Option<char> {
    crate::pattern::foreign_glob(pattern)
}
