//! `env`: sets or unsets variables for the steps after it.

use crate::kind::{Kind, Seen};
use crate::lint::Lint;
use crate::{Checks, Input, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::Template;
use twinproof_toml::node::{self, Node};

/// Sets or unsets variables for the steps after it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnvStep {
    /// A name for controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Variables set.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Template>,
    /// Variables taken away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unset: Vec<String>,
}

/// Variables changed. Each program's own observation has its variables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvChange {}

impl Kind for EnvStep {
    type Seen = EnvChange;
    const EXAMPLE: &'static str =
        r#"{ env = { set = { GOBIN = "${work}${sep}bin" }, unset = ["GOFLAGS"] } }"#;
    const INPUTS: &'static [Input] = &[Input::variables("set"), Input::unset("set")];

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        let empty = node::table(body).is_some_and(|t| t.len() <= 1);
        if self.set.is_empty() && self.unset.is_empty() && empty {
            let draft = lint.draft("no-effect", "this `env` step does nothing", body.span());
            lint.add(draft.help("give `set` or `unset`"));
        }
    }

    fn check(&self, _: &EnvChange, _: &mut Checks<'_>) {}
}

impl Seen for EnvChange {
    fn rows(&self) -> Vec<Row<'_>> {
        vec![Row::Line(vec![Part::text("changed variables")])]
    }
}
