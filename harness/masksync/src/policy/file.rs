//! The file's form, as it is written.

use super::topics::{Before, Mechanism};
use crate::mask::{Alphabet, Encoding, FakeKind, Fallback, JsonRest};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Debug, Deserialize)]
pub(super) struct File {
    #[serde(default)]
    pub(super) tenant: String,
    pub(super) lock: Option<String>,
    pub(super) state: Option<String>,
    pub(super) source: Server,
    pub(super) staging: Server,
    pub(super) keys: Keys,
    #[serde(default)]
    pub(super) class: BTreeMap<String, Class>,
    pub(super) table: Vec<Table>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Server {
    pub(super) url: String,
    pub(super) password_file: Option<String>,
    pub(super) password_variable: Option<String>,
    pub(super) ca: Option<String>,
    pub(super) server_id: Option<u32>,
    pub(super) kafka: Option<Kafka>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Kafka {
    pub(super) prefix: Option<String>,
    pub(super) mechanism: Option<Mechanism>,
    pub(super) before: Option<Before>,
    pub(super) create: Option<bool>,
    pub(super) partitions: Option<u16>,
    pub(super) replication: Option<u16>,
    pub(super) transaction_seconds: Option<u32>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Keys {
    pub(super) file: Option<String>,
    pub(super) variable: Option<String>,
    pub(super) pinned: u32,
}

#[derive(Debug, Deserialize)]
pub(super) struct Class {
    pub(super) mask: Mask,
}

#[derive(Debug, Deserialize)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) staging: Option<String>,
    #[serde(default)]
    pub(super) key: Vec<String>,
    #[serde(rename = "where")]
    pub(super) predicate: Option<String>,
    #[serde(default)]
    pub(super) follows: Vec<Follows>,
    pub(super) columns: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Follows {
    pub(super) table: String,
    pub(super) by: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Mask {
    Null,
    Fixed(Fixed),
    Redact(Redact),
    Partial(Partial),
    Token(Token),
    Deterministic(Encrypted),
    Randomised(Encrypted),
    Format(Format),
    Fake(Fake),
    Conditional(Conditional),
    Json(Json),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Fixed {
    Text(String),
    Integer(i64),
    Float(f64),
}

#[derive(Debug, Deserialize)]
pub(super) struct Redact {
    pub(super) with: Option<String>,
    pub(super) length: Option<u16>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Partial {
    #[serde(default)]
    pub(super) first: u16,
    #[serde(default)]
    pub(super) last: u16,
    pub(super) with: Option<String>,
    pub(super) hidden: Option<u16>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Token {
    pub(super) domain: Option<String>,
    pub(super) length: Option<u8>,
    pub(super) encoding: Option<Encoding>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Encrypted {
    pub(super) domain: Option<String>,
    pub(super) encoding: Option<Encoding>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Format {
    pub(super) domain: Option<String>,
    pub(super) alphabet: Option<Alphabet>,
    pub(super) fallback: Option<Fallback>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Fake {
    pub(super) domain: Option<String>,
    pub(super) kind: FakeKind,
}

#[derive(Debug, Deserialize)]
pub(super) struct Conditional {
    pub(super) column: String,
    pub(super) cases: Vec<Case>,
    pub(super) otherwise: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Case {
    #[serde(default)]
    pub(super) is: Vec<String>,
    #[serde(default)]
    pub(super) null: bool,
    pub(super) then: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Json {
    pub(super) paths: Vec<Path>,
    pub(super) rest: Option<JsonRest>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Path {
    pub(super) path: String,
    pub(super) class: String,
}
