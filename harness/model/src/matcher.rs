//! Assertions about text, as suite files write them about an output or a file.

use crate::{JsonTemplate, Template};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A condition on a text. In a suite file a plain string is [`TextMatch::equals`].
///
/// Texts are compared with one final line end taken off both sides; bytes that are not UTF-8 are
/// never equal to a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TextMatch(pub TextTable);

/// The table form of [`TextMatch`]: every key that is there must hold, and one must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TextTable {
    /// The whole text is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equals: Option<Template>,
    /// The lines of the text are these, in this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<Template>>,
    /// The lines of the text are these, in any order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines_in_any_order: Option<Vec<Template>>,
    /// One line of the text is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<Template>,
    /// No line of the text is this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_line: Option<Template>,
    /// The text has this part, literally.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contains: Option<Template>,
    /// The text does not have this part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacks: Option<Template>,
    /// The whole text matches this regular expression, which is anchored at both ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<Template>,
    /// One line of the text matches this regular expression, anchored at both ends of the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_regex: Option<Template>,
    /// The text is JSON, and has these values: JSON pointer (RFC 6901; empty for the whole) → value. Of
    /// an object, the members given must be there with these values; further ones may be. A list must be
    /// equal. Order of members and white space do not count.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub json: BTreeMap<String, JsonTemplate>,
    /// The text is JSON, and has nothing at these pointers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub json_lacks: Vec<String>,
    /// The text is empty (`true`) or not (`false`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub empty: Option<bool>,
}

impl TextTable {
    /// Whether no key is there, so that it would assert nothing.
    #[must_use]
    pub fn asserts_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl TextMatch {
    /// The whole text is this.
    #[must_use]
    pub fn equals(text: Template) -> Self {
        Self(TextTable { equals: Some(text), ..TextTable::default() })
    }
}

impl<'de> Deserialize<'de> for TextMatch {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = TextMatch;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, or a table of conditions on it")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<TextMatch, E> {
                Template::parse(text).map(TextMatch::equals).map_err(E::custom)
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<TextMatch, A::Error> {
                let table =
                    TextTable::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                // `stdout = {}` reads like an assertion, and would hold of anything.
                if table.asserts_nothing() {
                    return Err(serde::de::Error::custom(
                        "an empty table asserts nothing: give `equals`, `lines`, `line`, `contains`, `json` or `regex`",
                    ));
                }
                Ok(TextMatch(table))
            }
        }
        // Not derived: the error of `untagged` only says that no variant fits.
        d.deserialize_any(Visitor)
    }
}

impl JsonSchema for TextMatch {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TextMatch".into()
    }

    fn json_schema(g: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let table = g.subschema_for::<TextTable>();
        schemars::json_schema!({
            "description": "the whole text, or a table of conditions that must all hold",
            "anyOf": [{ "type": "string" }, table]
        })
    }
}

/// A condition on a value that may be absent: its text, or `false` when it must be absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum ValueMatch {
    /// It is there and fits.
    Text(Box<TextMatch>),
    /// It is there (`true`) or absent (`false`).
    Present(bool),
}

impl<'de> Deserialize<'de> for ValueMatch {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = ValueMatch;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text, a table of conditions on it, or whether it is there")
            }

            fn visit_bool<E: serde::de::Error>(self, present: bool) -> Result<ValueMatch, E> {
                Ok(ValueMatch::Present(present))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ValueMatch, E> {
                let text = Template::parse(text).map_err(E::custom)?;
                Ok(ValueMatch::Text(Box::new(TextMatch::equals(text))))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<ValueMatch, A::Error> {
                TextMatch::deserialize(serde::de::value::MapAccessDeserializer::new(map))
                    .map(|text| ValueMatch::Text(Box::new(text)))
            }
        }
        d.deserialize_any(Visitor)
    }
}

impl JsonSchema for ValueMatch {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ValueMatch".into()
    }

    fn json_schema(g: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let text = g.subschema_for::<TextMatch>();
        schemars::json_schema!({
            "description": "the value, conditions on it, or whether it is there",
            "anyOf": [text, { "type": "boolean" }]
        })
    }
}
