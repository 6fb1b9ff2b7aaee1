//! Evidence: everything that a run observed, raw. Bytes are stored by their hash beside it.

use crate::{
    EnvironmentName, HttpExchange, Launch, RawExchange, Requirement, ScriptRun, SumdbAnswer,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// Why a run was not driven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "reason")]
pub enum Skip {
    /// The environment is absent.
    EnvironmentAbsent {
        /// What is missing.
        detail: String,
        /// The one command that would provide it.
        remedy: String,
    },
    /// The SDK that the case is about is not to be had there.
    SdkAbsent {
        /// What is missing.
        detail: String,
    },
    /// The environment does not have what the case requires.
    RequirementNotMet {
        /// Which requirement.
        requirement: Requirement,
    },
    /// What the case asks cannot be asked there, as its own script says.
    OutOfReach {
        /// Why.
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
    /// Whether the question does not arise, rather than could not be answered.
    #[must_use]
    pub fn is_not_applicable(&self) -> bool {
        matches!(self, Self::RequirementNotMet { .. } | Self::OutOfReach { .. })
    }
}

impl std::fmt::Display for Skip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::EnvironmentAbsent { detail, .. }
            | Self::SdkAbsent { detail }
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

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum RunOutcome {
    /// All steps up to the last one recorded were driven.
    Driven,
    /// None was.
    Skipped(Skip),
    /// The harness broke at the step after the last one recorded.
    Broken {
        /// What happened.
        message: String,
    },
}

/// One case in one environment, as it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// `suite/id` of the case.
    pub case: String,
    /// Where.
    pub environment: EnvironmentName,
    /// What was judged, `kind=value`.
    pub subject: String,
    /// Whether this was the case's control.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub control: bool,
    /// Variables as the steps saw them, captured values excluded.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The equivalence class of the environment for goldens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// Milliseconds since the Unix epoch when it began.
    pub started: i64,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: RunOutcome,
    /// Steps driven, in order.
    #[serde(default)]
    pub steps: Vec<StepRecord>,
    /// What its servers left: `origin.requests` and `subject.requests` (a [`SeenRequest`] a line, as
    /// JSON), `subject.log`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub logs: BTreeMap<String, BlobRef>,
    /// How often a secret was replaced in what is stored.
    #[serde(default)]
    pub redactions: u64,
}

/// One step, as it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepRecord {
    /// Index of the step in the case, from 0.
    pub index: usize,
    /// How long it took, in microseconds, of the last try.
    pub micros: u64,
    /// Tries before the last one that failed (only where retries are declared).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_tries: Vec<Observation>,
    /// What was seen.
    pub observation: Observation,
}

/// What a step saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Observation {
    /// Something was put in place.
    Wrote {
        /// Native path.
        path: String,
        /// Its bytes, where it is a file.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<BlobRef>,
    },
    /// Variables changed.
    Env,
    /// A program ended.
    Process(ProcessObservation),
    /// A file was looked at, or a directory: every entry, relative to the path, sorted; the path
    /// itself is the entry with the empty name. None when nothing is there.
    Entries {
        /// Native path.
        path: String,
        /// What is there.
        entries: Vec<FileEntry>,
    },
    /// The case's origin has its rules.
    Origin {
        /// The variables that it gives.
        variables: BTreeMap<String, String>,
    },
    /// The subject was launched.
    Subject(Launch),
    /// A request was answered.
    Http(HttpExchange),
    /// Bytes were sent, and others came.
    Raw(RawExchange),
    /// The requests made so far.
    Requests {
        /// A [`SeenRequest`] a line, as JSON.
        requests: BlobRef,
        /// Why there are none, where nobody recorded any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A checksum database was asked.
    Sumdb(SumdbAnswer),
    /// A script was run.
    Script(ScriptRun),
    /// A canary was looked for.
    Canary(CanarySight),
    /// A question was answered.
    Probe {
        /// The program that answered, where one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        process: Option<ProcessObservation>,
        /// Its answer; empty when it gave none.
        values: BTreeMap<String, String>,
        /// Why the answer could not be read.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A golden is compared by the judge, with what earlier steps saw.
    Golden,
}

/// A program and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessObservation {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Its current directory.
    pub cwd: String,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
    /// Its exit code; 128 + N for death by signal N; absent when it was killed at its time limit or
    /// could not be started.
    pub exit: Option<i64>,
    /// Whether the program was not found.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_found: bool,
    /// Whether it was killed at its time limit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timed_out: bool,
    /// The time limit, in milliseconds.
    pub limit_ms: u64,
    /// Its standard output.
    pub stdout: BlobRef,
    /// Its standard error.
    pub stderr: BlobRef,
    /// Whether an output went over its size limit and the rest was dropped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// What an entry of a directory is.
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

/// One file, directory or link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileEntry {
    /// Relative to the path looked at, with `/`; empty for that path itself.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits; absent where they are not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// Target of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Size in bytes of a file.
    pub size: u64,
    /// SHA-256 of a file's bytes, before redaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Bytes of a file, where a check needs them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<BlobRef>,
}

/// A canary and what was seen of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CanarySight {
    /// Native path where it was written.
    pub written: String,
    /// Native path where it was looked for.
    pub looked_at: String,
    /// The bytes written, hexadecimal.
    pub nonce: String,
    /// The bytes found, hexadecimal; absent when nothing was there.
    pub seen: Option<String>,
}
