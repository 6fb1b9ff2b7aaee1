//! Cases: declarative tests that support or refute claims.

use crate::{Requirement, Rule, Step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A case as it is planned and stored: fixtures are expanded, its suite and place are known.
///
/// A suite file's `[[case]]` has the same keys without `suite`, `file`, `line` and `column`.
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

/// A mutation of one step's *input* under which the case must fail. Only keys that the step's kind
/// has may be given; assertions cannot be touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Control {
    /// Which step.
    pub step: StepRef,
    /// Leaves the step out.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remove: bool,
    /// Other arguments (run, go).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub args: Option<Vec<String>>,
    /// Further variables (run, go, env, probe).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Further variables to take away (run, go, env, probe).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unset: Vec<String>,
    /// Another program (run).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Another SDK (go, probe).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    /// Another current directory (run, go, probe).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Another standard input (run, go).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// Another path (write, file, tree, probe, requests).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Another text (write).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Other bytes (write, raw).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Another target (write).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symlink: Option<String>,
    /// Other permission bits (write).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Another place to look (canary).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<String>,
    /// Another address (http, raw, sumdb).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Another method (http).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Further headers sent (http).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Another client's certificate (http).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cert: Option<String>,
    /// Another key of the client's certificate (http), or of the database (sumdb).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Something else to send (raw).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send: Option<String>,
    /// Another module (sumdb).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Another version (sumdb).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Other faults (origin).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<Rule>,
    /// Other faults in what the subject answers (subject).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mutant: Vec<Rule>,
    /// Other settings (subject); those that are not named here stay.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// Another upstream (subject).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// The check that must turn red; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turns: Option<String>,
}
