//! Readers for the values that only suite files have: requirements, selectors of environments, versions.

use crate::node::{self, Node};
use crate::report::Draft;
use crate::subjects::Subjects;
use std::ops::Range;
use twinproof_model::{
    Capability, EnvironmentKind, EnvironmentName, Requirement, RequirementError, glob_matches,
};

/// A suite file in which values are read; its context are the subjects that cases may name.
pub(crate) type Reader<'r> = twinproof_toml::Reader<'r, &'r Subjects>;

/// Reads values that only suite files have.
pub(crate) trait SuiteReader {
    /// Reads requirements; the byte ranges of those that are wrong come second.
    fn requirements(
        &mut self,
        table: &Node<'_>,
        key: &str,
    ) -> (Vec<Requirement>, Vec<Range<usize>>);

    /// Reports a selector of environments that can select nothing.
    fn selector(&mut self, selector: &str, span: Range<usize>, images: &[String]);

    /// Reports the selectors of a list that can select nothing.
    fn selectors(&mut self, table: &Node<'_>, key: &str, images: &[String]);
}

impl SuiteReader for Reader<'_> {
    fn requirements(
        &mut self,
        table: &Node<'_>,
        key: &str,
    ) -> (Vec<Requirement>, Vec<Range<usize>>) {
        let (mut read, mut wrong) = (Vec::new(), Vec::new());
        for (text, span) in node::texts(node::get(table, key)) {
            let draft = match text.parse() {
                Ok(requirement) => match unknown_feature(self, &requirement, &span) {
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
                    let features = self.context.features.iter().map(|f| format!("feature:{f}"));
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
            // So that the value, which has been reported, is not decoded and reported once more.
            wrong.push(span);
        }
        (read, wrong)
    }

    fn selector(&mut self, selector: &str, span: Range<usize>, images: &[String]) {
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
            .chain(self.context.names.iter().map(ToString::to_string))
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

    fn selectors(&mut self, table: &Node<'_>, key: &str, images: &[String]) {
        for (selector, span) in node::texts(node::get(table, key)) {
            self.selector(selector, span, images);
        }
    }
}

/// The report of a feature that no subject declares.
fn unknown_feature(
    reader: &Reader<'_>,
    requirement: &Requirement,
    span: &Range<usize>,
) -> Option<Draft> {
    let (Requirement::Has(Capability::Feature(name))
    | Requirement::Lacks(Capability::Feature(name))) = requirement
    else {
        return None;
    };
    let features = &reader.context.features;
    if features.contains(name) {
        return None;
    }
    let message = format!("unknown feature `{name}`");
    let draft = reader.draft("unknown-feature", &message, span.clone());
    let valid = features.iter().map(String::as_str);
    Some(draft.label("no subject declares it").suggest(name, valid, "features"))
}

/// A character that patterns of other tools have.
fn pattern_mistake(pattern: &str) -> Option<char> {
    crate::pattern::foreign_glob(pattern)
}
