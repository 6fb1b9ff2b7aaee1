//! Diagnostics: mistakes in a file and their places, as plain data without any formatting.

use crate::text::SourceText;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Location {
    /// The file, as it was named to the reader.
    pub file: String,
    /// Line, from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// Column, from 1, in characters; 0 when the file as a whole is meant.
    pub column: usize,
    /// Byte offset of the first byte.
    pub start: usize,
    /// Byte offset after the last byte.
    pub end: usize,
    /// The label of this place; may be empty.
    pub label: String,
}

/// A mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Diagnostic {
    /// The place to change.
    pub place: Location,
    /// The code of the mistake, kebab-case. It does not change between releases.
    pub code: &'static str,
    /// The mistake, in one sentence without a full stop.
    pub message: String,
    /// Other places that explain it.
    pub others: Vec<Location>,
    /// The remedies.
    pub help: Vec<String>,
    /// Whether the text at this place may be a secret and must not be shown.
    #[serde(skip)]
    pub secret: bool,
}

/// All mistakes of all files, by file and position.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
    #[serde(skip)]
    pub(crate) sources: Arc<BTreeMap<String, SourceText>>,
}

impl Diagnostics {
    /// Sorts mistakes, once each; `sources` are the texts they point into.
    #[must_use]
    pub fn new(mut items: Vec<Diagnostic>, sources: Arc<BTreeMap<String, SourceText>>) -> Self {
        items.sort();
        items.dedup();
        Self { items, sources }
    }

    /// The mistakes, sorted by file and position.
    #[must_use]
    pub fn items(&self) -> &[Diagnostic] {
        &self.items
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl std::fmt::Display for Diagnostics {
    /// The rendering without colour.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}
