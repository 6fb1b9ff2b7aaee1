//! Entries of directories, as `file` and `tree` steps see them.

use crate::kind::Seen;
use crate::rows::plural;
use crate::{Item, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use twinproof_model::{BlobRef, EntryKind};

/// A file was looked at, or a directory: every entry, relative to the path, sorted; the path itself is
/// the entry with the empty name. None when nothing is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Entries {
    /// Native path.
    pub path: String,
    /// The path's own entry, and those below it.
    pub entries: Vec<FileEntry>,
}

/// One file, directory or link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileEntry {
    /// Relative to the path looked at, with `/`; empty for that path itself.
    pub path: String,
    /// File, directory, link or other.
    pub kind: EntryKind,
    /// Permission bits; absent where they are not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    /// Target of a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Size in bytes of a file.
    pub size: u64,
    /// SHA-256 of a file's bytes, before redaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Bytes of a file, where a check needs them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<BlobRef>,
}

impl Seen for Entries {
    fn rows(&self) -> Vec<Row<'_>> {
        let count = match self.entries.len() as u64 {
            0 => "nothing is there".to_owned(),
            n => plural(n, "entry", "entries"),
        };
        let line = vec![
            Part::text("looked at "),
            Part::code(&self.path),
            Part::text(": "),
            Part::text(count),
        ];
        let mut rows = vec![Row::Line(line)];
        if !self.entries.is_empty() {
            rows.push(Row::List(self.entries.iter().map(FileEntry::item).collect()));
        }
        rows
    }
}

impl FileEntry {
    fn item(&self) -> Item<'_> {
        let name = if self.path.is_empty() { "." } else { &self.path };
        let kind = match self.kind {
            EntryKind::File => "file",
            EntryKind::Dir => "dir",
            EntryKind::Symlink => "symlink",
            EntryKind::Other => "other",
        };
        let mut line = vec![
            Part::code(name),
            Part::text(" "),
            Part::Muted(format!("{kind}, ").into()),
            Part::Size(self.size),
        ];
        if let Some(mode) = self.mode {
            line.push(Part::Muted(format!(", {mode:04o}").into()));
        }
        if let Some(target) = &self.target {
            line.extend([Part::text(" → "), Part::code(target)]);
        }
        if let Some(sha256) = &self.sha256 {
            line.extend([Part::text(" "), Part::Hash(sha256)]);
        }
        Item { line, blob: self.content.as_ref().map(|blob| ("content", blob)) }
    }
}
