//! Exit codes, and how a failure is told.

/// The subject conforms.
pub const CONFORMANT: u8 = 0;
/// It does not.
pub const NOT_CONFORMANT: u8 = 1;
/// It is not known: a floor is not met, a leg is missing.
pub const NOT_KNOWN: u8 = 2;
/// The invocation or a suite is wrong.
pub const INVALID: u8 = 254;
/// The harness broke.
pub const BROKEN: u8 = 255;

/// A command that came to no verdict.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The invocation or a suite is wrong.
    #[error("{0}")]
    Invalid(String),
    /// The harness, or what it stands on, broke.
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

/// Says what went wrong, and gives the exit code.
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
