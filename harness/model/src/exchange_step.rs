//! Steps that speak HTTP from the harness: whole requests, and bytes as they are.

use crate::{TextMatch, ValueMatch};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A status code, or several of which any will do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum StatusMatch {
    /// This one.
    One(u16),
    /// Any of these.
    Any(Vec<u16>),
}

impl StatusMatch {
    /// The statuses that fit.
    #[must_use]
    pub fn all(&self) -> &[u16] {
        match self {
            Self::One(status) => std::slice::from_ref(status),
            Self::Any(all) => all,
        }
    }
}

impl std::fmt::Display for StatusMatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words: Vec<_> = self.all().iter().map(u16::to_string).collect();
        f.write_str(&words.join(" or "))
    }
}

impl<'de> Deserialize<'de> for StatusMatch {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = StatusMatch;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a status code, or a list of them")
            }

            fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<StatusMatch, E> {
                let bad = |_| E::invalid_value(serde::de::Unexpected::Signed(n), &self);
                u16::try_from(n).map(StatusMatch::One).map_err(bad)
            }

            fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<StatusMatch, E> {
                let bad = |_| E::invalid_value(serde::de::Unexpected::Unsigned(n), &self);
                u16::try_from(n).map(StatusMatch::One).map_err(bad)
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut seq: A,
            ) -> Result<StatusMatch, A::Error> {
                let mut all = Vec::new();
                while let Some(status) = seq.next_element()? {
                    all.push(status);
                }
                Ok(StatusMatch::Any(all))
            }
        }
        d.deserialize_any(Visitor)
    }
}

impl JsonSchema for StatusMatch {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StatusMatch".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let status = serde_json::json!({ "type": "integer", "minimum": 100, "maximum": 599 });
        schemars::json_schema!({
            "description": "a status code, or several of which any will do",
            "anyOf": [status, { "type": "array", "items": status, "minItems": 1 }]
        })
    }
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum HttpVersion {
    /// HTTP/1.1.
    #[default]
    #[serde(rename = "1.1")]
    One,
    /// HTTP/2; with prior knowledge where there is no TLS.
    #[serde(rename = "2")]
    Two,
}

impl HttpVersion {
    /// As evidence and checks spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::One => "HTTP/1.1",
            Self::Two => "HTTP/2",
        }
    }
}

/// Makes an HTTP request from the harness. Redirects are not followed, nothing is decoded, and the
/// target is sent as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where.
    pub url: String,
    /// GET when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Headers sent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The version of HTTP, which is also asserted; 1.1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpVersion>,
    /// Makes it this often at the same time, each on a connection of its own. All must be answered
    /// alike; the other assertions are about the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// File with the certificates that the server's must come from (PEM); the system's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// File with the client's certificate (PEM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert: Option<String>,
    /// File with the key of the client's certificate (PEM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Time limit in seconds; the suite's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
    /// The status code, or several of which any will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusMatch>,
    /// A condition on the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<TextMatch>,
    /// Conditions on headers received, or `false` where one must be absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub header: BTreeMap<String, ValueMatch>,
    /// The size of the body in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The SHA-256 of the body, lower-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The `h1:` hash of the module zip that the body is, or of the go.mod file that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub h1: Option<String>,
    /// `false` where the answer must break off before its end; an answer that does is otherwise an
    /// error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub complete: Option<bool>,
    /// There must be no answer, and this is a condition on the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<TextMatch>,
    /// Values for later steps: name → `status`, `body`, `size`, `sha256`, `h1` or `header.NAME`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capture: BTreeMap<String, String>,
}

/// Sends bytes as they are and reads what comes: until the other side closes, until the answers are
/// complete (where `closed` is not asserted), or until the time limit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where: only its host and port are used, and TLS where it is `https`.
    pub url: String,
    /// What is sent. Give this or `base64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<String>,
    /// What is sent, as base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Sends it in pieces of this many bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub piece: Option<u32>,
    /// Milliseconds after each piece; after all of it when it is sent in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_ms: Option<u32>,
    /// Closes the sending side when all is sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub half_close: bool,
    /// File with the certificates that the server's must come from (PEM); the system's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// Time limit in seconds; the suite's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
    /// The status code of the first answer, or several of which any will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusMatch>,
    /// A condition on the body of the first answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<TextMatch>,
    /// Conditions on headers of the first answer, or `false` where one must be absent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub header: BTreeMap<String, ValueMatch>,
    /// How many answers there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<u32>,
    /// Whether the other side closes the connection before the time limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<bool>,
}
