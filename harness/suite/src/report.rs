//! Where mistakes are collected while files are read.

use crate::diagnostic::{Diagnostic, Place};
use crate::names;
use crate::text::SourceText;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A byte range of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) file: Arc<str>,
    pub(crate) span: Range<usize>,
}

impl Ord for Spot {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let key = |spot: &Self| (spot.span.start, spot.span.end);
        self.file.cmp(&other.file).then_with(|| key(self).cmp(&key(other)))
    }
}

impl PartialOrd for Spot {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Spot {
    pub(crate) fn new(file: &Arc<str>, span: Range<usize>) -> Self {
        Self { file: Arc::clone(file), span }
    }
}

/// A mistake before its place is worked out.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    code: &'static str,
    message: String,
    spot: Spot,
    label: String,
    others: Vec<(Spot, String)>,
    help: Vec<String>,
}

impl Draft {
    pub(crate) fn new(code: &'static str, message: impl Into<String>, spot: Spot) -> Self {
        let (label, others, help) = (String::new(), Vec::new(), Vec::new());
        Self { code, message: message.into(), spot, label, others, help }
    }

    pub(crate) fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub(crate) fn other(mut self, spot: Spot, label: impl Into<String>) -> Self {
        self.others.push((spot, label.into()));
        self
    }

    /// Whether a valid name is near to the one that is wrong.
    pub(crate) fn has_suggestion(&self) -> bool {
        self.help.iter().any(|help| help.starts_with(names::SUGGESTION))
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Names what was probably meant among the valid names.
    pub(crate) fn suggest<'n>(
        mut self,
        found: &str,
        valid: impl IntoIterator<Item = &'n str>,
        what: &str,
    ) -> Self {
        self.help.extend(names::suggest(found, valid, what));
        self
    }
}

/// All mistakes found so far, and the texts that they point into.
#[derive(Debug, Default)]
pub(crate) struct Reporter {
    pub(crate) sources: Arc<BTreeMap<String, SourceText>>,
    found: Vec<Diagnostic>,
}

impl Reporter {
    pub(crate) fn new(sources: Arc<BTreeMap<String, SourceText>>) -> Self {
        Self { sources, found: Vec::new() }
    }

    pub(crate) fn add(&mut self, draft: Draft) {
        let place = self.place(&draft.spot, draft.label);
        let others = draft.others.into_iter().map(|(s, label)| self.place(&s, label)).collect();
        let Draft { code, message, help, .. } = draft;
        self.found.push(Diagnostic { place, code, message, others, help });
    }

    pub(crate) fn count(&self) -> usize {
        self.found.len()
    }

    pub(crate) fn found(&self) -> &[Diagnostic] {
        &self.found
    }

    pub(crate) fn into_found(self) -> Vec<Diagnostic> {
        self.found
    }

    fn place(&self, spot: &Spot, label: String) -> Place {
        place(&self.sources, spot, label)
    }
}

/// Line and column of a spot; 0 where the file's text is not known.
pub(crate) fn place(sources: &BTreeMap<String, SourceText>, spot: &Spot, label: String) -> Place {
    let file = spot.file.to_string();
    match sources.get(&*file) {
        Some(source) => {
            let span = source.clamp(&spot.span);
            let (line, column) = source.position(span.start);
            Place { file, line, column, start: span.start, end: span.end, label }
        }
        None => Place { file, line: 0, column: 0, start: 0, end: 0, label },
    }
}
