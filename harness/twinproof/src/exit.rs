//! Prints failures, and defines the exit codes that this program shares with reports.

pub use twinproof_model::exit::{BROKEN, CONFORMANT, INVALID, NOT_CONFORMANT, NOT_KNOWN};

/// A command that came to no verdict.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The invocation or a suite is wrong.
    #[error("{0}")]
    Invalid(String),
    /// The harness, or a system under it, broke.
    #[error("{0}")]
    Broken(String),
}

impl Failure {
    /// A failure of the harness.
    pub fn broken(error: impl std::fmt::Display) -> Self {
        Self::Broken(error.to_string())
    }

    /// A wrong invocation.
    pub fn invalid(error: impl std::fmt::Display) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// Prints the error, and returns the exit code.
pub fn report(result: Result<u8, Failure>) -> u8 {
    match result {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("error: {failure}");
            match failure {
                Failure::Invalid(_) => INVALID,
                Failure::Broken(_) => BROKEN,
            }
        }
    }
}
