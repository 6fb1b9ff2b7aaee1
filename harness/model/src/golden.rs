//! Equivalence classes of environments and shared normalisers: the two files that goldens rest on.

use crate::Requirement;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A class of environments that share goldens. An environment is in the first class of the file
/// that fits it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// The part of a golden's name after `@`.
    pub name: String,
    /// Selectors of environments.
    pub environments: Vec<String>,
    /// Conditions on the environment; all must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Requirement>,
    /// Why these are one class, and why they differ from the others.
    pub reason: String,
}

/// `suites/classes.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassFile {
    /// All classes, the more special first.
    #[serde(default)]
    pub class: Vec<Class>,
}

/// A replacement that takes out of a snapshot what may differ from run to run. It has either a
/// `variable` or a `regex`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Normaliser {
    /// The name that golden steps use.
    pub name: String,
    /// A variable whose value is replaced wherever it stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// A regular expression whose matches are replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// The replacement; `$1` stands for the first group of a regular expression.
    pub replace: String,
    /// Why this may differ.
    pub reason: String,
}

/// `suites/normalisers.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NormaliserFile {
    /// All normalisers.
    #[serde(default)]
    pub normaliser: Vec<Normaliser>,
}
