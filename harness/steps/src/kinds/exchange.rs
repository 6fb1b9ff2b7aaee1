//! Code that `http` and `raw` steps share: keys of HTTP, and the checks of an answer.

use crate::checks::Sighted;
use crate::lint::{self, Lint};
use crate::{Checks, text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{BlobRef, Template, ValueMatch, Verdict};
use twinproof_toml::node::{self, Node};

/// Defines a kind of step that connects to a server: its doc, and the keys that only it has.
macro_rules! define_exchange {
    (
        $(#[$doc:meta])*
        $name:ident { $($(#[$own:meta])* $key:ident: $type:ty,)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// A name for checks and controls.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub name: Option<String>,
            /// The URL to send to.
            pub url: Template,
            $($(#[$own])* pub $key: $type,)*
            /// File with the certificates that the server's must come from (PEM); the system's when
            /// absent.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub ca: Option<Template>,
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
        }

        impl $name {
            /// Address, certificates and time limit of the connection.
            #[must_use]
            pub fn connection(&self) -> Connection<'_> {
                Connection { url: &self.url, ca: self.ca.as_ref(), timeout: self.timeout }
            }

            /// Whether it asserts an answer.
            fn asserts_answer(&self) -> bool {
                self.status.is_some() || self.body.is_some() || !self.header.is_empty()
            }
        }
    };
}

pub(super) use define_exchange;

/// Address, certificates and time limit of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Connection<'s> {
    /// The address.
    pub url: &'s Template,
    /// The file with the certificates that the server's must come from.
    pub ca: Option<&'s Template>,
    /// The time limit in seconds.
    pub timeout: Option<u32>,
}

/// The lint of the keys that these kinds share.
pub(super) fn lint_exchange(body: &Node<'_>, lint: &mut Lint<'_>) {
    lint::status(body, "status", lint);
    lint::timeout(body, "timeout", lint);
    lint.filled(body, &["ca"]);
    lint::conditions(node::get(body, "body"), lint);
    lint::headers(body, "header", lint);
}

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

            // TOML gives signed integers, JSON unsigned ones.
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
        // Not derived: the error of `untagged` only says that no variant fits.
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

impl Checks<'_> {
    /// The status code of an answer.
    pub(super) fn status(&mut self, want: Option<&StatusMatch>, seen: Option<u16>, actual: &str) {
        let Some(want) = want else { return };
        let holds = seen.is_some_and(|s| want.all().contains(&s));
        self.holds("status", holds, want.to_string(), actual);
    }

    /// The body of an answer as text, where all of it is there.
    pub(super) fn body(
        &self,
        body: Option<&BlobRef>,
        cut: bool,
        broken: Option<String>,
        actual: &str,
    ) -> Sighted {
        if let Some(broken) = broken {
            return Err((Verdict::Fail, broken));
        }
        let Some(blob) = body else { return Err((Verdict::Fail, actual.to_owned())) };
        // Undecided, not failed: the asserted text may be in the part that was cut off.
        if cut {
            let why = format!("only its first {} bytes were kept", blob.size);
            return Err((Verdict::Inconclusive, why));
        }
        let bytes = self.bytes(blob)?;
        text::of_file(&bytes).ok_or((Verdict::Fail, "it is not UTF-8".to_owned()))
    }

    /// Conditions on headers. `missing` says why there are none at all.
    pub(super) fn headers(
        &mut self,
        want: &BTreeMap<String, ValueMatch>,
        seen: &BTreeMap<String, String>,
        missing: Option<&str>,
    ) {
        for (name, wanted) in want {
            let what = format!("header.{name}");
            if let Some(missing) = missing {
                self.push(&what, Verdict::Fail, "an answer", missing, &[]);
                continue;
            }
            // Names of fields have no case (RFC 9110, 5.1); evidence has them in lower case.
            let value = seen.get(&name.to_ascii_lowercase()).map(String::as_str);
            // A header that is absent is as empty as one can be.
            let empty = matches!(wanted, ValueMatch::Text(t) if t.0.empty == Some(true));
            let value = if empty { value.or(Some("")) } else { value };
            self.value(&what, wanted, value, &format!("no header {name}"));
        }
    }
}
