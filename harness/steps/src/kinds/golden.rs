//! `golden`: compares with a normalised snapshot. The judge does this with the whole record at hand.

use crate::kind::{Kind, Seen};
use crate::lint::Lint;
use crate::{Checks, GoldenSource, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use twinproof_toml::node::{self, Node};

/// Compares with a golden: a normalised snapshot under `golden/`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoldenStep {
    /// Tells several goldens of a case apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What: `stdout:STEP`, `stderr:STEP`, `probe:STEP`, `tree:STEP`, `file:STEP`, `body:STEP` or
    /// `requests:STEP`, where STEP is the name of an earlier step.
    pub of: GoldenSource,
    /// Normalisers, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub normalize: Vec<String>,
}

/// A golden is compared by the judge, with what earlier steps saw.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GoldenSight {}

impl Kind for GoldenStep {
    type Seen = GoldenSight;
    const EXAMPLE: &'static str = r#"{ golden = { of = "tree:bin" } }"#;

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        true
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        lint.listed(body, "normalize", true);
        let normalisers = lint.context.normalisers;
        for (name, span) in node::texts(node::get(body, "normalize")) {
            if !normalisers.contains(name) {
                let message = format!("unknown normaliser `{name}`");
                let draft = lint.draft("unknown-normaliser", &message, span);
                let valid = normalisers.iter().map(String::as_str);
                lint.add(draft.suggest(name, valid, "normalisers"));
            }
        }
    }

    fn check(&self, _: &GoldenSight, _: &mut Checks<'_>) {}
}

impl Seen for GoldenSight {
    fn rows(&self) -> Vec<Row<'_>> {
        vec![Row::Line(vec![Part::text("compared with a golden")])]
    }
}
