//! Reasons for a pipeline to halt, with their remedies.

use crate::binlog::Malformed;
use crate::flow::Unmasked;
use crate::predicate::AskError;
use crate::server::Failed;
use crate::sink::SinkError;

/// The reason for a halt of the pipeline. Staging then has the source's state at the last committed
/// position. No value is in the text.
#[derive(Debug, thiserror::Error)]
pub enum Halt {
    /// A server cannot be reached; the pipeline tries again.
    #[error("{0}")]
    Later(Failed),
    /// A server refuses.
    #[error("{0}")]
    Failed(Failed),
    /// Another instance writes.
    #[error("another instance has taken over; this one ends")]
    Fenced,
    /// An operator has to mend something first.
    #[error("{what}{}", fix.as_ref().map_or_else(String::new, |fix| format!("\n  {fix}")))]
    Mend {
        /// The problem.
        what: String,
        /// The statement or command that mends it.
        fix: Option<String>,
    },
    /// An event cannot be applied.
    #[error("{at}: {why}{}", fix.as_ref().map_or_else(String::new, |fix| format!("\n  {fix}")))]
    Event {
        /// The place of the event.
        at: String,
        /// The cause.
        why: String,
        /// The statement or command that mends it.
        fix: Option<String>,
    },
}

impl Halt {
    /// Something to be mended.
    #[must_use]
    pub fn mend(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Mend { what: what.into(), fix: Some(fix.into()) }
    }

    /// Whether it may go on by itself later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Later(_))
    }
}

impl From<Failed> for Halt {
    fn from(failed: Failed) -> Self {
        if failed.unreachable { Self::Later(failed) } else { Self::Failed(failed) }
    }
}

impl From<SinkError> for Halt {
    fn from(error: SinkError) -> Self {
        match error {
            SinkError::Failed(failed) => failed.into(),
            SinkError::Fenced => Self::Fenced,
            differs @ SinkError::Differs { .. } => {
                Self::Mend { what: differs.to_string(), fix: None }
            }
        }
    }
}

/// The reason why an event cannot be applied, before its place is known.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    Unmasked(#[from] Unmasked),
    #[error(transparent)]
    Asked(#[from] AskError),
    #[error(transparent)]
    Failed(#[from] Failed),
    #[error("{0}")]
    Table(String),
    #[error("{what}")]
    Mend { what: String, fix: String },
}

impl Trouble {
    pub(super) fn at(self, at: String) -> Halt {
        let why = self.to_string();
        let fix = match self {
            Self::Mend { fix, .. } => Some(fix),
            Self::Failed(failed) => return failed.into(),
            _ => None,
        };
        Halt::Event { at, why, fix }
    }
}
