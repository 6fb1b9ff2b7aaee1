//! Absence of an environment or a tool, with the remedy.

/// The reason why an environment is absent, and the command that would provide it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Absent {
    /// The missing thing, in words.
    pub detail: String,
    /// The one command (or setting) that would provide it.
    pub remedy: String,
}
