//! Collects mistakes while files are read.

use crate::diagnostic::{Diagnostic, Location};
use crate::names;
use crate::text::SourceText;
use crate::vocabulary::Vocabulary;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// A byte range of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The file.
    pub file: Arc<str>,
    /// The bytes.
    pub span: Range<usize>,
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
    /// A range of bytes of a file.
    #[must_use]
    pub fn new(file: &Arc<str>, span: Range<usize>) -> Self {
        Self { file: Arc::clone(file), span }
    }
}

/// A mistake before its place is worked out.
#[derive(Clone, Debug)]
pub struct Draft {
    code: &'static str,
    secret: bool,
    message: String,
    spot: Spot,
    label: String,
    others: Vec<(Spot, String)>,
    help: Vec<String>,
}

impl Draft {
    /// A mistake of a kind (kebab-case, stable) at a place.
    pub fn new(code: &'static str, message: impl Into<String>, spot: Spot) -> Self {
        let (label, others, help) = (String::new(), Vec::new(), Vec::new());
        Self { code, secret: false, message: message.into(), spot, label, others, help }
    }

    /// The text at this place may be a secret: only the place is printed.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Sets the label of the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Another place that explains it.
    #[must_use]
    pub fn other(mut self, spot: Spot, label: impl Into<String>) -> Self {
        self.others.push((spot, label.into()));
        self
    }

    /// Whether a valid name is similar to the wrong one.
    #[must_use]
    pub fn has_suggestion(&self) -> bool {
        self.help.iter().any(|help| help.starts_with(names::SUGGESTION))
    }

    /// Adds a remedy.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Names what was probably meant among the valid names.
    #[must_use]
    pub fn suggest<'n>(
        mut self,
        found: &str,
        valid: impl IntoIterator<Item = &'n str>,
        what: &str,
    ) -> Self {
        self.help.extend(names::suggest(found, valid, what));
        self
    }
}

/// The report of a key that a table cannot have.
#[must_use]
pub fn unknown_key(found: &str, valid: &[&str], what: &str, spot: Spot) -> Draft {
    Draft::new("unknown-key", format!("unknown key `{found}` in {what}"), spot)
        .label("not a key of this table")
        .suggest(found, valid.iter().copied(), "keys")
}

/// All mistakes found so far, and the texts that they point into.
#[derive(Debug)]
pub struct Reporter {
    /// The texts, by the names of their files.
    pub sources: Arc<BTreeMap<String, SourceText>>,
    vocabulary: &'static Vocabulary,
    found: Vec<Diagnostic>,
}

impl Reporter {
    /// A reporter without mistakes.
    #[must_use]
    pub fn new(sources: Arc<BTreeMap<String, SourceText>>) -> Self {
        Self { sources, vocabulary: Vocabulary::PLAIN, found: Vec::new() }
    }

    /// With other words for types than the plain ones.
    #[must_use]
    pub fn with_vocabulary(mut self, vocabulary: &'static Vocabulary) -> Self {
        self.vocabulary = vocabulary;
        self
    }

    /// The words for types.
    #[must_use]
    pub fn vocabulary(&self) -> &'static Vocabulary {
        self.vocabulary
    }

    /// Adds a mistake.
    pub fn add(&mut self, draft: Draft) {
        let place = self.place(&draft.spot, draft.label);
        let others = draft.others.into_iter().map(|(s, label)| self.place(&s, label)).collect();
        let Draft { code, secret, message, help, .. } = draft;
        self.found.push(Diagnostic { place, code, message, others, help, secret });
    }

    /// Number of mistakes so far.
    #[must_use]
    pub fn count(&self) -> usize {
        self.found.len()
    }

    /// The mistakes, in the order in which they were found.
    #[must_use]
    pub fn found(&self) -> &[Diagnostic] {
        &self.found
    }

    /// Consumes the reporter and returns its mistakes, sorted.
    #[must_use]
    pub fn into_found(self) -> Vec<Diagnostic> {
        self.found
    }

    fn place(&self, spot: &Spot, label: String) -> Location {
        place(&self.sources, spot, label)
    }
}

/// Line and column of a spot; 0 where the file's text is not known.
#[must_use]
pub fn place(sources: &BTreeMap<String, SourceText>, spot: &Spot, label: String) -> Location {
    let file = spot.file.to_string();
    match sources.get(&*file) {
        Some(source) => {
            let span = source.clamp(&spot.span);
            let (line, column) = source.position(span.start);
            Location { file, line, column, start: span.start, end: span.end, label }
        }
        None => Location { file, line: 0, column: 0, start: 0, end: 0, label },
    }
}
