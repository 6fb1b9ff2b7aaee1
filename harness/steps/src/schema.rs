//! JSON Schemas of the files that people and programs read and write.

use crate::{Case, Control, RunRecord, Step};
use schemars::{JsonSchema, Schema, schema_for};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{
    ClaimFile, ClassFile, ExpectationFile, FloorFile, NormaliserFile, Requirement, Results,
};

/// A suite file, as an author writes it. It describes the format to editors; the loader reads it
/// piece by piece, so that it can report every mistake of a file at once.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuiteFile {
    /// Files with fixtures and variables to take over, relative to this one.
    #[serde(default)]
    pub include: Vec<String>,
    /// Variables for the steps: name → text.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Step lists for `{ use = "NAME" }`.
    #[serde(default)]
    pub fixture: BTreeMap<String, Fixture>,
    /// The cases.
    #[serde(default)]
    pub case: Vec<SuiteCase>,
}

/// A list of steps with a name.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// The steps.
    pub step: Vec<Step>,
}

/// A case, as an author writes it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SuiteCase {
    /// Unique within the suite; lower-case words joined by `-`.
    pub id: String,
    /// Claims that it supports or refutes.
    pub claims: Vec<String>,
    /// One line that says what holds when the case passes.
    pub title: String,
    /// Selectors of environments: a kind, a name, or a pattern.
    pub environments: Vec<String>,
    /// Requirements of the environment.
    #[serde(default)]
    pub requires: Vec<Requirement>,
    /// Words to select it by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// The SDK's version it is about.
    #[serde(default)]
    pub sdk: Option<String>,
    /// Row of the drift table that its first probe fills.
    #[serde(default)]
    pub drift: Option<String>,
    /// Its steps.
    pub step: Vec<Step>,
    /// The proof that it can go red.
    pub control: Control,
}

/// Every schema, by file name.
#[must_use]
pub fn all() -> Vec<(&'static str, Schema)> {
    vec![
        ("suite.json", schema_for!(SuiteFile)),
        ("claims.json", schema_for!(ClaimFile)),
        ("classes.json", schema_for!(ClassFile)),
        ("normalisers.json", schema_for!(NormaliserFile)),
        ("expectations.json", schema_for!(ExpectationFile)),
        ("floors.json", schema_for!(FloorFile)),
        ("case.json", schema_for!(Case)),
        ("record.json", schema_for!(RunRecord)),
        ("results.json", schema_for!(Results)),
    ]
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_schema_has_a_title_and_properties() {
        for (name, schema) in super::all() {
            let json = schema.to_value();
            assert!(json["title"].is_string(), "{name}");
            assert!(json["properties"].is_object(), "{name}");
        }
    }
}
