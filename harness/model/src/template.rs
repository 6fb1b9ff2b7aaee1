//! Texts with variables: `${name}` stands for a value, `$${` for the two characters `${`.

use crate::variables::VariableError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::{Borrow, Cow};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// A text in which values of variables are put. It is taken apart once, where it is read.
///
/// Equality, order, display and serialisation are those of the text as it is written.
#[derive(Clone, Debug, Default)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Characters that stand for themselves.
    Text(String),
    /// A variable's name.
    Variable(String),
}

/// A piece of a template, as a byte range of its text.
#[derive(Clone, Debug)]
enum Part {
    /// Characters that stand for themselves.
    Text(Range<usize>),
    /// A variable's name.
    Variable(Range<usize>),
}

impl Template {
    /// Takes a text apart.
    ///
    /// # Errors
    /// When a `${` has no `}`.
    pub fn parse(text: impl Into<String>) -> Result<Self, VariableError> {
        let text = text.into();
        let (mut parts, mut at) = (Vec::new(), 0);
        while let Some(found) = text[at..].find("${") {
            let start = at + found;
            if start > at && text.as_bytes()[start - 1] == b'$' {
                // The second dollar sign and the brace stand for themselves.
                parts.push(Part::Text(at..start - 1));
                parts.push(Part::Text(start..start + 2));
                at = start + 2;
                continue;
            }
            let name = start + 2;
            let end = text[name..].find('}').ok_or(VariableError::Open)? + name;
            parts.push(Part::Text(at..start));
            parts.push(Part::Variable(name..end));
            at = end + 1;
        }
        parts.push(Part::Text(at..text.len()));
        Ok(Self { text, parts })
    }

    /// A text that refers to nothing, whatever characters it has.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        let mut literal = Self::default();
        literal.push_text(text);
        literal
    }

    /// Puts pieces together.
    ///
    /// # Errors
    /// When a variable follows a `$`: `$${` stands for characters, so no text says that.
    pub fn of(pieces: impl IntoIterator<Item = Piece>) -> Result<Self, VariableError> {
        let (mut all, mut text) = (Self::default(), String::new());
        for piece in pieces {
            match piece {
                Piece::Text(more) => text.push_str(&more),
                Piece::Variable(name) if text.ends_with('$') => {
                    return Err(VariableError::Dollar(name));
                }
                Piece::Variable(name) => {
                    all.push_text(&std::mem::take(&mut text));
                    let start = all.text.len() + 2;
                    all.text.push_str(&format!("${{{name}}}"));
                    all.parts.push(Part::Variable(start..start + name.len()));
                }
            }
        }
        all.push_text(&text);
        Ok(all)
    }

    /// Adds characters that stand for themselves.
    fn push_text(&mut self, text: &str) {
        // Escaped, so that a literal that is written down and parsed again stays one.
        for (i, part) in text.split("${").enumerate() {
            let mut start = self.text.len();
            if i > 0 {
                self.text.push_str("$${");
                start += 1;
            }
            self.text.push_str(part);
            self.parts.push(Part::Text(start..self.text.len()));
        }
    }

    /// Its pieces, in order.
    pub fn pieces(&self) -> impl Iterator<Item = Piece> {
        self.parts.iter().map(|part| match part {
            Part::Text(range) => Piece::Text(self.text[range.clone()].to_owned()),
            Part::Variable(name) => Piece::Variable(self.text[name.clone()].to_owned()),
        })
    }

    /// The text as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The variables that it refers to, in order: each name, and the byte range of `${name}`.
    pub fn variables(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Variable(name) => Some((&self.text[name.clone()], name.start - 2..name.end + 1)),
        })
    }

    /// Whether it refers to a variable.
    #[must_use]
    pub fn has_variables(&self) -> bool {
        self.variables().next().is_some()
    }

    /// Puts values in. Values are not looked into again.
    ///
    /// # Errors
    /// The name of the first variable without a value.
    pub fn expand<V: AsRef<str>>(
        &self,
        value: impl Fn(&str) -> Option<V>,
    ) -> Result<String, VariableError> {
        let mut out = String::with_capacity(self.text.len());
        for part in &self.parts {
            match part {
                Part::Text(range) => out.push_str(&self.text[range.clone()]),
                Part::Variable(name) => {
                    let name = &self.text[name.clone()];
                    let unknown = || VariableError::Unknown(name.to_owned());
                    out.push_str(value(name).ok_or_else(unknown)?.as_ref());
                }
            }
        }
        Ok(out)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Borrow<str> for Template {
    fn borrow(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Template {}

impl PartialOrd for Template {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Template {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl FromStr for Template {
    type Err = VariableError;

    fn from_str(text: &str) -> Result<Self, VariableError> {
        Self::parse(text)
    }
}

impl Serialize for Template {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Template {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        String::json_schema(generator)
    }
}

/// A JSON value with variables in its texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum JsonTemplate {
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// A text.
    Text(Template),
    /// A list.
    List(Vec<JsonTemplate>),
    /// An object.
    Object(BTreeMap<String, JsonTemplate>),
    /// `null`.
    Null,
}

impl JsonTemplate {
    /// The value with variables put into its texts by `expand`.
    ///
    /// # Errors
    /// Those of `expand`.
    pub fn expand(
        &self,
        expand: &dyn Fn(&Template) -> Result<String, VariableError>,
    ) -> Result<serde_json::Value, VariableError> {
        Ok(match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Number(number) => number.clone().into(),
            Self::Text(text) => expand(text)?.into(),
            Self::List(list) => {
                list.iter().map(|value| value.expand(expand)).collect::<Result<Vec<_>, _>>()?.into()
            }
            Self::Object(members) => {
                let members = members.iter().map(|(k, v)| Ok((k.clone(), v.expand(expand)?)));
                serde_json::Value::Object(members.collect::<Result<_, _>>()?)
            }
        })
    }
}

impl JsonSchema for JsonTemplate {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "JsonTemplate".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        serde_json::Value::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("", Ok(""))]
    #[case("a${x}b", Ok("a1b"))]
    #[case("${x}${y}", Ok("1${x}"))]
    #[case("$${x}", Ok("${x}"))]
    #[case("$x $", Ok("$x $"))]
    #[case("${z}", Err(VariableError::Unknown("z".into())))]
    #[case("a${x", Err(VariableError::Open))]
    fn variables_are_expanded_and_doubled_dollars_stay(
        #[case] text: &str,
        #[case] want: Result<&str, VariableError>,
    ) {
        let got = Template::parse(text).and_then(|template| {
            template.expand(|name| match name {
                "x" => Some("1"),
                "y" => Some("${x}"),
                _ => None,
            })
        });
        assert_eq!(got, want.map(str::to_owned));
    }

    #[rstest]
    #[case("")]
    #[case("a${x}b")]
    #[case("$${x}$$${y}$ ${z}")]
    fn pieces_make_the_same_text(#[case] text: &str) {
        let template = Template::parse(text).unwrap();
        let again = Template::of(template.pieces()).unwrap();
        assert_eq!(again.as_str(), text);
        assert_eq!(
            again.expand(|name| Some(name.to_owned())),
            template.expand(|name| Some(name.to_owned()))
        );
    }

    #[test]
    fn pieces_that_no_text_says_are_refused() {
        let (dollar, brace) = (Piece::Text("5$".into()), Piece::Text("{x}".into()));
        let variable = Piece::Variable("x".into());
        assert_eq!(
            Template::of([dollar.clone(), variable]),
            Err(VariableError::Dollar("x".into()))
        );
        assert_eq!(Template::of([dollar, brace]).unwrap().as_str(), "5$${x}");
    }

    #[test]
    fn variables_carry_their_place() {
        let template = Template::parse("a${b}c$${d}${e}").unwrap();
        assert_eq!(template.variables().collect::<Vec<_>>(), [("b", 1..5), ("e", 11..15)]);
    }

    #[test]
    fn json_has_variables_in_texts_only() {
        let json = r#"{"${x}":{},"a":["${x}",1.5,true,null]}"#;
        let template: JsonTemplate = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&template).unwrap(), json);
        let value = template.expand(&|text| text.expand(|_| Some("v"))).unwrap();
        assert_eq!(value.to_string(), r#"{"${x}":{},"a":["v",1.5,true,null]}"#);
    }
}
