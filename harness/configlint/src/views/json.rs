//! JSON with comments, as Visual Studio Code reads it, with places.

use jsonc_parser::ast;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use std::ops::Range;

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its place in the text, in bytes.
    pub range: Range<usize>,
    /// Its value.
    pub value: Value,
}

/// A value.
#[derive(Clone, Debug)]
pub enum Value {
    /// Properties in order, double ones too.
    Object(Vec<Property>),
    /// Elements.
    Array(Vec<Node>),
    /// A string.
    Text(String),
    /// Anything else.
    Other,
}

/// A property.
#[derive(Clone, Debug)]
pub struct Property {
    /// Its name.
    pub name: String,
    /// Byte range of the name.
    pub range: Range<usize>,
    /// Its value.
    pub node: Node,
}

/// A file.
#[derive(Clone, Debug)]
pub struct Json {
    /// Its value; `None` where it is empty or cannot be read.
    pub root: Option<Node>,
    /// Syntax error and its byte range.
    pub error: Option<(Range<usize>, String)>,
}

impl Node {
    /// The properties, where it is an object.
    #[must_use]
    pub fn properties(&self) -> &[Property] {
        match &self.value {
            Value::Object(properties) => properties,
            _ => &[],
        }
    }

    /// The elements, where it is an array.
    #[must_use]
    pub fn elements(&self) -> &[Self] {
        match &self.value {
            Value::Array(elements) => elements,
            _ => &[],
        }
    }

    /// The text, where it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A property: of double ones the last, which is the one that counts.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Property> {
        self.properties().iter().rev().find(|property| property.name == name)
    }

    /// Itself and everything in it.
    pub fn all(&self) -> Vec<&Self> {
        let mut all = vec![self];
        let mut at = 0;
        while let Some(node) = all.get(at).copied() {
            all.extend(node.properties().iter().map(|property| &property.node));
            all.extend(node.elements());
            at += 1;
        }
        all
    }
}

/// Reads a text; comments and trailing commas are let pass.
#[must_use]
pub fn read(text: &str) -> Json {
    let options = ParseOptions {
        // VS Code's parser refuses all of these. jsonc-parser accepts them by default, and a file
        // that the editor cannot read would pass.
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        ..ParseOptions::default()
    };
    match parse_to_ast(text, &CollectOptions::default(), &options) {
        Ok(result) => Json { root: result.value.map(|value| node(&value)), error: None },
        Err(error) => {
            let range = error.range();
            Json { root: None, error: Some((range.start..range.end, error.kind().to_string())) }
        }
    }
}

fn node(value: &ast::Value<'_>) -> Node {
    let range = |range: jsonc_parser::common::Range| range.start..range.end;
    match value {
        ast::Value::Object(object) => Node {
            range: range(object.range),
            value: Value::Object(object.properties.iter().map(property).collect()),
        },
        ast::Value::Array(array) => Node {
            range: range(array.range),
            value: Value::Array(array.elements.iter().map(node).collect()),
        },
        ast::Value::StringLit(text) => {
            Node { range: range(text.range), value: Value::Text(text.value.to_string()) }
        }
        ast::Value::NumberLit(number) => Node { range: range(number.range), value: Value::Other },
        ast::Value::BooleanLit(boolean) => {
            Node { range: range(boolean.range), value: Value::Other }
        }
        ast::Value::NullKeyword(null) => Node { range: range(null.range), value: Value::Other },
    }
}

fn property(property: &ast::ObjectProp<'_>) -> Property {
    let range = match &property.name {
        ast::ObjectPropName::String(name) => name.range,
        ast::ObjectPropName::Word(name) => name.range,
    };
    Property {
        name: property.name.as_str().to_owned(),
        range: range.start..range.end,
        node: node(&property.value),
    }
}
