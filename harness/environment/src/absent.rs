//! That something is not there, and what would provide it.

/// Why an environment is absent, and the command that would provide it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Absent {
    /// What is missing.
    pub detail: String,
    /// The one command (or setting) that would provide it.
    pub remedy: String,
}
