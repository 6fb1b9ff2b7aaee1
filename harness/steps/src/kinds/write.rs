//! `write`: puts a file, a directory or a symbolic link in place.

use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::{Checks, Evidence, Input, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use twinproof_model::{BlobRef, Exhibit, Template};
use twinproof_toml::names;
use twinproof_toml::node::{self, Node};

/// Puts a file, a directory or a symbolic link in place. Missing parent directories are made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Path of the file, directory or link.
    pub path: Template,
    /// A file with this text, UTF-8. Give one of `text`, `base64`, `suite`, `symlink`, `dir`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Template>,
    /// A file with these bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// A file with the bytes of this file beside the suite's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<Template>,
    /// A symbolic link with this target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symlink: Option<Template>,
    /// A directory.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dir: bool,
    /// Permission bits, octal (`"0555"`). Where bits are not kept, only the write bit counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
}

/// Something was put in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Wrote {
    /// Native path.
    pub path: String,
    /// Its bytes, where it is a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<BlobRef>,
}

impl Kind for Write {
    type Seen = Wrote;
    const EXAMPLE: &'static str =
        r#"{ write = { path = "hello/go.mod", text = "module example.com/hello\n\ngo 1.21\n" } }"#;
    const INPUTS: &'static [Input] = &[
        Input::text("path", "Another path").checked(lint::path_inside),
        Input::text("text", "Another text").instead_of(&["base64", "suite", "symlink", "dir"]),
        Input::text("base64", "Other bytes")
            .instead_of(&["text", "suite", "symlink", "dir"])
            .checked(lint::bytes),
        Input::text("symlink", "Another target").instead_of(&["text", "base64", "suite", "dir"]),
        Input::text("mode", "Other permission bits").checked(lint::mode),
    ];

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        const CONTENTS: [&str; 5] = ["text", "base64", "suite", "symlink", "dir"];
        let templates = [&self.text, &self.suite, &self.symlink].map(Option::is_some);
        let there = templates.into_iter().chain([self.base64.is_some(), self.dir]);
        let count = there.filter(|there| *there).count();
        if count == 1 {
            return;
        }
        let message = if count == 0 {
            "this `write` step does not say what it writes"
        } else {
            "this `write` step writes several things at one path"
        };
        let written = CONTENTS.iter().filter(|k| node::get(body, k).is_some()).nth(1);
        let span = written.map_or_else(|| body.span(), |k| node::key_span(body, k));
        let draft = lint.draft("write-content", message, span);
        lint.add(draft.help(format!("give one of {}", names::list(&CONTENTS))));
    }

    fn check(&self, _: &Wrote, _: &mut Checks<'_>) {}

    fn exhibits(&self, seen: &Wrote, evidence: Evidence<'_>, _: u64) -> Vec<Exhibit> {
        let Some(file) = self.suite.as_ref().filter(|file| file.as_str().ends_with(".sh")) else {
            return Vec::new();
        };
        let bytes = seen.content.as_ref().and_then(|blob| evidence.read(blob).ok());
        let text = bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        text.map(|text| Exhibit::Script { file: file.to_string(), text }).into_iter().collect()
    }
}

impl Seen for Wrote {
    fn rows(&self) -> Vec<Row<'_>> {
        let line = Row::Line(vec![Part::text("wrote "), Part::code(&self.path)]);
        let content = self.content.iter().map(|blob| Row::blob("content", blob));
        std::iter::once(line).chain(content).collect()
    }
}
