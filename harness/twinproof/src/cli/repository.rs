//! The repository that a command runs in.

use std::path::PathBuf;

/// The repository that a command runs in, where it does.
#[derive(Clone, Debug, Default)]
pub struct Repository {
    /// Its top folder.
    pub root: Option<PathBuf>,
    /// Its commit, `+changes` after it where files differ from it.
    pub commit: Option<String>,
}

impl Repository {
    /// No repository: suites and goldens are those built into the program.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }
}
