//! `file`: looks at one file.

use super::entries::{Entries, FileEntry};
use crate::info::Captures;
use crate::kind::Kind;
use crate::lint::{self, Lint};
use crate::{Checks, Evidence, Input, text};
use base64::Engine as _;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_base::hex;
use twinproof_model::{EntryKind, Template, TextMatch, Verdict};
use twinproof_toml::node::{self, Node};

/// Looks at one file. Symbolic links are not followed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Path of the file.
    pub path: Template,
    /// Whether there is anything at that path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
    /// Its size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The least and the greatest size in bytes that it may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_between: Option<[u64; 2]>,
    /// Its bytes, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<TextMatch>,
    /// The SHA-256 of its bytes, lower-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Template>,
    /// Its first bytes, base64: a magic number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_with: Option<String>,
    /// Its permission bits, octal (`"0444"`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The target of the symbolic link that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symlink: Option<Template>,
    /// Whether it is a directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dir: Option<bool>,
    /// Values for later steps: name → `sha256`, `size`, `text`, `mode` or `symlink`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capture: BTreeMap<String, String>,
}

impl Kind for FileStep {
    type Seen = Entries;
    const EXAMPLE: &'static str = r#"{ file = { name = "settings", path = "env", text = { line = "GOBIN=${work}${sep}bin" } } }"#;
    const INPUTS: &'static [Input] = &[Input::text("path", "Another path").checked(lint::filled)];
    const SOURCES: &'static [&'static str] = &["file"];
    const CAPTURES: Captures = Captures::Names(&["sha256", "size", "text", "mode", "symlink"]);

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        self.exists.is_some()
            || self.size.is_some()
            || self.size_between.is_some()
            || self.base64.is_some()
            || self.text.is_some()
            || self.sha256.is_some()
            || self.starts_with.is_some()
            || self.mode.is_some()
            || self.symlink.is_some()
            || self.dir.is_some()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        const MORE: [&str; 9] = [
            "size",
            "size_between",
            "base64",
            "text",
            "sha256",
            "starts_with",
            "mode",
            "symlink",
            "dir",
        ];
        lint::bytes(body, "base64", lint);
        lint::bytes(body, "starts_with", lint);
        lint::mode(body, "mode", lint);
        lint::conditions(node::get(body, "text"), lint);
        lint::sha256(body, "sha256", lint);
        if self.exists == Some(false) {
            let why = "nothing can be asserted of a file that must not exist";
            let said = (node::value_span(body, "exists"), "must not exist");
            lint::excludes(body, &MORE, why, said, lint);
        }
    }

    fn check(&self, seen: &Entries, checks: &mut Checks<'_>) {
        let seen = seen.entries.first();
        let actual = seen.map_or_else(|| "nothing there".to_owned(), described);
        self.check_entry(seen, &actual, checks);
        self.check_content(seen.filter(|e| e.kind == EntryKind::File), actual, checks);
    }

    fn capture(&self, seen: &Entries, evidence: Evidence<'_>) -> BTreeMap<String, String> {
        let Some(entry) = seen.entries.first() else { return BTreeMap::new() };
        let found = |what: &str| match what {
            "sha256" => entry.sha256.clone(),
            "size" => (entry.kind == EntryKind::File).then(|| entry.size.to_string()),
            "mode" => entry.mode.map(|m| format!("{m:04o}")),
            "symlink" => entry.target.clone(),
            "text" => {
                let bytes = evidence.blobs.get(entry.content.as_ref()?)?;
                // As `$(…)` of a shell: a value that becomes part of a path must not end in a
                // newline.
                text::of_file(&bytes).map(|t| text::without_final_line_end(&t).to_owned())
            }
            _ => None,
        };
        self.capture.iter().filter_map(|(n, w)| Some((n.clone(), found(w)?))).collect()
    }

    fn golden(&self, _: &str, seen: &Entries, evidence: Evidence<'_>) -> Result<String, String> {
        let blob = seen.entries.first().and_then(|e| e.content.as_ref());
        let bytes = evidence.read(blob.ok_or("there is no such file")?)?;
        text::of_file(&bytes).ok_or_else(|| "it is not UTF-8".to_owned())
    }
}

/// A description of the entry, in words.
fn described(entry: &FileEntry) -> String {
    match entry.kind {
        EntryKind::File => format!("a file of {} bytes", entry.size),
        EntryKind::Dir => "a directory".to_owned(),
        EntryKind::Symlink => format!("a link to {}", entry.target.as_deref().unwrap_or("?")),
        EntryKind::Other => "something else".to_owned(),
    }
}

impl FileStep {
    /// The assertions about the entry itself.
    fn check_entry(&self, seen: Option<&FileEntry>, actual: &str, checks: &mut Checks<'_>) {
        if let Some(exists) = self.exists {
            let expected = if exists { "something there" } else { "nothing there" };
            checks.holds("exists", seen.is_some() == exists, expected, actual);
        }
        let file = seen.filter(|e| e.kind == EntryKind::File);
        if let Some(size) = self.size {
            let holds = file.is_some_and(|f| f.size == size);
            checks.holds("size", holds, format!("{size} bytes"), actual);
        }
        if let Some([least, most]) = self.size_between {
            let holds = file.is_some_and(|f| (least..=most).contains(&f.size));
            checks.holds("size_between", holds, format!("{least} to {most} bytes"), actual);
        }
        if let Some(dir) = self.dir {
            let expected = if dir { "a directory" } else { "no directory" };
            let is = seen.is_some_and(|e| e.kind == EntryKind::Dir);
            // `dir = false` asserts that something is there that is no directory.
            checks.holds("dir", seen.is_some() && is == dir, expected, actual);
        }
        if let Some(mode) = &self.mode {
            let bits = seen.and_then(|e| e.mode);
            let shown = bits.map_or_else(|| actual.to_owned(), |m| format!("{m:04o}"));
            let wanted = u32::from_str_radix(mode, 8).ok();
            checks.holds("mode", wanted.is_some() && bits == wanted, mode.clone(), shown);
        }
        if let Some(target) = &self.symlink
            && let Some(target) = checks.expand("symlink", target)
        {
            let holds = seen.and_then(|e| e.target.as_deref()) == Some(target.as_str());
            checks.holds("symlink", holds, format!("a link to {target}"), actual);
        }
        if let Some(sha256) = &self.sha256
            && let Some(sha256) = checks.expand("sha256", sha256)
        {
            let seen_hash = file.and_then(|f| f.sha256.as_deref());
            let holds = seen_hash == Some(sha256.as_str());
            checks.holds("sha256", holds, sha256, seen_hash.unwrap_or(actual));
        }
    }

    /// The assertions about the bytes of a regular file.
    fn check_content(&self, file: Option<&FileEntry>, actual: String, checks: &mut Checks<'_>) {
        let content = match file.and_then(|f| f.content.as_ref()) {
            Some(blob) => checks.bytes(blob).map(|bytes| (bytes, blob)),
            None => Err((Verdict::Fail, actual)),
        };
        for (what, wanted) in [("base64", &self.base64), ("starts_with", &self.starts_with)] {
            let Some(wanted) = wanted else { continue };
            let Ok(want) = base64::engine::general_purpose::STANDARD.decode(wanted) else {
                checks.push(what, Verdict::Inconclusive, wanted.clone(), "no base64", &[]);
                continue;
            };
            match &content {
                Ok((bytes, _)) => {
                    let whole = what == "base64";
                    let holds = if whole { *bytes == want } else { bytes.starts_with(&want) };
                    // A little more than was wanted shows where a file goes on; a whole one may be
                    // megabytes.
                    let head = &bytes[..bytes.len().min(want.len() + 16)];
                    let shown = format!("{} ({} bytes)", hex::encode(head), bytes.len());
                    checks.holds(what, holds, hex::encode(&want), shown);
                }
                Err((verdict, why)) => {
                    checks.push(what, *verdict, hex::encode(&want), why.clone(), &[])
                }
            }
        }
        let Some(wanted) = &self.text else { return };
        match content {
            Ok((bytes, blob)) => {
                let seen = text::of_file(&bytes);
                let seen = seen.ok_or((Verdict::Fail, "it is not UTF-8".to_owned()));
                checks.text("text", wanted, seen, &[blob]);
            }
            Err(why) => checks.text("text", wanted, Err(why), &[]),
        }
    }
}
