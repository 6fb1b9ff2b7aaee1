//! Masks, as policies write them.

use serde::{Deserialize, Serialize};

/// A mask, as policies write it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the policy's own words, which docs/masking.md explains")]
pub enum Mask {
    Null,
    Fixed(Fixed),
    Redact(Redact),
    Partial(Partial),
    Token(Domain),
    Deterministic(Domain),
    Randomised(Randomised),
    Format(Format),
    Fake(Fake),
    Conditional(Conditional),
    Json(Json),
}

/// A value that the policy names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fixed {
    /// A text.
    Text(String),
    /// An integer.
    Integer(i64),
}

/// Hidden characters.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Redact {
    /// Number of characters; as many as the text has when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<usize>,
}

/// Characters hidden but for the ends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Partial {
    /// Shown at the beginning.
    #[serde(default)]
    pub first: usize,
    /// Shown at the end.
    #[serde(default)]
    pub last: usize,
}

/// The domain in which equal values have equal tokens.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Domain {
    /// The domain; the class when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

/// No settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Randomised {}

/// Encryption in place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Format {
    /// The treatment of values that cannot be encrypted; `halt` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
}

/// Invented values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fake {
    /// The kind of invented value.
    pub kind: String,
}

/// A mask that depends on another column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conditional {
    /// The column.
    pub column: String,
    /// Its values, and the class of each.
    pub cases: Vec<Case>,
    /// The class of all others.
    pub otherwise: String,
}

/// A case of a conditional mask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Values.
    pub is: Vec<String>,
    /// The class.
    pub then: String,
}

/// Parts of a document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Json {
    /// Paths, each with its class.
    pub paths: Vec<JsonPath>,
}

/// A path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JsonPath {
    /// The path in the document.
    pub path: String,
    /// The class.
    pub class: String,
}
