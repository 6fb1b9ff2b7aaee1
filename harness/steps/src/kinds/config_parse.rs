//! `parse`: the settings that WSL takes from a wsl.conf or .wslconfig, by its own rules.

use crate::kind::{Kind, Seen};
use crate::lint;
use crate::{Checks, Evidence, Input, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Display;
use twinproof_model::Template;

/// Reads a configuration file as WSL does, without a WSL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParseStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Path of the file.
    pub path: Template,
    /// The file of WSL that it is read as.
    #[serde(rename = "as")]
    pub dialect: ParseDialect,
    /// All settings that are not the defaults afterwards: name → value as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<BTreeMap<String, Template>>,
    /// All messages of WSL, in any order; the file is called `F` in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<Template>>,
    /// The outcome of reading the file as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<ParseOutcome>,
}

/// A file of WSL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ParseDialect {
    /// `/etc/wsl.conf`.
    #[serde(rename = "wsl.conf")]
    WslConf,
    /// `%USERPROFILE%\.wslconfig`.
    #[serde(rename = ".wslconfig")]
    WslConfig,
}

/// The outcome of reading a file as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParseOutcome {
    /// It is read to its end.
    #[default]
    Whole,
    /// Reading ends at a line that cannot be read.
    Stopped,
    /// The whole file is refused, and WSL does not start.
    Refused,
    /// It cannot be opened.
    Unopened,
    /// Reading it ends init.
    Aborted,
}

impl ParseOutcome {
    /// The name used in suite files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Stopped => "stopped",
            Self::Refused => "refused",
            Self::Unopened => "unopened",
            Self::Aborted => "aborted",
        }
    }
}

/// The result of reading a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParseSight {
    /// Native path.
    pub path: String,
    /// The outcome of reading the file.
    pub outcome: ParseOutcome,
    /// The settings that are not the defaults.
    pub config: BTreeMap<String, String>,
    /// The messages, in order.
    pub warnings: Vec<String>,
    /// Why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Kind for ParseStep {
    type Seen = ParseSight;
    const EXAMPLE: &'static str = r#"{ parse = { name = "dns", path = "wsl.conf", as = "wsl.conf", config = { "network.generateResolvConf" = "false" }, warnings = [] } }"#;
    const INPUTS: &'static [Input] = &[Input::text("path", "Another path").checked(lint::filled)];
    const SOURCES: &'static [&'static str] = &["parse"];

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        self.config.is_some() || self.warnings.is_some() || self.outcome.is_some()
    }

    fn check(&self, seen: &ParseSight, checks: &mut Checks<'_>) {
        if !checks.readable("parsed", "a file that can be parsed", seen.error.as_ref(), None) {
            return;
        }
        if let Some(outcome) = self.outcome {
            checks.holds(
                "outcome",
                seen.outcome == outcome,
                outcome.as_str(),
                seen.outcome.as_str(),
            );
        }
        if let Some(wanted) = &self.config {
            let mut there: Vec<String> = seen.config.iter().map(setting).collect();
            there.sort();
            // A setting's name has no `${`, and its value was taken apart before.
            let wanted = wanted.iter().map(setting).map(Template::parse);
            let wanted: Vec<Template> = wanted.filter_map(Result::ok).collect();
            checks.list("config", &wanted, Ok(&there), "settings", &[]);
        }
        if let Some(wanted) = &self.warnings {
            let mut there = seen.warnings.clone();
            there.sort();
            checks.list("warnings", wanted, Ok(&there), "messages", &[]);
        }
    }

    fn golden(&self, _: &str, seen: &ParseSight, _: Evidence<'_>) -> Result<String, String> {
        if let Some(error) = &seen.error {
            return Err(error.clone());
        }
        let settings = seen.config.iter().map(|all| setting(all) + "\n");
        let warnings = seen.warnings.iter().map(|warning| format!("{warning}\n"));
        Ok(settings.chain(warnings).collect())
    }
}

/// A setting as checks and goldens write it.
fn setting((name, value): (&String, &impl Display)) -> String {
    format!("{name}={value}")
}

impl Seen for ParseSight {
    fn rows(&self) -> Vec<Row<'_>> {
        let outcome = self.error.as_deref().unwrap_or(self.outcome.as_str());
        let line = vec![
            Part::text("read "),
            Part::code(&self.path),
            Part::text(format!(" as WSL does: {outcome}")),
        ];
        let mut rows = vec![Row::Line(line)];
        if !self.config.is_empty() {
            rows.push(Row::Values(None, &self.config));
        }
        rows.extend(self.warnings.iter().map(|warning| Row::Line(vec![Part::code(warning)])));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::{ParseOutcome, ParseSight, ParseStep};
    use crate::kinds::alone::hold;
    use rstest::rstest;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    #[rstest]
    #[case(json!({"config": {"boot.systemd": "true"}}), true)]
    #[case(json!({"config": {}}), false)]
    #[case(json!({"warnings": ["w2", "w1"]}), true)]
    #[case(json!({"warnings": ["w1"]}), false)]
    #[case(json!({"outcome": "stopped"}), true)]
    #[case(json!({"outcome": "whole"}), false)]
    fn each_assertion_holds_only_for_what_was_seen(#[case] step: Value, #[case] holds: bool) {
        let always = json!({"path": "wsl.conf", "as": "wsl.conf"});
        let sight = ParseSight {
            path: "/w/wsl.conf".to_owned(),
            outcome: ParseOutcome::Stopped,
            config: BTreeMap::from([("boot.systemd".to_owned(), "true".to_owned())]),
            warnings: vec!["w2".to_owned(), "w1".to_owned()],
            error: None,
        };
        assert_eq!(hold::<ParseStep>(always.clone(), step.clone(), &sight), holds);
        let absent = ParseSight { error: Some("there is no file x".to_owned()), ..sight };
        assert!(!hold::<ParseStep>(always, step, &absent));
    }
}
