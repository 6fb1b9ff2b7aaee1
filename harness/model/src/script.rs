//! Scripts of cmd/go's own tests: the step that runs one, and what came of it.

use crate::BlobRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Runs a script of cmd/go's own tests with the case's SDK: `$GOPROXY` is the subject, `$GOSUMDB` the
/// database of those tests. It needs an origin with `database = "cmd-go"` and a subject before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The script: its file in the SDK's `src/cmd/go/testdata/script`, without `.txt`.
    pub script: String,
    /// Whether the checksum database must come by way of the subject. Otherwise it does where the
    /// subject passes it on, and comes from the origin where it does not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub database: bool,
    /// Variables set after those that every script begins with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Time limit of the whole script in seconds; 900 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
}

/// A script that was run to its end, or to its first line that did not end as it must.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScriptRun {
    /// The script's name.
    pub script: String,
    /// GOPROXY at its beginning.
    pub proxy: String,
    /// Whether the checksum database came by way of the subject.
    pub database: bool,
    /// How often it ran the go command.
    pub go_runs: u32,
    /// The line that did not end as it must; absent where the script passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<ScriptFailure>,
    /// Every line that was run and what came of it.
    pub transcript: BlobRef,
}

/// The line of a script that did not end as it must.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScriptFailure {
    /// Its number, from 1.
    pub line: usize,
    /// The line itself.
    pub command: String,
    /// What was wrong.
    pub message: String,
}
