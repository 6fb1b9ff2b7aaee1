//! Records: one case in one environment, as it went.

use crate::Observation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{BlobRef, EnvironmentName, Skip};

/// The outcome of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum RunOutcome {
    /// All steps up to the last one recorded were driven.
    Driven,
    /// None was.
    Skipped(Skip),
    /// The harness broke at the step after the last one recorded.
    Broken {
        /// The error.
        message: String,
    },
}

/// The record of a case in an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunRecord {
    /// `suite/id` of the case.
    pub case: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// The subject under test, `kind=value`.
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
    /// Duration in microseconds.
    pub micros: u64,
    /// The outcome.
    #[serde(flatten)]
    pub outcome: RunOutcome,
    /// Steps driven, in order.
    #[serde(default)]
    pub steps: Vec<StepRecord>,
    /// Logs of its servers: `origin.requests` and `subject.requests` (a [`SeenRequest`] a line, as
    /// JSON), `subject.log`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub logs: BTreeMap<String, BlobRef>,
    /// Number of secrets that were replaced in the stored evidence.
    #[serde(default)]
    pub redactions: u64,
}

/// The record of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepRecord {
    /// Index of the step in the case, from 0.
    pub index: usize,
    /// Duration of the last try, in microseconds.
    pub micros: u64,
    /// Tries before the last one that failed (only where retries are declared).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_tries: Vec<Observation>,
    /// The observation of its last try.
    pub observation: Observation,
}
