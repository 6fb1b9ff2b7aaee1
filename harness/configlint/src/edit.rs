//! Fixes: changes to a file that remove a finding.

use std::ops::Range;

/// A change of a file's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Byte range in the text that is replaced.
    pub range: Range<usize>,
    /// Replacement text.
    pub with: String,
}

impl Edit {
    /// A replacement.
    pub fn new(range: Range<usize>, with: impl Into<String>) -> Self {
        Self { range, with: with.into() }
    }
}

/// A fix of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// Title in the imperative: `write \`true\``.
    pub title: String,
    /// The changes; none where only the encoding changes.
    pub edits: Vec<Edit>,
    /// Save as UTF-8 without a byte order mark.
    pub as_utf8: bool,
}
