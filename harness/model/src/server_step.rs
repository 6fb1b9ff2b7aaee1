//! Steps that start and script servers: the case's origin, the subject, and what they were asked.

use crate::{Rule, TextMatch, ValueMatch};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A module that an origin serves besides the corpus and the crafted ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Module {
    /// Its path, unescaped.
    pub path: String,
    /// Its version, canonical.
    pub version: String,
    /// Its files: name → text. The zip has them below `path@version/`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<String, String>,
    /// Its `.info`; version and a fixed time when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub info: Option<String>,
    /// Its `.mod`; the file `go.mod` when absent, else a `module` line.
    #[serde(default, rename = "mod", skip_serializing_if = "Option::is_none")]
    pub go_mod: Option<String>,
}

/// A checksum database that an origin serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OriginDatabase {
    /// Its own, with every module that it serves.
    #[default]
    Own,
    /// That of cmd/go's tests, with the key that stands in the SDK's `proxy_test.go`.
    CmdGo,
}

impl OriginDatabase {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
    fn is_own(&self) -> bool {
        *self == Self::Own
    }
}

/// Starts the case's origin, an upstream that serves modules and a checksum database of its own and
/// records every request; a second one gives it other rules. It gives the variables `origin`,
/// `origin_tls`, `origin_ca`, `sumdb_name`, `sumdb_key` and `sumdb_url`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OriginStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Modules to serve besides the corpus of the SDK and the crafted ones; only where it is started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub module: Vec<Module>,
    /// The database that the variables and the subject are told of; only where it is started.
    #[serde(default, skip_serializing_if = "OriginDatabase::is_own")]
    pub database: OriginDatabase,
    /// Its faults, in place of those before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rule: Vec<Rule>,
    /// Forgets the requests made so far.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub clear: bool,
}

/// Launches the subject, which is ready when the step is done; a second one ends it and launches it
/// again. It gives the variables `proxy` or `sumdb`, by the kind of the subject, and `store`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SubjectStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its upstream, in GOPROXY's syntax; the case's origin when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upstream: Option<String>,
    /// Settings that its declaration names: setting → value. The case requires `feature:SETTING` of
    /// each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, String>,
    /// Faults that a relay in front of it applies to its answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mutant: Vec<Rule>,
    /// Puts a relay in front of it even without faults, so that what it is asked is recorded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub relay: bool,
    /// Keeps the store that the one before has left; an empty one otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restart: bool,
    /// Ends the one before by force, in the middle of whatever it does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kill: bool,
    /// Seconds until it must be ready; those of its declaration when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
}

/// Whose requests are meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskedOf {
    /// Those that the origin received.
    #[default]
    Origin,
    /// Those that the relay in front of the subject received.
    Subject,
}

impl AskedOf {
    /// The name used in suite files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Subject => "subject",
        }
    }
}

/// Looks at the requests that were made so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Of whom: the origin, or the subject.
    #[serde(default)]
    pub of: AskedOf,
    /// Only those whose target fits this pattern, in which `*` is any run of characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Only those with this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Counts and lists each method and target once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub distinct: bool,
    /// How many there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The least there may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
    /// The most there may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u64>,
    /// All of them as `METHOD target`, in any order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<String>>,
    /// Conditions on headers of each of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub header: BTreeMap<String, ValueMatch>,
}

/// Asks a checksum database as a verifying client does: signatures, inclusion, and consistency with
/// every head that the case has seen under the same key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SumdbStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where the database is, or a proxy's `/sumdb/NAME`.
    pub url: String,
    /// Its verifier key.
    pub key: String,
    /// The module looked up; only the latest head is fetched when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Time limit in seconds; the suite's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
    /// A condition on the go.sum lines of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<TextMatch>,
    /// A condition on the size of the verified head, decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<TextMatch>,
    /// The answer must be refused, and this is a condition on the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<TextMatch>,
}
