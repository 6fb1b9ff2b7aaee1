//! Rules and findings. Each rule is declared once, in the file of its topic below `rules`.

use crate::document::Document;
use crate::edit::{Edit, Fix};
use crate::set::Set;
use std::ops::Range;

/// Severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth knowing; does not count.
    Note,
    /// Does something else than it seems to, or will some day.
    Warning,
    /// Does not do what it is there for.
    Error,
}

impl Level {
    /// The word for it, which SARIF uses as well.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Names and texts of files, as examples. ` -> target` behind a name makes it a symbolic link.
pub type Files = &'static [(&'static str, &'static str)];

/// The function by which a rule finds mistakes.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// At each file alone.
    File(fn(&Document, &mut Findings<'_>)),
    /// At all files together.
    All(fn(&Set, &mut Findings<'_>)),
    /// Not at all: the rule documents something that is right, with an example that must give no
    /// finding.
    Silent,
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Identifier, such as `CONF-001`.
    pub id: &'static str,
    /// Highest severity of its findings.
    pub level: Level,
    /// General description of the mistake.
    pub title: &'static str,
    /// Effect of the mistake at run time.
    pub effect: &'static str,
    /// Advice for correcting it.
    pub advice: &'static str,
    /// Claims of the source document that it is about.
    pub claims: &'static [&'static str],
    /// The function that finds mistakes.
    pub check: Check,
    /// Files in which it finds something.
    pub bad: Files,
    /// The same, put right: nothing is found by it.
    pub good: Files,
}

/// A mistake that a rule found.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// Severity: the rule's, or a lower one.
    pub level: Level,
    /// Index of the file among those that are checked.
    pub file: usize,
    /// Byte range of the mistake in the text.
    pub range: Range<usize>,
    /// Message for this place.
    pub message: String,
    /// Effect at this place, if it is more exact than the rule's.
    pub effect: Option<String>,
    /// Automatic fix, if one is certain to be right.
    pub fix: Option<Fix>,
}

impl Finding {
    /// Effect in WSL, Go or the editor.
    #[must_use]
    pub fn effect(&self) -> &str {
        self.effect.as_deref().unwrap_or(self.rule.effect)
    }

    /// Replaces the rule's effect by a more exact one.
    pub fn effect_is(&mut self, effect: impl Into<String>) -> &mut Self {
        self.effect = Some(effect.into());
        self
    }

    /// Lowers the severity.
    pub fn only(&mut self, level: Level) -> &mut Self {
        self.level = level;
        self
    }

    /// Adds a fix by one replacement.
    pub fn replace(
        &mut self,
        title: impl Into<String>,
        range: Range<usize>,
        with: impl Into<String>,
    ) -> &mut Self {
        self.edits(title, vec![Edit::new(range, with)])
    }

    /// Adds a fix.
    pub fn edits(&mut self, title: impl Into<String>, edits: Vec<Edit>) -> &mut Self {
        self.fix = Some(Fix { title: title.into(), edits, as_utf8: false });
        self
    }

    /// Adds a fix that saves the file as UTF-8 without a mark.
    pub fn save_as_utf8(&mut self) -> &mut Self {
        let title = "save the file as UTF-8 without a byte order mark".to_owned();
        self.fix = Some(Fix { title, edits: Vec::new(), as_utf8: true });
        self
    }
}

/// Most findings of a rule in one look: at a file, or at all files together.
// Limit the findings of a rule: a file of a million equal mistakes is one mistake, and nobody reads on.
const FINDINGS_MAX: usize = 1000;

/// Collects the findings of a rule.
pub struct Findings<'a> {
    rule: &'static Rule,
    file: usize,
    found: &'a mut Vec<Finding>,
    /// Number of findings that it may still add.
    left: usize,
    /// The last one that is over.
    over: Option<Finding>,
}

impl<'a> Findings<'a> {
    /// A collector for findings of this rule, in this file where the rule names no other.
    pub(crate) fn new(rule: &'static Rule, file: usize, found: &'a mut Vec<Finding>) -> Self {
        Self { rule, file, found, left: FINDINGS_MAX, over: None }
    }
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
        let Some(left) = self.left.checked_sub(1) else {
            return self.over.insert(finding);
        };
        self.left = left;
        let index = self.found.len();
        self.found.push(finding);
        &mut self.found[index]
    }
}
