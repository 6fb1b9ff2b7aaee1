//! What a rule is. Each is declared once, in a file of its topic below `rules`.

use crate::document::Document;
use crate::finding::Findings;
use crate::set::Set;

/// How bad a finding is.
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

/// How a rule looks for what it is about.
#[derive(Clone, Copy, Debug)]
pub enum Check {
    /// At each file alone.
    File(fn(&Document, &mut Findings<'_>)),
    /// At all files together.
    All(fn(&Set, &mut Findings<'_>)),
    /// Not at all: what it is about is right, and kept as an example in which nothing may be found.
    Silent,
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its number, `CONF-001`.
    pub id: &'static str,
    /// How bad it is, at most.
    pub level: Level,
    /// What is wrong, in general.
    pub title: &'static str,
    /// What becomes of it.
    pub effect: &'static str,
    /// What to do.
    pub advice: &'static str,
    /// Claims of the source document that it is about.
    pub claims: &'static [&'static str],
    /// How it looks.
    pub check: Check,
    /// Files in which it finds something.
    pub bad: Files,
    /// The same, put right: nothing is found by it.
    pub good: Files,
}
