//! `inspect`: the facts of an executable, library, object or archive.

use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::rows::plural;
use crate::{Captures, Checks, Evidence, Input, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{BlobRef, Template, TextMatch};
use twinproof_toml::node::{self, Node};

/// Describes a binary, and asserts facts by their names in `twinproof inspect --json`: those of the
/// image, with dots between keys and what is in a list by its own name in brackets
/// (`requirements[libc.so.6 GLIBC].version`). In a fat file or an archive the name of the slice or
/// member and a colon come first (`arm64: machine`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InspectStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Path of the file.
    pub path: Template,
    /// Facts and their values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, Template>,
    /// Facts that it must not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
    /// Text that must be nowhere in it, compressed sections included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<Template>,
    /// Text that must be somewhere in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<Template>,
    /// It cannot be described, and this is a condition on the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<TextMatch>,
    /// Values for later steps: name → a fact.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capture: BTreeMap<String, String>,
}

/// The description of a binary.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InspectSight {
    /// Native path.
    pub path: String,
    /// The whole description, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<BlobRef>,
    /// Its facts by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, String>,
    /// The text that was asked for and is in it, and how often.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub found: BTreeMap<String, u64>,
    /// Why it cannot be described.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl InspectStep {
    /// All text that is looked for.
    pub fn texts(&self) -> impl Iterator<Item = &Template> {
        self.with.iter().chain(&self.without)
    }
}

impl Kind for InspectStep {
    type Seen = InspectSight;
    const EXAMPLE: &'static str = r#"{ inspect = { name = "binary", path = "hello.exe", facts = { format = "pe", "platform.declared" = "windows/amd64" } } }"#;
    const INPUTS: &'static [Input] = &[Input::text("path", "Another path").checked(lint::filled)];
    const SOURCES: &'static [&'static str] = &["inspect"];
    const CAPTURES: Captures = Captures::Anything;

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        !self.facts.is_empty()
            || !self.absent.is_empty()
            || self.texts().next().is_some()
            || self.error.is_some()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        lint::conditions(node::get(body, "error"), lint);
        if self.error.is_some() {
            let why = "nothing can be asserted of a file that cannot be described";
            let said = (node::key_span(body, "error"), "it cannot be described");
            lint::excludes(body, &["facts", "absent", "with", "without"], why, said, lint);
        }
    }

    fn check(&self, seen: &InspectSight, checks: &mut Checks<'_>) {
        let thing = "a file that can be described";
        if !checks.readable("described", thing, seen.error.as_ref(), self.error.as_ref()) {
            return;
        }
        for (fact, wanted) in &self.facts {
            let what = format!("facts.{fact}");
            let Some(wanted) = checks.expand(&what, wanted) else { continue };
            let there = seen.facts.get(fact);
            let actual = there.map_or("no such fact", String::as_str);
            checks.holds(&what, there == Some(&wanted), wanted, actual);
        }
        for fact in &self.absent {
            let there = seen.facts.get(fact);
            let actual = there.map_or("no such fact", String::as_str);
            checks.holds(&format!("absent.{fact}"), there.is_none(), "no such fact", actual);
        }
        for (texts, wanted, key) in [(&self.with, true, "with"), (&self.without, false, "without")]
        {
            for text in texts {
                let what = format!("{key}.{text}");
                let Some(text) = checks.expand(&what, text) else { continue };
                let count = seen.found.get(&text).copied().unwrap_or(0);
                let expected = if wanted { "at least once" } else { "nowhere" };
                checks.holds(
                    &what,
                    (count > 0) == wanted,
                    expected,
                    plural(count, "time", "times"),
                );
            }
        }
    }

    fn capture(&self, seen: &InspectSight, _: Evidence<'_>) -> BTreeMap<String, String> {
        let value = |fact: &String| seen.facts.get(fact).cloned();
        self.capture.iter().filter_map(|(name, fact)| Some((name.clone(), value(fact)?))).collect()
    }

    fn golden(&self, _: &str, seen: &InspectSight, _: Evidence<'_>) -> Result<String, String> {
        match &seen.error {
            Some(error) => Err(error.clone()),
            None => {
                Ok(seen.facts.iter().map(|(fact, value)| format!("{fact} = {value}\n")).collect())
            }
        }
    }
}

impl Seen for InspectSight {
    fn rows(&self) -> Vec<Row<'_>> {
        let mut line = vec![Part::text("inspected "), Part::code(&self.path)];
        if let Some(error) = &self.error {
            line.push(Part::text(format!(": {error}")));
        }
        let mut rows = vec![Row::Line(line)];
        if !self.facts.is_empty() {
            rows.push(Row::Values(None, &self.facts));
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::{InspectSight, InspectStep};
    use crate::kinds::alone::hold;
    use rstest::rstest;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn holds(step: Value, sight: &InspectSight) -> bool {
        hold::<InspectStep>(json!({"path": "x"}), step, sight)
    }

    #[rstest]
    #[case(json!({"facts": {"format": "elf"}}), true)]
    #[case(json!({"facts": {"format": "pe"}}), false)]
    #[case(json!({"facts": {"formats": "elf"}}), false)]
    #[case(json!({"absent": ["linkage.interpreter"]}), true)]
    #[case(json!({"absent": ["format"]}), false)]
    #[case(json!({"with": ["/home"]}), true)]
    #[case(json!({"without": ["/home"]}), false)]
    #[case(json!({"without": ["/srv"]}), true)]
    #[case(json!({"error": {"contains": "truncated"}}), false)]
    fn each_assertion_holds_only_for_what_was_seen(#[case] step: Value, #[case] wanted: bool) {
        let sight = InspectSight {
            path: "x".into(),
            facts: BTreeMap::from([("format".into(), "elf".into())]),
            found: BTreeMap::from([("/home".into(), 2)]),
            ..InspectSight::default()
        };
        assert_eq!(holds(step, &sight), wanted);
    }

    #[rstest]
    #[case(json!({"absent": ["format"]}), false)]
    #[case(json!({"without": ["/home"]}), false)]
    #[case(json!({"error": {"contains": "truncated"}}), true)]
    fn nothing_holds_of_what_cannot_be_described(#[case] step: Value, #[case] wanted: bool) {
        let sight =
            InspectSight { error: Some("ELF: truncated".into()), ..InspectSight::default() };
        assert_eq!(holds(step, &sight), wanted);
    }
}
