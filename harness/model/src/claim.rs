//! Claims: statements that can be true or false, and the registry `suites/claims.toml`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The requirement level of a claim (RFC 2119).
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// A violation makes the subject non-conformant.
    Must,
    /// A violation needs a reason.
    Should,
    /// Optional behaviour; measured and reported.
    May,
}

impl Level {
    /// The name used in files and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Must => "must",
            Self::Should => "should",
            Self::May => "may",
        }
    }
}

/// Whether a statement of the source document is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DocumentVerdict {
    /// True as stated.
    Confirmed,
    /// False; the claim's `truth` says why.
    Refuted,
    /// True in part; the claim's `truth` says which.
    Imprecise,
    /// True in some environments only.
    Depends,
    /// No case can decide it.
    Untestable,
}

/// One statement that can be true or false.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// `SRC-01` … for the source document's statements, `PATH-001` … for a suite's own.
    pub id: String,
    /// The statement, in English. For a `SRC` claim: what the document says.
    pub statement: String,
    /// What is true. Cases assert this, never a statement that was found wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth: Option<String>,
    /// Whether the document's statement is true; only for `SRC` claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentVerdict>,
    /// The reference for the statement or the truth: a section, a source line, an issue.
    pub reference: String,
    /// Address of the normative source: a specification, a design, or the source of the program whose
    /// behaviour is the rule. A `must` that servers of other people are held to cannot do without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Its requirement level (RFC 2119).
    pub level: Level,
    /// The suite whose cases decide it.
    pub suite: String,
}

/// `suites/claims.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimFile {
    /// All claims.
    #[serde(default)]
    pub claim: Vec<Claim>,
}
