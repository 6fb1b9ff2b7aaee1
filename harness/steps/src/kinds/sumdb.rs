//! `sumdb`: asks a checksum database as a verifying client does.

use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::rows::plural;
use crate::{Checks, Evidence, Input, Item, Part, Row, shown};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use twinproof_model::{Exchange, Template, TextMatch, Verdict};
use twinproof_toml::node::{self, Node};

/// Asks a checksum database as a verifying client does: signatures, inclusion, and consistency with
/// every head that the case has seen under the same key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SumdbStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where the database is, or a proxy's `/sumdb/NAME`.
    pub url: Template,
    /// Its verifier key.
    pub key: Template,
    /// The module looked up; only the latest head is fetched when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<Template>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Template>,
    /// Time limit in seconds; the suite's default when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<u32>,
    /// A condition on the go.sum lines of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<TextMatch>,
    /// A condition on the size of the verified head, decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<TextMatch>,
    /// The answer must be refused, and this is a condition on the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<TextMatch>,
}

/// A verifying client's result of asking a checksum database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SumdbAnswer {
    /// The database's address.
    pub url: String,
    /// The go.sum lines, verified; absent where it was refused or none were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<String>>,
    /// The verified head's size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The verified head's hash, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// Why the answer was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Kind for SumdbStep {
    type Seen = SumdbAnswer;
    const EXAMPLE: &'static str = r#"{ sumdb = { name = "record", url = "${sumdb}", key = "${sumdb_key}", module = "example.com/a", version = "v1.0.0" } }"#;
    const INPUTS: &'static [Input] = &[
        Input::text("url", "Another address").checked(lint::url),
        Input::text("key", "Another key").checked(lint::filled),
        Input::text("module", "Another module").checked(lint::filled),
        Input::text("version", "Another version").checked(lint::filled),
    ];

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        true
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        const PAIRS: [(&str, &str); 3] =
            [("module", "version"), ("version", "module"), ("lines", "module")];
        lint::timeout(body, "timeout", lint);
        for key in ["lines", "size", "error"] {
            lint::conditions(node::get(body, key), lint);
        }
        lint::needs(body, &PAIRS, lint);
        if self.error.is_some() {
            let why = "nothing can be asserted of an answer that must be refused";
            let said = (node::key_span(body, "error"), "it must be refused");
            lint::excludes(body, &["lines", "size"], why, said, lint);
        }
    }

    fn check(&self, seen: &SumdbAnswer, checks: &mut Checks<'_>) {
        let answer = match (&seen.error, seen.size) {
            (Some(error), _) => format!("refused: {error}"),
            (None, Some(size)) => format!("verified, with a head of {size} records"),
            (None, None) => "verified".to_owned(),
        };
        let refused = self.error.is_some();
        let expected = if refused { "an answer that is refused" } else { "a verified answer" };
        checks.holds("answer", seen.error.is_some() == refused, expected, answer.clone());
        let lines = seen.lines.as_ref().map(|l| l.join("\n"));
        for (what, wanted, value) in [
            ("lines", &self.lines, lines),
            ("size", &self.size, seen.size.map(|s| s.to_string())),
            ("error", &self.error, seen.error.clone()),
        ] {
            if let Some(wanted) = wanted {
                checks.text(what, wanted, value.ok_or((Verdict::Fail, answer.clone())), &[]);
            }
        }
    }

    fn exchange(&self, seen: &SumdbAnswer, evidence: Evidence<'_>) -> Option<Exchange> {
        let expand =
            |text: &Template| evidence.scope.expand(text).unwrap_or_else(|_| text.to_string());
        let key = expand(&self.key);
        let (what, path) = match (&self.module, &self.version) {
            (Some(module), Some(version)) => {
                let module = format!("{}@{}", expand(module), expand(version));
                // A path with capital letters is asked for in another spelling.
                let plain = !module.contains(|c: char| c.is_ascii_uppercase());
                (
                    format!("the verified record of {module}"),
                    plain.then(|| format!("lookup/{module}")),
                )
            }
            _ => ("the verified tree head".to_owned(), Some("latest".to_owned())),
        };
        let response = match (&seen.error, &seen.lines, seen.size) {
            (Some(error), _, _) => format!("refused: {error}"),
            (None, Some(lines), _) => lines.join("\n"),
            (None, None, size) => format!("a tree of {} records", size.unwrap_or_default()),
        };
        let line = |path| shown::word(&format!("{}/{path}", seen.url), evidence.scope);
        Some(Exchange {
            request: format!("{what}, of {}, by the key {key}", seen.url),
            response,
            repeat: path.map(|path| format!("curl -sSi --path-as-is {}", line(path))),
        })
    }
}

impl Seen for SumdbAnswer {
    fn rows(&self) -> Vec<Row<'_>> {
        let mut line = vec![
            Part::text("asked the checksum database "),
            Part::code(&self.url),
            Part::text(": "),
        ];
        match &self.error {
            Some(error) => line.extend([Part::text("refused: "), Part::code(error)]),
            None => line.push(Part::text("verified")),
        }
        if let Some(size) = self.size {
            line.push(Part::text(format!(", head of {}", plural(size, "record", "records"))));
        }
        if let Some(hash) = &self.hash {
            line.extend([Part::text(" "), Part::code(hash)]);
        }
        let mut rows = vec![Row::Line(line)];
        if let Some(lines) = &self.lines {
            let items = lines.iter().map(|line| Item { line: vec![Part::code(line)], blob: None });
            rows.push(Row::List(items.collect()));
        }
        rows
    }
}
