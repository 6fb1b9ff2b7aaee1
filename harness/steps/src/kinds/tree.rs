//! `tree`: looks at a directory with all that is in it.

use super::entries::{Entries, FileEntry};
use crate::kind::Kind;
use crate::lint::{self, Lint};
use crate::{Checks, Evidence, Input};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use twinproof_model::{EntryKind, Template};
use twinproof_toml::node::{self, Node};

/// Looks at a directory with all that is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TreeStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Path of the directory.
    pub path: Template,
    /// Whether the directory is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
    /// Every file and link in it, relative to it, with `/`, sorted; directories end in `/` and are
    /// listed only where they are empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<Template>>,
    /// Number of files and links in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Deepest level looked at; all of them when absent. Deeper directories count as entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
}

impl Kind for TreeStep {
    type Seen = Entries;
    const EXAMPLE: &'static str =
        r#"{ tree = { name = "bin", path = "${home}/go/bin", entries = ["hello${exe}"] } }"#;
    const INPUTS: &'static [Input] = &[Input::text("path", "Another path").checked(lint::filled)];
    const SOURCES: &'static [&'static str] = &["tree"];

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        self.exists.is_some() || self.entries.is_some() || self.count.is_some()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        lint.listed(body, "entries", true);
        if self.exists == Some(false) {
            let why = "nothing can be asserted of a directory that must not exist";
            let said = (node::value_span(body, "exists"), "must not exist");
            lint::excludes(body, &["entries", "count"], why, said, lint);
        }
    }

    fn check(&self, seen: &Entries, checks: &mut Checks<'_>) {
        let is_dir = seen.entries.first().is_some_and(|e| e.kind == EntryKind::Dir);
        if let Some(exists) = self.exists {
            let expected = if exists { "a directory" } else { "no directory" };
            let actual = if is_dir { "a directory" } else { "no directory" };
            checks.holds("exists", is_dir == exists, expected, actual);
        }
        let entries = written(&seen.entries);
        if let Some(wanted) = &self.entries {
            let there = if is_dir { Ok(entries.as_slice()) } else { Err("no directory") };
            checks.list("entries", wanted, there, "entries", &[]);
        }
        if let Some(count) = self.count {
            let files = entries.iter().filter(|e| !e.ends_with('/')).count() as u64;
            let words = |n: u64| format!("{n} files and links");
            checks.holds("count", is_dir && files == count, words(count), words(files));
        }
    }

    fn golden(&self, _: &str, seen: &Entries, _: Evidence<'_>) -> Result<String, String> {
        Ok(written(&seen.entries).iter().map(|e| format!("{e}\n")).collect())
    }
}

/// The entries of a tree as suite files write them: files and links, and directories where they are
/// empty, those with a final `/`.
fn written(entries: &[FileEntry]) -> Vec<String> {
    let mut parents = BTreeSet::new();
    for entry in entries {
        if let Some((parent, _)) = entry.path.rsplit_once('/') {
            parents.insert(parent);
        }
    }
    let mut listed: Vec<_> = entries
        .iter()
        .filter(|e| !e.path.is_empty())
        .filter_map(|e| match e.kind {
            EntryKind::Dir if parents.contains(e.path.as_str()) => None,
            EntryKind::Dir => Some(format!("{}/", e.path)),
            _ => Some(e.path.clone()),
        })
        .collect();
    listed.sort();
    listed
}
