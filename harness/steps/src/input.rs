//! Inputs of steps: the keys of a step that are no assertions, and that a control may change.

use crate::lint::{self, KeyCheck};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use twinproof_model::{Rule, Template};

/// The type of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputType {
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// Texts by name.
    Table,
    /// A list of faults.
    Rules,
}

/// How a control's value changes the value that the step has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// The control's value replaces the step's.
    Replace,
    /// The control's names are added; the step's other names stay.
    Extend,
    /// As `Extend`, for variables that the control sets; those are no longer unset.
    SetVariables,
    /// The control's variables are unset; those are no longer set under this key.
    UnsetVariables(&'static str),
}

/// An input that a control may change.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// The control's key.
    pub key: &'static str,
    /// The type of its value.
    pub ty: InputType,
    /// The input's description in the JSON Schema: `Another path`.
    pub doc: &'static str,
    /// The step's key.
    pub field: &'static str,
    /// Checks its value, in a step and in a control.
    pub check: Option<KeyCheck>,
    change: Change,
    /// Keys of the step that are removed when this one is given: a step has only one of them.
    instead_of: &'static [&'static str],
}

impl Input {
    const fn new(key: &'static str, ty: InputType, change: Change, doc: &'static str) -> Self {
        Self { key, ty, doc, field: key, check: None, change, instead_of: &[] }
    }

    /// A text, which the control's replaces.
    #[must_use]
    pub const fn text(key: &'static str, doc: &'static str) -> Self {
        Self::new(key, InputType::Text, Change::Replace, doc)
    }

    /// A list of texts, which the control's replaces.
    #[must_use]
    pub const fn texts(key: &'static str, doc: &'static str) -> Self {
        Self::new(key, InputType::Texts, Change::Replace, doc)
    }

    /// Texts by name, to which the control's are added.
    #[must_use]
    pub const fn table(key: &'static str, doc: &'static str) -> Self {
        Self::new(key, InputType::Table, Change::Extend, doc)
    }

    /// Faults, which the control's replace.
    #[must_use]
    pub const fn rules(key: &'static str, doc: &'static str) -> Self {
        Self::new(key, InputType::Rules, Change::Replace, doc).checked(lint::rules)
    }

    /// `env`: variables that the step sets under `field`.
    #[must_use]
    pub const fn variables(field: &'static str) -> Self {
        let doc = "Further variables";
        let input = Self::new("env", InputType::Table, Change::SetVariables, doc);
        Self { field, ..input }.checked(lint::variables)
    }

    /// `unset`: variables that the step takes away; `field` is where it sets them.
    #[must_use]
    pub const fn unset(field: &'static str) -> Self {
        let doc = "Further variables to take away";
        Self::new("unset", InputType::Texts, Change::UnsetVariables(field), doc)
            .checked(lint::unset)
    }

    /// The same input, which takes the place of other keys of the step.
    #[must_use]
    pub const fn instead_of(self, keys: &'static [&'static str]) -> Self {
        Self { instead_of: keys, ..self }
    }

    /// The same input, with a check of its value.
    #[must_use]
    pub const fn checked(self, check: KeyCheck) -> Self {
        Self { check: Some(check), ..self }
    }

    /// Changes the table of a step.
    pub(crate) fn apply(&self, step: &mut Map<String, Value>, value: &InputValue) {
        for key in self.instead_of {
            step.remove(*key);
        }
        let given = value.to_json();
        match self.change {
            Change::Replace => {
                step.insert(self.field.to_owned(), given);
            }
            Change::Extend => extend(step, self.field, given),
            Change::SetVariables => {
                let set = |name: &Value| {
                    name.as_str()
                        .is_some_and(|name| given.as_object().is_some_and(|g| g.contains_key(name)))
                };
                if let Some(Value::Array(unset)) = step.get_mut("unset") {
                    unset.retain(|name| !set(name));
                }
                extend(step, self.field, given);
            }
            Change::UnsetVariables(field) => {
                let Value::Array(names) = given else { return };
                if let Some(Value::Object(set)) = step.get_mut(field) {
                    set.retain(|name, _| !names.iter().any(|n| n.as_str() == Some(name)));
                }
                match step.get_mut("unset") {
                    Some(Value::Array(unset)) => unset.extend(names),
                    _ => _ = step.insert("unset".to_owned(), Value::Array(names)),
                }
            }
        }
    }
}

/// Adds the entries of a table to those that the step has under a key.
fn extend(step: &mut Map<String, Value>, key: &str, given: Value) {
    match (step.get_mut(key), given) {
        (Some(Value::Object(there)), Value::Object(given)) => there.extend(given),
        (_, given) => _ = step.insert(key.to_owned(), given),
    }
}

/// The value that a control gives for an input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum InputValue {
    /// A text.
    Text(String),
    /// A list of texts.
    Texts(Vec<String>),
    /// Texts by name.
    Table(BTreeMap<String, String>),
    /// A list of faults.
    Rules(Vec<Rule<Template>>),
}

impl InputValue {
    /// Reads a value of a type.
    pub(crate) fn read<'de, D: Deserializer<'de>>(ty: InputType, d: D) -> Result<Self, D::Error> {
        match ty {
            InputType::Text => String::deserialize(d).map(Self::Text),
            InputType::Texts => Vec::deserialize(d).map(Self::Texts),
            InputType::Table => BTreeMap::deserialize(d).map(Self::Table),
            InputType::Rules => Vec::deserialize(d).map(Self::Rules),
        }
    }

    /// The text, where it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::Texts(texts) => texts.iter().cloned().collect(),
            Self::Table(table) => {
                table.iter().map(|(k, v)| (k.clone(), Value::String(v.clone()))).collect()
            }
            // Rules are plain data, which always has a JSON form.
            Self::Rules(rules) => serde_json::to_value(rules).unwrap_or_default(),
        }
    }
}
