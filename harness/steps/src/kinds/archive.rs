//! `archive`: looks at the entries of a zip or tar file, without unpacking it to disk.

use crate::info::Captures;
use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::rows::plural;
use crate::{Checks, Evidence, Input, Item, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{EntryKind, Template, TextMatch};
use twinproof_toml::node::{self, Node};

/// Looks at the entries of a zip or tar file (plain, gzip or zstd), without unpacking it to disk. Two
/// entries with one name are both listed of a tar file, and make a zip file one that cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArchiveStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The file.
    pub path: Template,
    /// Its format by its first bytes: `zip`, `tar`, `tar.gz` or `tar.zst`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ArchiveFormat>,
    /// Every entry by its name as it is written in the archive, in any order; directories end in `/`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<Template>>,
    /// How many entries it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Conditions on entries: name → conditions. Every entry of that name must meet them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub entry: BTreeMap<Template, EntryMatch>,
    /// It cannot be read as an archive, and this is a condition on the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<TextMatch>,
    /// Values for later steps: name → `sha256`, `count`, or `sha256.ENTRY`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub capture: BTreeMap<String, String>,
}

/// Conditions on an entry of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryMatch {
    /// Whether there is one; it must be there when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exists: Option<bool>,
    /// Its size in bytes, unpacked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// The SHA-256 of its bytes, lower-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its permission bits, octal (`"0644"`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The target of the symbolic link that it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symlink: Option<String>,
}

/// A kind of archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ArchiveFormat {
    /// A zip file.
    #[serde(rename = "zip")]
    Zip,
    /// A tar file.
    #[serde(rename = "tar")]
    Tar,
    /// A tar file, compressed with gzip.
    #[serde(rename = "tar.gz")]
    TarGz,
    /// A tar file, compressed with zstd.
    #[serde(rename = "tar.zst")]
    TarZst,
}

impl ArchiveFormat {
    /// The name used in suite files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::TarGz => "tar.gz",
            Self::TarZst => "tar.zst",
        }
    }
}

/// An archive, as far as it could be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveSight {
    /// Native path.
    pub path: String,
    /// SHA-256 of the whole file, lower-case hexadecimal; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its format by its first bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ArchiveFormat>,
    /// Its entries, in its order.
    pub entries: Vec<ArchiveEntry>,
    /// Why it could not be read to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// An entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveEntry {
    /// Its name as it is written in the archive; that of a directory ends in `/`.
    pub name: String,
    /// File, directory, link or other.
    pub kind: EntryKind,
    /// Permission bits; absent where the archive has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// Size in bytes, unpacked.
    pub size: u64,
    /// SHA-256 of a file's bytes, lower-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Target of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

impl Kind for ArchiveStep {
    type Seen = ArchiveSight;
    const EXAMPLE: &'static str = r#"{ archive = { name = "zip", path = "m.zip", entries = ["m@v1.0.0/go.mod", "m@v1.0.0/m.go"] } }"#;
    const INPUTS: &'static [Input] = &[Input::text("path", "Another path").checked(lint::filled)];
    const SOURCES: &'static [&'static str] = &["archive"];
    const CAPTURES: Captures = Captures::Names(&["sha256", "count", "sha256."]);

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        self.format.is_some()
            || self.entries.is_some()
            || self.count.is_some()
            || !self.entry.is_empty()
            || self.error.is_some()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        lint::conditions(node::get(body, "error"), lint);
        let conditions = node::get(body, "entry").and_then(node::table);
        for (name, table) in conditions.into_iter().flat_map(|t| t.iter()) {
            lint::mode(table, "mode", lint);
            lint::sha256(table, "sha256", lint);
            if self.entry.get(name.get_ref().as_ref()).is_some_and(|e| e.exists == Some(false)) {
                let why = "nothing can be asserted of an entry that must not exist";
                let said = (node::value_span(table, "exists"), "must not exist");
                lint::excludes(table, &["size", "sha256", "mode", "symlink"], why, said, lint);
            }
        }
        if self.error.is_some() {
            let why = "nothing can be asserted of an archive that cannot be read";
            let said = (node::key_span(body, "error"), "it cannot be read");
            lint::excludes(body, &["format", "entries", "count", "entry"], why, said, lint);
        }
    }

    fn check(&self, seen: &ArchiveSight, checks: &mut Checks<'_>) {
        let thing = "an archive that can be read";
        // The entries seen before an archive breaks off prove nothing about the whole.
        if !checks.readable("archive", thing, seen.error.as_ref(), self.error.as_ref()) {
            return;
        }
        if let Some(format) = self.format {
            let actual = seen.format.map_or("nothing known", ArchiveFormat::as_str);
            checks.holds("format", seen.format == Some(format), format.as_str(), actual);
        }
        if let Some(wanted) = &self.entries {
            checks.list("entries", wanted, Ok(&seen.names()), "entries", &[]);
        }
        if let Some(count) = self.count {
            let words = |n: u64| plural(n, "entry", "entries");
            let there = seen.entries.len() as u64;
            checks.holds("count", there == count, words(count), words(there));
        }
        for (name, wanted) in &self.entry {
            let Some(expanded) = checks.expand("entry", name) else { continue };
            // All of them: an archive may have one name twice, and a condition has to hold for
            // each.
            let there: Vec<_> = seen.entries.iter().filter(|e| e.name == expanded).collect();
            wanted.check(&format!("entry.{name}"), &there, checks);
        }
    }

    fn capture(&self, seen: &ArchiveSight, _: Evidence<'_>) -> BTreeMap<String, String> {
        let found = |what: &str| match what {
            "sha256" => seen.sha256.clone(),
            "count" => Some(seen.entries.len().to_string()),
            _ => {
                let name = what.strip_prefix("sha256.")?;
                seen.entries.iter().find(|e| e.name == name)?.sha256.clone()
            }
        };
        self.capture.iter().filter_map(|(n, w)| Some((n.clone(), found(w)?))).collect()
    }

    fn golden(&self, _: &str, seen: &ArchiveSight, _: Evidence<'_>) -> Result<String, String> {
        if let Some(error) = &seen.error {
            return Err(error.clone());
        }
        let line = |e: &ArchiveEntry| {
            let mode = e.mode.map_or_else(|| "----".to_owned(), |m| format!("{m:04o}"));
            let content = e.sha256.as_ref().or(e.target.as_ref()).map_or("", String::as_str);
            format!("{mode} {} {} {content}", e.size, e.name).trim_end().to_owned() + "\n"
        };
        Ok(seen.entries.iter().map(line).collect())
    }
}

impl EntryMatch {
    /// The checks of the entries of one name, each against every one of them.
    fn check(&self, what: &str, there: &[&ArchiveEntry], checks: &mut Checks<'_>) {
        let exists = self.exists.unwrap_or(true);
        let expected = if exists { "an entry of that name" } else { "no entry of that name" };
        let actual = plural(there.len() as u64, "entry", "entries");
        checks.holds(&format!("{what}.exists"), there.is_empty() != exists, expected, actual);
        let mut each = |key: &str, wanted: &str, value: &dyn Fn(&ArchiveEntry) -> String| {
            let values: Vec<String> = there.iter().map(|e| value(e)).collect();
            // Of no values `all` would hold.
            let holds = !values.is_empty() && values.iter().all(|v| v == wanted);
            checks.holds(&format!("{what}.{key}"), holds, wanted, values.join(", "));
        };
        if let Some(size) = self.size {
            each("size", &size.to_string(), &|e| e.size.to_string());
        }
        if let Some(mode) = self.mode.as_deref().and_then(|m| u32::from_str_radix(m, 8).ok()) {
            let shown = |m: u32| format!("{m:04o}");
            each("mode", &shown(mode), &|e| e.mode.map_or_else(|| "none".to_owned(), shown));
        }
        let none = || "none".to_owned();
        if let Some(target) = &self.symlink {
            each("symlink", target, &|e| e.target.clone().unwrap_or_else(none));
        }
        if let Some(sha256) = &self.sha256 {
            each("sha256", sha256, &|e| e.sha256.clone().unwrap_or_else(none));
        }
    }
}

impl ArchiveSight {
    /// The names of all entries, sorted.
    fn names(&self) -> Vec<String> {
        // `Checks::list` compares sorted lists; the order in the archive is not asserted.
        let mut names: Vec<_> = self.entries.iter().map(|e| e.name.clone()).collect();
        names.sort();
        names
    }
}

impl Seen for ArchiveSight {
    fn rows(&self) -> Vec<Row<'_>> {
        let mut line = vec![Part::text("looked into "), Part::code(&self.path)];
        if let Some(format) = self.format {
            let count = plural(self.entries.len() as u64, "entry", "entries");
            line.push(Part::text(format!(": {}, {count}", format.as_str())));
        }
        if let Some(sha256) = &self.sha256 {
            line.extend([Part::text(" "), Part::Hash(sha256)]);
        }
        if let Some(error) = &self.error {
            line.extend([Part::text("; it cannot be read: "), Part::code(error)]);
        }
        vec![Row::Line(line), Row::List(self.entries.iter().map(ArchiveEntry::item).collect())]
    }
}

impl ArchiveEntry {
    fn item(&self) -> Item<'_> {
        let mut line = vec![Part::code(&self.name), Part::text(" "), Part::Size(self.size)];
        if let Some(mode) = self.mode {
            line.push(Part::Muted(format!(", {mode:04o}").into()));
        }
        if let Some(target) = &self.target {
            line.extend([Part::text(" → "), Part::code(target)]);
        }
        if let Some(sha256) = &self.sha256 {
            line.extend([Part::text(" "), Part::Hash(sha256)]);
        }
        Item { line, blob: None }
    }
}

#[cfg(test)]
mod tests {
    use super::{ArchiveEntry, ArchiveFormat, ArchiveSight, ArchiveStep};
    use crate::kinds::alone::hold;
    use rstest::rstest;
    use serde_json::{Value, json};
    use twinproof_model::EntryKind;

    fn sight() -> ArchiveSight {
        let entry = |name: &str, mode, size| ArchiveEntry {
            name: name.to_owned(),
            kind: EntryKind::File,
            mode,
            size,
            sha256: Some("ab".to_owned()),
            target: None,
        };
        ArchiveSight {
            path: "/w/a.zip".to_owned(),
            format: Some(ArchiveFormat::Zip),
            entries: vec![entry("b", Some(0o644), 3), entry("a", None, 0)],
            ..ArchiveSight::default()
        }
    }

    #[rstest]
    #[case(json!({"format": "zip", "count": 2}), true)]
    #[case(json!({"format": "tar.gz"}), false)]
    #[case(json!({"entries": ["a", "b"]}), true)]
    #[case(json!({"entries": ["a"]}), false)]
    #[case(json!({"entry": {"b": {"mode": "0644", "size": 3, "sha256": "ab"}}}), true)]
    #[case(json!({"entry": {"b": {"mode": "0755"}}}), false)]
    #[case(json!({"entry": {"a": {"mode": "0644"}}}), false)]
    #[case(json!({"entry": {"c": {"exists": false}}}), true)]
    #[case(json!({"entry": {"c": {}}}), false)]
    #[case(json!({"entry": {"c": {"size": 0}}}), false)]
    #[case(json!({"error": {"contains": "x"}}), false)]
    fn each_assertion_holds_only_for_what_was_seen(#[case] step: Value, #[case] holds: bool) {
        assert_eq!(hold::<ArchiveStep>(json!({"path": "a.zip"}), step, &sight()), holds);
    }

    #[test]
    fn an_unreadable_archive_meets_only_a_condition_on_the_reason() {
        let sight = ArchiveSight { error: Some("cut short".to_owned()), ..sight() };
        let holds = |step: Value| hold::<ArchiveStep>(json!({"path": "a"}), step, &sight);
        assert!(holds(json!({"error": {"contains": "short"}})));
        assert!(!holds(json!({"count": 2})));
    }
}
