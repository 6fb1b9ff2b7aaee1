//! Why an environment or a tool is absent, and the remedy.

/// Why an environment is absent, and the command that would provide it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Absent {
    /// The missing thing, in words.
    pub detail: String,
    /// The one command (or setting) that would provide it.
    pub remedy: String,
}
