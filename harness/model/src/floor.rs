//! Floors: how much of a suite must have been decided, committed with the suites, so that a run in
//! which most things could not run cannot look like a success.

use crate::Capability;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The least number of cases of a suite that must pass in an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// The suite.
    pub suite: String,
    /// Selector of environments; each of them has this floor.
    pub environment: String,
    /// Cases with the verdict `pass` or `xfail`.
    pub pass: u64,
    /// Whether the floor holds where the environment is absent too. Otherwise an absent environment
    /// meets it unless the run requires that environment.
    #[serde(default)]
    pub always: bool,
    /// Capabilities of the environment without which the floor does not apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Capability>,
}

/// `suites/floors.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FloorFile {
    /// All floors.
    #[serde(default)]
    pub floor: Vec<Floor>,
}
