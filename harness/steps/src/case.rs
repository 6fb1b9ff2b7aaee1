//! Cases: declarative tests that support or refute claims.

use crate::{Control, GoldenSource, Step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use twinproof_model::Requirement;

/// A case as it is planned and stored: fixtures are expanded, its suite and place are known.
///
/// A suite file's `[[case]]` has the same keys without `suite`, `variables`, `control_variables`, `file`, `line` and
/// `column`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The suite that it belongs to: the folder's name.
    #[serde(default)]
    pub suite: String,
    /// Unique within the suite; lower-case words joined by `-`.
    pub id: String,
    /// Claims that it supports or refutes.
    pub claims: Vec<String>,
    /// One line that says what holds when the case passes.
    pub title: String,
    /// Selectors of environments: a kind, a name, or a pattern.
    pub environments: Vec<String>,
    /// What it requires of the environment; otherwise it does not apply there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Requirement>,
    /// Words to select it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// The SDK's version it is about; the subject's when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    /// Row of the drift table that its first probe fills, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<String>,
    /// Its steps.
    pub step: Vec<Step>,
    /// The proof that it can go red.
    pub control: Control,
    /// Every variable that the texts of its steps refer to, as the loader found them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub variables: BTreeSet<String>,
    /// Every variable that the texts of its control refer to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub control_variables: BTreeSet<String>,
    /// The suite file, relative to the folder of suites, with `/`.
    #[serde(default)]
    pub file: String,
    /// Line of its header in the suite file, from 1.
    #[serde(default)]
    pub line: usize,
    /// Column of its header, from 1, in characters.
    #[serde(default)]
    pub column: usize,
}

impl Case {
    /// `suite/id`: unique over all suites.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}", self.suite, self.id)
    }

    /// Every variable that its texts refer to, those of its control included.
    pub fn all_variables(&self) -> impl Iterator<Item = &str> {
        self.variables.iter().chain(&self.control_variables).map(String::as_str)
    }

    /// The name of the step at `index` in checks: its own, or its number from 1.
    #[must_use]
    pub fn step_name(&self, index: usize) -> String {
        self.step
            .get(index)
            .and_then(|s| s.name().map(str::to_owned))
            .unwrap_or_else(|| (index + 1).to_string())
    }

    /// The index of the step that `reference` means.
    #[must_use]
    pub fn find_step(&self, reference: &StepRef) -> Option<usize> {
        match reference {
            StepRef::Number(n) => {
                let index = n.checked_sub(1)?;
                (index < self.step.len()).then_some(index)
            }
            StepRef::Name(name) => self.step.iter().position(|s| s.name() == Some(name)),
        }
    }

    /// The index of the step that a golden is of.
    #[must_use]
    pub fn golden_step(&self, of: &GoldenSource) -> Option<usize> {
        of.step_in(self.step.iter().map(Step::name))
    }

    /// Whether a golden of the case is of that source of the step at `index`.
    #[must_use]
    pub fn golden_reads(&self, index: usize, source: &str) -> bool {
        self.step.iter().any(|step| match step {
            Step::Golden(golden) => {
                golden.of.source == source && self.golden_step(&golden.of) == Some(index)
            }
            _ => false,
        })
    }
}

/// A step, by its number from 1 or by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum StepRef {
    /// Its number, from 1, after fixtures are expanded.
    Number(usize),
    /// Its name.
    Name(String),
}

impl<'de> Deserialize<'de> for StepRef {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = StepRef;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the number of a step, from 1, or its name")
            }

            fn visit_i64<E: serde::de::Error>(self, n: i64) -> Result<StepRef, E> {
                let bad = |_| E::invalid_value(serde::de::Unexpected::Signed(n), &self);
                usize::try_from(n).map(StepRef::Number).map_err(bad)
            }

            fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<StepRef, E> {
                usize::try_from(n).map(StepRef::Number).map_err(E::custom)
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<StepRef, E> {
                Ok(StepRef::Name(name.to_owned()))
            }
        }
        d.deserialize_any(Visitor)
    }
}

impl std::fmt::Display for StepRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(n) => write!(f, "{n}"),
            Self::Name(name) => f.write_str(name),
        }
    }
}
