//! `diff`: why two binaries differ.

use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::{Captures, Checks, Evidence, Input, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{BlobRef, Template, TextMatch};
use twinproof_toml::node::{self, Node};

/// Compares two binaries as `twinproof diff` does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DiffStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The first file.
    pub a: Template,
    /// The second file.
    pub b: Template,
    /// The kind of difference: `identical`, `only_ids`, `inputs_differ`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// A condition on the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<TextMatch>,
    /// The parts of Go's build ID that differ, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_parts: Option<Vec<Template>>,
    /// The sections that differ, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sections: Option<Vec<Template>>,
    /// Facts that differ, among others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<String>,
    /// Values for later steps: name → `verdict`, `cause` or `remedy`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capture: BTreeMap<String, String>,
}

/// Why two binaries differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DiffSight {
    /// Native path of the first file.
    pub a: String,
    /// Native path of the second file.
    pub b: String,
    /// The whole comparison, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comparison: Option<BlobRef>,
    /// The kind of difference.
    #[serde(default)]
    pub verdict: String,
    /// The cause.
    #[serde(default)]
    pub cause: String,
    /// A change that makes them equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The parts of Go's build ID that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub id_parts: Vec<String>,
    /// The sections that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<String>,
    /// The facts that differ.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<String>,
    /// Why they cannot be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The kinds of difference, as `twinproof diff --json` names them.
const VERDICTS: [&str; 11] = [
    "identical",
    "only_ids",
    "only_timestamps",
    "only_signature",
    "only_debug",
    "metadata_differs",
    "inputs_differ",
    "data_differs",
    "code_differs",
    "other_platform",
    "other_format",
];

impl Kind for DiffStep {
    type Seen = DiffSight;
    const EXAMPLE: &'static str = r#"{ diff = { name = "builds", a = "one/hello", b = "two/hello", verdict = "identical" } }"#;
    const INPUTS: &'static [Input] = &[
        Input::text("a", "Another first file").checked(lint::filled),
        Input::text("b", "Another second file").checked(lint::filled),
    ];
    const SOURCES: &'static [&'static str] = &["diff"];
    const CAPTURES: Captures = Captures::Names(&["verdict", "cause", "remedy"]);

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        self.verdict.is_some()
            || self.cause.is_some()
            || self.id_parts.is_some()
            || self.sections.is_some()
            || !self.facts.is_empty()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        lint::conditions(node::get(body, "cause"), lint);
    }

    fn check(&self, seen: &DiffSight, checks: &mut Checks<'_>) {
        let thing = "two files that can be compared";
        if !checks.readable("compared", thing, seen.error.as_ref(), None) {
            return;
        }
        if let Some(verdict) = &self.verdict {
            let known = VERDICTS.contains(&verdict.as_str());
            let expected =
                if known { verdict.clone() } else { format!("one of {}", VERDICTS.join(", ")) };
            checks.holds(
                "verdict",
                seen.verdict == *verdict,
                expected,
                format!("{}: {}", seen.verdict, seen.cause),
            );
        }
        if let Some(cause) = &self.cause {
            checks.text("cause", cause, Ok(seen.cause.clone()), &[]);
        }
        let list = |checks: &mut Checks<'_>,
                    what,
                    wanted: &Option<Vec<Template>>,
                    there: &[String],
                    noun| {
            if let Some(wanted) = wanted {
                let mut there = there.to_vec();
                there.sort();
                checks.list(what, wanted, Ok(&there), noun, &[]);
            }
        };
        list(checks, "id_parts", &self.id_parts, &seen.id_parts, "parts");
        list(checks, "sections", &self.sections, &seen.sections, "sections");
        for fact in &self.facts {
            let there = seen.facts.contains(fact);
            let actual = if there { "it differs" } else { "it is equal" };
            checks.holds(&format!("facts.{fact}"), there, "it differs", actual);
        }
    }

    fn capture(&self, seen: &DiffSight, _: Evidence<'_>) -> BTreeMap<String, String> {
        let value = |what: &str| match what {
            "verdict" => Some(seen.verdict.clone()),
            "cause" => Some(seen.cause.clone()),
            _ => seen.remedy.clone(),
        };
        self.capture.iter().filter_map(|(name, what)| Some((name.clone(), value(what)?))).collect()
    }

    fn golden(&self, _: &str, seen: &DiffSight, _: Evidence<'_>) -> Result<String, String> {
        match &seen.error {
            Some(error) => Err(error.clone()),
            None => {
                let lines = seen.sections.iter().map(|s| format!("section {s}"));
                let facts = seen.facts.iter().map(|fact| format!("fact {fact}"));
                let all: Vec<String> =
                    [seen.cause.clone()].into_iter().chain(lines).chain(facts).collect();
                Ok(all.join("\n") + "\n")
            }
        }
    }
}

impl Seen for DiffSight {
    fn rows(&self) -> Vec<Row<'_>> {
        let said = self.error.as_deref().unwrap_or(&self.cause);
        let mut rows = vec![Row::Line(vec![
            Part::text("compared "),
            Part::code(&self.a),
            Part::text(" with "),
            Part::code(&self.b),
            Part::text(format!(": {said}")),
        ])];
        if let Some(remedy) = &self.remedy {
            rows.push(Row::Line(vec![Part::text("equal with "), Part::code(remedy)]));
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::{DiffSight, DiffStep};
    use crate::kinds::alone::hold;
    use rstest::rstest;
    use serde_json::{Value, json};

    fn holds(step: Value, sight: &DiffSight) -> bool {
        hold::<DiffStep>(json!({"a": "x", "b": "y"}), step, sight)
    }

    #[rstest]
    #[case(json!({"verdict": "only_ids"}), true)]
    #[case(json!({"verdict": "identical"}), false)]
    #[case(json!({"verdict": "no_such"}), false)]
    #[case(json!({"id_parts": ["link action"]}), true)]
    #[case(json!({"id_parts": []}), false)]
    #[case(json!({"sections": [".note.go.buildid"]}), true)]
    #[case(json!({"facts": ["go.version"]}), false)]
    fn each_assertion_holds_only_for_what_was_seen(#[case] step: Value, #[case] wanted: bool) {
        let sight = DiffSight {
            verdict: "only_ids".into(),
            id_parts: vec!["link action".into()],
            sections: vec![".note.go.buildid".into()],
            ..DiffSight::default()
        };
        assert_eq!(holds(step.clone(), &sight), wanted);
        let failed = DiffSight { error: Some("b: ELF: truncated".into()), ..sight };
        assert!(!holds(step, &failed));
    }
}
