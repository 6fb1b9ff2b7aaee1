//! A mistake that serde reports, before its place is known.

use serde::de::{self, Unexpected};
use std::fmt::Display;

/// A mistake on its way from where serde sees it to where its place is known.
#[derive(Debug)]
pub(crate) enum Fault {
    Reported,
    Missing(&'static str),
    Type(String, String),
    Variant(String, &'static [&'static str]),
    Key(String, &'static [&'static str]),
    Other(String),
}

impl Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: Display>(message: T) -> Self {
        Self::Other(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        let found = match found {
            Unexpected::Bool(_) => "a boolean",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer",
            Unexpected::Float(_) => "a float",
            Unexpected::Str(_) => "a text",
            Unexpected::Seq => "a list",
            Unexpected::Map => "a table",
            _ => "another value",
        };
        Self::Type(found.to_owned(), wanted_words(&wanted.to_string()))
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn de::Expected) -> Self {
        let found = match found {
            Unexpected::Signed(n) => n.to_string(),
            Unexpected::Unsigned(n) => n.to_string(),
            other => other.to_string(),
        };
        Self::Type(found, wanted_words(&wanted.to_string()))
    }

    fn unknown_variant(found: &str, valid: &'static [&'static str]) -> Self {
        Self::Variant(found.to_owned(), valid)
    }

    fn unknown_field(found: &str, valid: &'static [&'static str]) -> Self {
        Self::Key(found.to_owned(), valid)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field)
    }
}

/// Rust's words for a type, in those of suite files.
fn wanted_words(wanted: &str) -> String {
    match wanted {
        "a string" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        "u16" => format!("an integer from 0 to {}", u16::MAX),
        "u32" => format!("an integer from 0 to {}", u32::MAX),
        "u64" | "usize" => "an integer from 0".to_owned(),
        "i64" => "an integer".to_owned(),
        other if other.starts_with("struct ") => "a table".to_owned(),
        other => other.to_owned(),
    }
}
