//! Evidence of exchanges with servers: what was sent, what came back, what servers recorded.

use crate::BlobRef;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One request and its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HttpExchange {
    /// The method.
    pub method: String,
    /// The address.
    pub url: String,
    /// The status code; absent when there was no answer.
    pub status: Option<u16>,
    /// The version of HTTP of the answer: `HTTP/1.1`, `HTTP/2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Headers received, names in lower case, values of one name joined by `, `.
    pub headers: BTreeMap<String, String>,
    /// The body, or its first bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BlobRef>,
    /// Whether `body` has only the first bytes of the body.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// Size of the whole body in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// SHA-256 of the whole body, before redaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The `h1:` hash of the body, where a check needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub h1: Option<String>,
    /// Why the body has no `h1:` hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub h1_error: Option<String>,
    /// Why there was no answer, or why it broke off where there is a status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The answers to the other requests made at the same time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<HttpAnswer>,
}

/// What the answers to requests made at the same time are compared by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HttpAnswer {
    /// The status code; absent when there was no answer.
    pub status: Option<u16>,
    /// Size of the body in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// SHA-256 of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Why there was no answer, or why it broke off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl HttpExchange {
    /// What it is compared by with others.
    #[must_use]
    pub fn answer(&self) -> HttpAnswer {
        HttpAnswer {
            status: self.status,
            size: self.size,
            sha256: self.sha256.clone(),
            error: self.error.clone(),
        }
    }
}

/// Bytes sent as they are, and what came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RawExchange {
    /// Host and port.
    pub address: String,
    /// What was sent, or the beginning of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<BlobRef>,
    /// What was received, or the beginning of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<BlobRef>,
    /// How many bytes were received.
    pub bytes: u64,
    /// Status code of the first answer.
    pub status: Option<u16>,
    /// Its headers, as in [`HttpExchange`].
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Its body, or the beginning of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BlobRef>,
    /// How many answers there were, interim ones (1xx) not counted.
    pub answers: u32,
    /// Whether the other side closed the connection.
    pub closed: bool,
    /// Whether the time limit ended it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timed_out: bool,
    /// What went wrong on the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A subject and how its launch went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Launch {
    /// Name of its declaration.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The program and its arguments; empty where it is only an address.
    #[serde(default)]
    pub argv: Vec<String>,
    /// Its whole environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Files written for it: path → bytes.
    #[serde(default)]
    pub files: BTreeMap<String, BlobRef>,
    /// The address where it answers itself.
    pub url: String,
    /// The variables that it gives.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Why it is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<LaunchFailure>,
    /// What it wrote until then, where it is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<BlobRef>,
}

/// Why a subject is not ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "how")]
pub enum LaunchFailure {
    /// It ended before it was ready.
    Ended {
        /// Its exit code, as of any program.
        exit: Option<i64>,
    },
    /// It was not ready in time.
    Late {
        /// The time limit in seconds.
        seconds: u64,
        /// What the last look at it gave.
        last: String,
    },
}

/// A request that a server of ours received.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeenRequest {
    /// The method.
    pub method: String,
    /// The target, as it came over the wire.
    pub target: String,
    /// Headers received, names in lower case, values of one name joined by `, `.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The status sent; absent when there was no answer.
    pub status: Option<u16>,
    /// How many bytes of body were sent.
    pub bytes: u64,
    /// Microseconds from the request to the end of the answer.
    pub micros: u64,
    /// The fault that was applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// What a verifying client made of a checksum database's answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SumdbAnswer {
    /// Where it was asked.
    pub url: String,
    /// The go.sum lines, verified; absent where it was refused or none were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<String>>,
    /// The verified head's size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The verified head's hash, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Why the answer was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
