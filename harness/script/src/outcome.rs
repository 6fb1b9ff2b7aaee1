//! The outcome of a script.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The outcome of a run of a script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Pass, fail or not applicable.
    pub verdict: Verdict,
    /// Number of runs of the go command.
    pub go_runs: u32,
    /// Every line that was run with its output; the work directory is `$WORK`.
    pub transcript: String,
    /// Duration in milliseconds.
    pub millis: u64,
}

/// The verdict of a script on its subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every line ended as it must.
    Pass,
    /// A line did not end as it must.
    Fail(Failure),
    /// The script tests something that is not here.
    NotApplicable(Reason),
}

/// The line that did not end as it must.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The line's number in the script, from 1.
    pub line: usize,
    /// The line itself.
    pub command: String,
    /// The reason of the failure.
    pub message: String,
    /// Transcript from the last comment of the script on.
    pub section: String,
}

/// The reason why a script cannot be run with a stock `go` and a proxy on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The script tests something that only the go command built for Go's own tests does.
    Hook {
        /// The variable that the script sets, or the text that it expects.
        what: String,
        /// The line.
        line: usize,
    },
    /// The script needs the server of Go's own tests for version control systems.
    VersionControl {
        /// The line or file that names the server.
        place: String,
    },
    /// The script skips itself here.
    Skip {
        /// The line.
        line: usize,
        /// The conditions of its `skip`; none where it always skips.
        conditions: Vec<String>,
        /// The message of its `skip`.
        message: String,
    },
    /// The script uses a command that this engine does not have.
    Command {
        /// The command.
        name: String,
        /// The line.
        line: usize,
    },
    /// The script has a condition that this engine cannot evaluate.
    Condition {
        /// The condition.
        name: String,
        /// The line.
        line: usize,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hook { what, line } => {
                write!(f, "line {line} needs a go command built for tests, for {what}")
            }
            Self::VersionControl { place } => {
                write!(f, "{place} needs the version control server of Go's own tests")
            }
            Self::Skip { line, conditions, message } => {
                write!(f, "line {line} skips the script")?;
                if !conditions.is_empty() {
                    write!(f, " where {}", conditions.join(" "))?;
                }
                if !message.is_empty() {
                    write!(f, ": {message}")?;
                }
                Ok(())
            }
            Self::Command { name, line } => write!(f, "line {line} uses the command `{name}`"),
            Self::Condition { name, line } => {
                write!(f, "line {line} asks for the condition [{name}]")
            }
        }
    }
}
