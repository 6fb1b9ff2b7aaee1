//! Expectations: known divergences, beside the suites, with a reason, an owner and an end.

use crate::Requirement;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The effect of an expectation on a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// The check fails; should it hold, the expectation is stale and the run fails.
    Xfail,
    /// The check may fail; it is not reported until the expectation expires.
    Waived,
}

/// One known divergence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// `suite/id` of the case, or a pattern of several; each of them is expected to diverge.
    pub case: String,
    /// The check, as results name it (`install.stdout`); every check of the case when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// Selectors of environments; all when absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environments: Vec<String>,
    /// Conditions on the environment; all must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Requirement>,
    /// Pattern of the subject; all when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Its effect on the check.
    pub expect: Expected,
    /// Why it diverges.
    pub reason: String,
    /// Where it is discussed.
    pub link: String,
    /// The person or team responsible for it.
    pub owner: String,
    /// The last day on which it holds, `YYYY-MM-DD`.
    pub expires: Date,
}

/// A file of `suites/expectations/`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectationFile {
    /// All of them.
    #[serde(default)]
    pub expectation: Vec<Expectation>,
}

/// A calendar date, `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Date(pub jiff::civil::Date);

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl JsonSchema for Date {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Date".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date" })
    }
}
