//! `canary`: proves that two paths lead to one file, or that they do not.

use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::{Checks, Input, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use twinproof_model::Template;
use twinproof_toml::node::{self, Node};

/// Proves that two paths lead to one file, or that they do not: writes random bytes
/// at one path, and looks at the other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Path at which it is written.
    pub write: Template,
    /// Path at which it is looked for.
    pub read: Template,
    /// Whether it must be there.
    pub same: bool,
}

/// A canary and its observation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CanarySight {
    /// Native path where it was written.
    pub written: String,
    /// Native path where it was looked for.
    pub looked_at: String,
    /// The bytes written, hexadecimal.
    pub nonce: String,
    /// The bytes found, hexadecimal; absent when nothing was there.
    pub seen: Option<String>,
}

impl Kind for Canary {
    type Seen = CanarySight;
    const EXAMPLE: &'static str = r#"{ canary = { name = "stores", write = "${home}/go/canary", read = "profile/go/canary", same = true } }"#;
    const INPUTS: &'static [Input] =
        &[Input::text("read", "Another place to look").checked(lint::filled)];

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        true
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        lint.filled(body, &["write"]);
        if self.write == self.read && !self.write.as_str().is_empty() {
            let message = "the canary is looked for where it is written";
            lint.add(lint.draft("no-effect", message, node::value_span(body, "read")));
        }
    }

    fn check(&self, seen: &CanarySight, checks: &mut Checks<'_>) {
        // A nonce, not the file's existence: a file of that name may be left from before.
        let same = seen.seen.as_deref() == Some(seen.nonce.as_str());
        let expected = if self.same { "one file under both paths" } else { "two places" };
        let actual = match &seen.seen {
            _ if same => format!("{} holds what was written to {}", seen.looked_at, seen.written),
            Some(_) => format!("{} holds something else", seen.looked_at),
            None => format!("nothing at {}", seen.looked_at),
        };
        checks.holds("same", same == self.same, expected, actual);
    }
}

impl Seen for CanarySight {
    fn rows(&self) -> Vec<Row<'_>> {
        let mut line = vec![
            Part::text("canary "),
            Part::code(&self.nonce),
            Part::text(" written to "),
            Part::code(&self.written),
            Part::text(", looked for at "),
            Part::code(&self.looked_at),
            Part::text(": "),
        ];
        match &self.seen {
            Some(seen) => line.extend([Part::text("found "), Part::code(seen)]),
            None => line.push(Part::text("nothing there")),
        }
        vec![Row::Line(line)]
    }
}
