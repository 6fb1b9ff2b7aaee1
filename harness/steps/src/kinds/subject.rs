//! `subject`: launches the subject under test.

use crate::info::Variable;
use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::{Checks, Evidence, Input, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{BlobRef, LaunchFailure, Rule, Template, Verdict};
use twinproof_toml::node::Node;

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
    pub upstream: Option<Template>,
    /// Settings that its declaration names: setting → value. The case requires `feature:SETTING` of
    /// each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Template>,
    /// Faults that a relay in front of it applies to its answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mutant: Vec<Rule<Template>>,
    /// Puts a relay in front of it even without faults, so that its requests are recorded.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub relay: bool,
    /// Keeps the store that the one before has left; an empty one otherwise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restart: bool,
    /// Ends the one before by force, in the middle of its work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub kill: bool,
    /// Bytes that its store has room for, in whole pages of memory. The next launch of the subject
    /// finds it empty. The case requires `store-room`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<u64>,
    /// Seconds until it must be ready; those of its declaration when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
}

/// A subject and how its launch went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Launch {
    /// Name of its declaration.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The program and its arguments; empty where it is only an address.
    #[serde(default)]
    pub argv: Vec<String>,
    /// Its whole environment.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Files written for it: path → bytes.
    #[serde(default)]
    pub files: BTreeMap<String, BlobRef>,
    /// The address where it answers itself.
    pub url: String,
    /// The variables that it gives.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Why it is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<LaunchFailure>,
    /// Its log until then, where it is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<BlobRef>,
}

impl Kind for SubjectStep {
    type Seen = Launch;
    const EXAMPLE: &'static str = r#"{ subject = { name = "s" } }"#;
    const INPUTS: &'static [Input] = &[
        Input::rules("mutant", "Other faults in what the subject answers"),
        Input::table("set", "Other settings; those that are not named here stay")
            .checked(lint::settings),
        Input::text("upstream", "Another upstream"),
    ];
    const ENDS: &'static [&'static str] = &["ready"];
    const GIVES: &'static [Variable] = &[
        ("program", "the subject's program"),
        ("proxy", "address of the module proxy that is judged, without a final slash"),
        ("sumdb", "address of the checksum database that is judged, without a final slash"),
        (
            "base",
            "path that every request of the module proxy begins with; empty where there is none",
        ),
        ("authority", "host and port of that address, as a `Host` field has them"),
        ("store", "the folder where the subject keeps what it has"),
        ("sumdb_name", "name of the checksum database that is judged"),
        ("sumdb_key", "its verifier key"),
    ];

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        lint::timeout(body, "timeout", lint);
    }

    /// A subject that ends by itself fails; one that is late may only be slow here.
    fn check(&self, seen: &Launch, checks: &mut Checks<'_>) {
        let expected = format!("{} {} answers", seen.name, seen.version);
        let evidence: Vec<_> = seen.log.iter().collect();
        let said = seen.last_words(checks);
        let (verdict, actual) = match &seen.failure {
            None => (Verdict::Pass, "it does".to_owned()),
            Some(LaunchFailure::Ended { exit }) => {
                let code = exit.map_or_else(|| "no exit code".to_owned(), |c| format!("code {c}"));
                (Verdict::Fail, format!("it ended with {code}{said}"))
            }
            Some(LaunchFailure::Late { seconds, last }) => {
                (Verdict::Inconclusive, format!("not after {seconds} s ({last}){said}"))
            }
        };
        checks.push("ready", verdict, expected, actual, &evidence);
    }

    fn capture(&self, seen: &Launch, _: Evidence<'_>) -> BTreeMap<String, String> {
        seen.variables.clone()
    }
}

impl Launch {
    /// The end of its log, quoted after a comma; nothing where it wrote nothing.
    fn last_words(&self, checks: &Checks<'_>) -> String {
        const SHOWN: usize = 400;
        let log = self.log.as_ref().and_then(|log| checks.bytes(log).ok()).unwrap_or_default();
        let said = String::from_utf8_lossy(&log);
        let said = said.trim_end();
        if said.is_empty() {
            return String::new();
        }
        // The end of it: a program writes last why it ends.
        let skip = said.chars().count().saturating_sub(SHOWN);
        format!(", {:?}", said.chars().skip(skip).collect::<String>())
    }
}

impl Seen for Launch {
    fn rows(&self) -> Vec<Row<'_>> {
        let mut line = vec![
            Part::text(format!("launched {} {} at ", self.name, self.version)),
            Part::code(&self.url),
            Part::text(": "),
        ];
        match &self.failure {
            None => line.push(Part::text("ready")),
            Some(LaunchFailure::Ended { exit: Some(code) }) => {
                line.push(Part::text(format!("it ended with exit code {code}")));
            }
            Some(LaunchFailure::Ended { exit: None }) => line.push(Part::text("it ended")),
            Some(LaunchFailure::Late { seconds, last }) => {
                line.push(Part::text(format!("not ready after {seconds} s: ")));
                line.push(Part::code(last));
            }
        }
        let mut rows = vec![Row::Line(line)];
        if !self.argv.is_empty() {
            let program = vec![Row::Program { argv: &self.argv, env: &self.env }];
            rows.push(Row::Folded("Arguments and environment".to_owned(), program));
        }
        rows.push(Row::Values(Some("What it gives"), &self.variables));
        rows.extend(self.files.iter().map(|(path, blob)| Row::blob(path, blob)));
        rows.extend(self.log.iter().map(|log| Row::blob("log", log)));
        rows
    }
}
