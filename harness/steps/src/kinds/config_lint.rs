//! `lint`: the findings of `config lint` in files of the work directory, and the files after its
//! fixes.

use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::{Checks, Evidence, Input, Item, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{Exhibit, Template};
use twinproof_toml::names;
use twinproof_toml::node::{self, Node};

/// Checks configuration files of the work directory together, as `twinproof config lint` does.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LintStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The files: paths in the work directory, or files beside the suite's where `suite` is set.
    pub files: Vec<Template>,
    /// The files are beside the suite's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suite: bool,
    /// The release of WSL that they are for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wsl_version: Option<String>,
    /// Everything that is found, in any order: `RULE FILE:LINE:COLUMN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<Vec<Template>>,
    /// Claims of the source document that the findings are about, all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claims: Option<Vec<Template>>,
    /// Whole texts of files after all fixes: path → text. Of a file that no fix changes it is its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fixed: BTreeMap<String, Template>,
}

/// The result of linting files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LintSight {
    /// The files, as the step names them.
    pub files: Vec<String>,
    /// The findings, in the order of files and places.
    pub findings: Vec<LintFinding>,
    /// The texts of all files after fixes.
    pub fixed: BTreeMap<String, String>,
    /// Go's policy of each twin among the files, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<LintPolicy>,
    /// Why the files could not be checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A setting of Go's policy in each twin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LintPolicy {
    /// The setting.
    pub setting: String,
    /// Its value by file; none where the file does not set it.
    pub values: BTreeMap<String, Option<String>>,
    /// Whether all values have the same effect, defaults included.
    pub same: bool,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LintFinding {
    /// The rule.
    pub rule: String,
    /// `error`, `warning` or `note`.
    pub level: String,
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// The problem.
    pub message: String,
    /// The effect of the problem.
    pub effect: String,
    /// The fix, where it is certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// Claims of the source document that the rule is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<String>,
}

impl LintFinding {
    /// `RULE FILE:LINE:COLUMN`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{} {}:{}:{}", self.rule, self.file, self.line, self.column)
    }
}

impl Kind for LintStep {
    type Seen = LintSight;
    const EXAMPLE: &'static str = r#"{ lint = { name = "lint", files = ["wsl.conf"], findings = ["CONF-026 wsl.conf:5:2"] } }"#;
    const INPUTS: &'static [Input] = &[
        Input::texts("files", "Other files"),
        Input::text("wsl_version", "Another release of WSL").checked(lint::filled),
    ];
    const SOURCES: &'static [&'static str] = &["lint"];

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        self.findings.is_some() || self.claims.is_some() || !self.fixed.is_empty()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        lint.listed(body, "files", true);
        for (name, _) in
            node::get(body, "fixed").and_then(node::table).into_iter().flat_map(|t| t.iter())
        {
            let name = name.get_ref().as_ref();
            if !self.files.iter().any(|file| file.as_str() == name) {
                let message = format!("`{name}` is none of the files that are checked");
                let draft = lint.draft("lint-file", &message, node::key_span(body, "fixed"));
                let files: Vec<&str> = self.files.iter().map(Template::as_str).collect();
                lint.add(draft.help(format!("there are {}", names::list(&files))));
            }
        }
    }

    fn check(&self, seen: &LintSight, checks: &mut Checks<'_>) {
        if !checks.readable("lint", "files that can be checked", seen.error.as_ref(), None) {
            return;
        }
        let sorted = |mut all: Vec<String>| {
            all.sort();
            all
        };
        if let Some(wanted) = &self.findings {
            let places = sorted(seen.findings.iter().map(LintFinding::place).collect());
            checks.list("findings", wanted, Ok(&places), "findings", &[]);
        }
        if let Some(wanted) = &self.claims {
            let mut claims = sorted(seen.findings.iter().flat_map(|f| f.claims.clone()).collect());
            // Several findings may catch one mistake of the document.
            claims.dedup();
            checks.list("claims", wanted, Ok(&claims), "claims", &[]);
        }
        for (name, wanted) in &self.fixed {
            let Some(wanted) = checks.expand("fixed", wanted) else { continue };
            let actual = seen.fixed.get(name).cloned();
            let (holds, shown) = match actual {
                Some(text) => (text == wanted, text),
                None => (false, "no such file".to_owned()),
            };
            checks.holds(&format!("fixed.{name}"), holds, wanted, shown);
        }
    }

    fn exhibits(&self, seen: &LintSight, _: Evidence<'_>, _: u64) -> Vec<Exhibit> {
        let found = seen.findings.iter().map(|f| Exhibit::Finding {
            rule: f.rule.clone(),
            level: f.level.clone(),
            place: format!("{}:{}:{}", f.file, f.line, f.column),
            message: f.message.clone(),
            effect: f.effect.clone(),
            fix: f.fix.clone(),
        });
        let policies = seen.policies.iter().map(|policy| Exhibit::Policy {
            setting: policy.setting.clone(),
            values: policy.values.clone(),
            same: policy.same,
        });
        found.chain(policies).collect()
    }

    fn golden(&self, _: &str, seen: &LintSight, _: Evidence<'_>) -> Result<String, String> {
        if let Some(error) = &seen.error {
            return Err(error.clone());
        }
        let line = |f: &LintFinding| format!("{} {}: {}\n", f.place(), f.level, f.message);
        Ok(seen.findings.iter().map(line).collect())
    }
}

impl Seen for LintSight {
    fn rows(&self) -> Vec<Row<'_>> {
        let count = self.findings.len();
        let mut line = vec![Part::text("checked ")];
        for (index, file) in self.files.iter().enumerate() {
            if index > 0 {
                line.push(Part::text(", "));
            }
            line.push(Part::code(file));
        }
        line.push(Part::text(format!(": {count} found")));
        if let Some(error) = &self.error {
            line.extend([Part::text("; not done: "), Part::code(error)]);
        }
        vec![Row::Line(line), Row::List(self.findings.iter().map(LintFinding::item).collect())]
    }
}

impl LintFinding {
    fn item(&self) -> Item<'_> {
        let mut line = vec![
            Part::strong(self.place()),
            Part::text(format!(" {}: ", self.level)),
            Part::code(&self.message),
            Part::text(format!(". {}", self.effect)),
        ];
        if let Some(fix) = &self.fix {
            line.extend([Part::text(" Fix: "), Part::code(fix)]);
        }
        Item { line, blob: None }
    }
}

#[cfg(test)]
mod tests {
    use super::{LintFinding, LintSight, LintStep};
    use crate::kinds::alone::hold;
    use rstest::rstest;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn sight() -> LintSight {
        let finding = LintFinding {
            rule: "CONF-029".to_owned(),
            level: "error".to_owned(),
            file: "wsl.conf".to_owned(),
            line: 2,
            column: 9,
            message: "m".to_owned(),
            effect: "e".to_owned(),
            fix: None,
            claims: vec!["SRC-53".to_owned()],
        };
        LintSight {
            files: vec!["wsl.conf".to_owned()],
            findings: vec![finding],
            fixed: BTreeMap::from([("wsl.conf".to_owned(), "a\n".to_owned())]),
            ..LintSight::default()
        }
    }

    #[rstest]
    #[case(json!({"findings": ["CONF-029 wsl.conf:2:9"]}), true)]
    #[case(json!({"findings": []}), false)]
    #[case(json!({"findings": ["CONF-029 wsl.conf:2:8"]}), false)]
    #[case(json!({"claims": ["SRC-53"]}), true)]
    #[case(json!({"claims": []}), false)]
    #[case(json!({"fixed": {"wsl.conf": "a\n"}}), true)]
    #[case(json!({"fixed": {"wsl.conf": "b\n"}}), false)]
    fn each_assertion_holds_only_for_what_was_seen(#[case] step: Value, #[case] holds: bool) {
        assert_eq!(hold::<LintStep>(json!({"files": ["wsl.conf"]}), step, &sight()), holds);
    }
}
