//! What a rule found, and how it is put right.

use crate::rule::{Level, Rule};
use std::ops::Range;

/// A change of a file's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced, as offsets in the text.
    pub range: Range<usize>,
    /// What stands there then.
    pub with: String,
}

/// How a finding is put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as an order: `write \`true\``.
    pub title: String,
    /// The changes; none where only the encoding changes.
    pub edits: Vec<Edit>,
    /// Save as UTF-8 without a byte order mark.
    pub as_utf8: bool,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// How bad it is: the rule's, unless it is less here.
    pub level: Level,
    /// Index of the file among those that are checked.
    pub file: usize,
    /// Where, as offsets in the text.
    pub range: Range<usize>,
    /// What is wrong here.
    pub message: String,
    /// What becomes of it, where that is more exact than what the rule says.
    pub effect: Option<String>,
    /// How it is put right, where that is certain.
    pub fix: Option<Fix>,
}

impl Finding {
    /// What WSL, Go or the editor does with it.
    #[must_use]
    pub fn effect(&self) -> &str {
        self.effect.as_deref().unwrap_or(self.rule.effect)
    }

    /// Says more exactly what becomes of it.
    pub fn effect_is(&mut self, effect: impl Into<String>) -> &mut Self {
        self.effect = Some(effect.into());
        self
    }

    /// Makes it less bad than the rule says.
    pub fn only(&mut self, level: Level) -> &mut Self {
        self.level = level;
        self
    }

    /// Says how it is put right, by one replacement.
    pub fn replace(
        &mut self,
        title: impl Into<String>,
        range: Range<usize>,
        with: impl Into<String>,
    ) -> &mut Self {
        self.edits(title, vec![Edit::new(range, with)])
    }

    /// Says how it is put right.
    pub fn edits(&mut self, title: impl Into<String>, edits: Vec<Edit>) -> &mut Self {
        self.fix = Some(Fix { title: title.into(), edits, as_utf8: false });
        self
    }

    /// Says that it is put right by saving the file as UTF-8 without a mark.
    pub fn save_as_utf8(&mut self) -> &mut Self {
        let title = "save the file as UTF-8 without a byte order mark".to_owned();
        self.fix = Some(Fix { title, edits: Vec::new(), as_utf8: true });
        self
    }
}

impl Edit {
    /// A replacement.
    pub fn new(range: Range<usize>, with: impl Into<String>) -> Self {
        Self { range, with: with.into() }
    }
}

/// Where a rule puts what it finds.
pub struct Findings<'a> {
    pub(crate) rule: &'static Rule,
    pub(crate) file: usize,
    pub(crate) found: &'a mut Vec<Finding>,
}

impl Findings<'_> {
    /// Adds a finding in the file at hand.
    pub fn add(&mut self, range: Range<usize>, message: impl Into<String>) -> &mut Finding {
        self.add_in(self.file, range, message)
    }

    /// Adds a finding in another file.
    pub fn add_in(
        &mut self,
        file: usize,
        range: Range<usize>,
        message: impl Into<String>,
    ) -> &mut Finding {
        let (message, rule) = (message.into(), self.rule);
        let finding =
            Finding { rule, level: rule.level, file, range, message, effect: None, fix: None };
        let index = self.found.len();
        self.found.push(finding);
        &mut self.found[index]
    }
}
