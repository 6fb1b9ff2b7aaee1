//! Words of evidence that drivers, records and results share: stored bytes, entries of directories,
//! launches, and why a run was not driven.

use crate::{Requirement, Verdict};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Bytes stored by their content.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct BlobRef {
    /// SHA-256 of the bytes as stored (after redaction), lower-case hexadecimal.
    pub sha256: String,
    /// Size in bytes as stored.
    pub size: u64,
}

/// The reason why a run was not driven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Skip {
    /// The environment is absent.
    EnvironmentAbsent {
        /// The missing thing.
        detail: String,
        /// The one command that would provide it.
        remedy: String,
    },
    /// The SDK that the case is about cannot be provided there.
    SdkAbsent {
        /// The missing thing.
        detail: String,
    },
    /// The environment does not have what the case requires.
    RequirementNotMet {
        /// The requirement.
        requirement: Requirement,
    },
    /// A capability that the case requires is absent there, and can be provided.
    CapabilityAbsent {
        /// The missing thing.
        detail: String,
        /// The command or setting that provides it.
        remedy: String,
    },
    /// The case cannot run there; its own script skips it.
    OutOfReach {
        /// The reason.
        detail: String,
    },
    /// The run was interrupted before it was this one's turn.
    Interrupted,
    /// The time limit of the run was reached before it was this one's turn.
    RunTimeLimit {
        /// The limit, in seconds.
        seconds: u64,
    },
    /// A disk that runs write to was all but full when this one was to begin, or when it ended: what
    /// it would see, or has seen, may be the disk's doing.
    DiskFull {
        /// A folder on that disk.
        folder: String,
        /// Bytes that were free.
        left: u64,
        /// Bytes that have to be.
        least: u64,
    },
}

impl Skip {
    /// The verdict of a skipped case: it does not apply, something that it needs is unavailable, or
    /// the run was disturbed and the verdict stays open.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::EnvironmentAbsent { .. }
            | Self::SdkAbsent { .. }
            | Self::CapabilityAbsent { .. } => Verdict::Unavailable,
            Self::RequirementNotMet { .. } | Self::OutOfReach { .. } => Verdict::NotApplicable,
            Self::Interrupted | Self::RunTimeLimit { .. } | Self::DiskFull { .. } => {
                Verdict::Inconclusive
            }
        }
    }
}

impl std::fmt::Display for Skip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::EnvironmentAbsent { detail, .. }
            | Self::SdkAbsent { detail }
            | Self::CapabilityAbsent { detail, .. }
            | Self::OutOfReach { detail } => f.write_str(detail),
            Self::RequirementNotMet { requirement } => write!(f, "requires {requirement}"),
            Self::Interrupted => f.write_str("interrupted before it ran"),
            Self::RunTimeLimit { seconds } => {
                write!(f, "the run's time limit of {seconds} s was reached before it ran")
            }
            Self::DiskFull { folder, left, least } => write!(
                f,
                "{folder} has {} MiB left, of {} that have to be free: make room",
                left >> 20,
                least >> 20
            ),
        }
    }
}

/// The type of a directory's entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Symlink,
    /// Anything else.
    Other,
}

/// The reason why a subject is not ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum LaunchFailure {
    /// The subject ended before it was ready.
    Ended {
        /// Its exit code, as of any program.
        exit: Option<i64>,
    },
    /// The subject was not ready in time.
    Late {
        /// The time limit in seconds.
        seconds: u64,
        /// The answer of the last readiness probe.
        last: String,
    },
}
