//! `script`: runs a script of cmd/go's own tests against the subject.

use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::rows::plural;
use crate::{Checks, Input, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{BlobRef, Template, Verdict};
use twinproof_toml::node::{self, Node};

/// Runs a script of cmd/go's own tests with the case's SDK: `$GOPROXY` is the subject, `$GOSUMDB` the
/// database of those tests. It needs an origin with `database = "cmd-go"` and a subject before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The script: its file in the SDK's `src/cmd/go/testdata/script`, without `.txt`.
    pub script: String,
    /// Whether the checksum database must come by way of the subject. Otherwise it does where the
    /// subject passes it on, and comes from the origin where it does not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub database: bool,
    /// Variables set after those that every script begins with.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, Template>,
    /// Time limit of the whole script in seconds; 900 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
}

/// A script that was run to its end, or to its first line that did not end as it must.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScriptRun {
    /// The script's name.
    pub script: String,
    /// GOPROXY at its beginning.
    pub proxy: String,
    /// Whether the checksum database came by way of the subject.
    pub database: bool,
    /// How often it ran the go command.
    pub go_runs: u32,
    /// The line that did not end as it must; absent where the script passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<ScriptFailure>,
    /// Every line that was run and its output.
    pub transcript: BlobRef,
}

/// The line of a script that did not end as it must.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScriptFailure {
    /// Its number, from 1.
    pub line: usize,
    /// The line itself.
    pub command: String,
    /// The error.
    pub message: String,
}

impl Kind for ScriptStep {
    type Seen = ScriptRun;
    const EXAMPLE: &'static str =
        r#"{ script = { name = "run", script = "mod_import_v1suffix" } }"#;
    const INPUTS: &'static [Input] = &[Input::table("env", "Further variables")];

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        true
    }

    fn needs_sdk(&self) -> bool {
        true
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        lint::timeout(body, "timeout", lint);
        // The name becomes part of a path in the SDK.
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+');
        if self.script.is_empty() || !self.script.bytes().all(plain) {
            let message = format!("`{}` is no script's name", self.script.escape_debug());
            let draft = lint.draft("bad-name", &message, node::value_span(body, "script"));
            let help = "write the name of its file without `.txt`, like `mod_proxy_list`";
            lint.add(draft.help(help));
        }
    }

    /// The script's verdict, and whose database it had.
    fn check(&self, seen: &ScriptRun, checks: &mut Checks<'_>) {
        let (verdict, actual) = match &seen.failure {
            Some(f) => (Verdict::Fail, format!("line {}: {}: {}", f.line, f.command, f.message)),
            None => (Verdict::Pass, format!("passed, with {} runs of go", seen.go_runs)),
        };
        let expected = format!("every line of {} ends as it must", seen.script);
        checks.push("script", verdict, expected, actual, &[&seen.transcript]);
        if self.database {
            let by = |subject| if subject { "by way of the subject" } else { "from the origin" };
            checks.holds("database", seen.database, by(true), by(seen.database));
        }
    }
}

impl Seen for ScriptRun {
    fn rows(&self) -> Vec<Row<'_>> {
        let database = if self.database { "by way of the subject" } else { "from the origin" };
        let mut line = vec![
            Part::text("ran the script "),
            Part::code(&self.script),
            Part::text(" with GOPROXY="),
            Part::code(&self.proxy),
            Part::text(format!(", the checksum database {database}: ")),
        ];
        match &self.failure {
            Some(f) => line.extend([
                Part::text(format!("line {} failed: ", f.line)),
                Part::code(&f.command),
                Part::text(format!(": {}", f.message)),
            ]),
            None => {
                let runs = plural(u64::from(self.go_runs), "run", "runs");
                line.push(Part::text(format!("passed, with {runs} of go")));
            }
        }
        vec![Row::Line(line), Row::blob("transcript", &self.transcript)]
    }
}
