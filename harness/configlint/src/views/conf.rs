//! wsl.conf and .wslconfig, for rules: the settings as WSL reads them, and the meaning of lines
//! that it cannot read.

use super::cause::{Cause, cause};
use crate::source::{Encoding, Source};
use std::collections::HashMap;
use std::ops::Range;
use twinproof_wslconf::Dialect;
use twinproof_wslconf::apply::{Applied, apply, value_of};
use twinproof_wslconf::keys::{Key, find, keys};
use twinproof_wslconf::parse::{Fault, Item, Parsed, parse, parse_through};
use twinproof_wslconf::warning::{Trouble, Warning};

/// A well-formed assignment.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The section it was meant to be in.
    pub section: Option<String>,
    /// The key, as spelt.
    pub key: String,
    /// The setting, by its section and key.
    pub known: Option<&'static Key>,
    /// The setting that was meant: where the section is another, the one of this key, if it is one.
    pub meant: Option<&'static Key>,
    /// The value, as WSL takes it.
    pub value: Vec<u8>,
    /// Byte range of the key.
    pub key_range: Range<usize>,
    /// Byte range of the value, quotes included.
    pub range: Range<usize>,
    /// Offset of its comment.
    pub comment: Option<usize>,
    /// Offsets of backslashes that begin an escape.
    pub escapes: Vec<usize>,
    /// WSL puts it into the remains of a broken section name.
    pub mangled: Option<String>,
    /// WSL does not come to it, because a line above ends the file.
    pub lost: bool,
    /// Warnings that WSL would give if the line could be read.
    pub trouble: Option<Trouble>,
}

impl Assignment {
    /// Section and key, as WSL's messages have them.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.section {
            Some(section) => format!("{section}.{}", self.key),
            None => self.key.clone(),
        }
    }

    /// The value as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.value).into_owned()
    }

    /// Whether it is meant to be this setting, by its first name.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.meant.is_some_and(|key| key.name() == name)
    }
}

/// A section line.
#[derive(Clone, Debug)]
pub struct Section {
    /// The name that was meant.
    pub name: String,
    /// Byte range of the name.
    pub range: Range<usize>,
    /// Whether WSL can read the line.
    pub good: bool,
}

/// A line that WSL cannot read.
#[derive(Clone, Debug)]
pub struct BadLine {
    /// Message of the parser.
    pub fault: Fault,
    /// Likely cause of the mistake.
    pub cause: Cause,
    /// The offset that the parser reports.
    pub at: usize,
    /// The line's range, from its first character that is no blank to its end as editors show it.
    pub range: Range<usize>,
}

/// A file.
#[derive(Clone, Debug)]
pub struct Conf {
    /// Whether it is wsl.conf or .wslconfig.
    pub dialect: Dialect,
    /// Whether WSL cannot open it.
    pub unopened: bool,
    /// Whether reading it ends init.
    pub aborts: bool,
    /// Settings and warnings, as WSL reads the file.
    pub applied: Applied,
    /// Its assignments.
    pub entries: Vec<Assignment>,
    /// Its sections.
    pub sections: Vec<Section>,
    /// Its bad lines; those behind the first, too, at which wsl.conf ends.
    pub bad: Vec<BadLine>,
    /// Ranges of comments.
    pub comments: Vec<Range<usize>>,
}

impl Conf {
    /// The first entry of a setting that holds.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&Assignment> {
        self.entries.iter().find(|entry| {
            entry.is(name) && entry.known.is_some() && !entry.lost && entry.mangled.is_none()
        })
    }

    /// The value that a setting has in the end, as text; `None` where it has its default.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        self.applied.value(name).map(twinproof_wslconf::value::Value::text)
    }

    /// Whether a boolean setting has this value, of which it has `default` by itself.
    #[must_use]
    pub fn is_on(&self, name: &str, default: bool) -> bool {
        self.value(name).map_or(default, |value| value == "true")
    }

    /// The message of WSL about an entry, without file and line.
    #[must_use]
    pub fn message(&self, entry: &Assignment) -> Option<String> {
        let trouble = entry.trouble.clone()?;
        let warning = Warning {
            trouble,
            name: entry.name().into_bytes(),
            value: entry.value.clone(),
            line: 0,
            item: 0,
        };
        let text = String::from_utf8_lossy(&warning.message(self.dialect, "")).into_owned();
        text.split(" in :0").next().map(str::to_owned)
    }
}

/// Reads a file of WSL. UTF-16 that init cannot read is read as the text that was meant.
#[must_use]
pub fn read(dialect: Dialect, source: &Source) -> Conf {
    let real = parse(dialect, source.bytes());
    let unopened = real.is_err();
    let applied = real.as_ref().map(apply).unwrap_or_default();
    let stopped = real.as_ref().ok().and_then(|real| real.stopped);
    let end =
        stopped.map(|at| source.from_byte(real.as_ref().map_or(0, |real| real.units.offset(at))));
    let aborts = real.as_ref().is_ok_and(Parsed::aborts);
    let mut conf = Conf {
        dialect,
        unopened,
        aborts,
        applied,
        entries: Vec::new(),
        sections: Vec::new(),
        bad: Vec::new(),
        comments: Vec::new(),
    };
    // Read the text without its byte order mark.
    let text = source.text();
    let bytes = match source.encoding() {
        Encoding::Other => source.bytes(),
        _ => text.as_bytes(),
    };
    let Ok(meant) = parse_through(dialect, bytes) else { return conf };
    let place = |index: usize| match source.encoding() {
        Encoding::Other => source.from_byte(meant.units.offset(index)),
        _ => meant.units.offset(index).min(text.len()),
    };
    let mut section: Option<String> = None;
    // The first entry of each setting, which counts.
    let mut first: HashMap<&str, usize> = HashMap::new();
    for item in &meant.items {
        match item {
            Item::Section(found) => {
                let range = place(found.span.start) + 1..place(found.span.end).saturating_sub(1);
                let name = String::from_utf8_lossy(&found.name).into_owned();
                section = Some(name.clone());
                conf.sections.push(Section { name, range, good: true });
            }
            Item::Malformed(found) => {
                let start = place(found.start);
                let range = start..source.line_at(start).end.max(start);
                let line = &text[range.clone()];
                if let Some(rest) = line.strip_prefix('[') {
                    let end = rest.find([']', '#', ';']).unwrap_or(rest.len());
                    let name = rest[..end].trim().trim_matches(['[', '"']).to_owned();
                    section = Some(name.clone());
                    let range = start + 1..start + 1 + end;
                    conf.sections.push(Section { name, range, good: false });
                }
                let at = place(found.at).clamp(range.start, text.len());
                let cause = cause(found.fault, line, text[at..].chars().next());
                conf.bad.push(BadLine { fault: found.fault, cause, at, range });
            }
            Item::Assignment(found) => {
                let key = String::from_utf8_lossy(found.key_name()).into_owned();
                let key = match found.broken_section {
                    Some(_) => text
                        .get(place(found.key.start)..place(found.key.end))
                        .map_or(key, str::to_owned),
                    None => key,
                };
                let mut entry = Assignment {
                    section: section.clone(),
                    known: None,
                    meant: None,
                    value: found.value.clone(),
                    key_range: place(found.key.start)..place(found.key.end),
                    range: place(found.raw.start)..place(found.raw.end),
                    comment: found.comment.map(place),
                    escapes: found.escapes.iter().map(|&at| place(at)).collect(),
                    mangled: found
                        .broken_section
                        .filter(|_| dialect == Dialect::WslConfig)
                        .map(|_| String::from_utf8_lossy(&found.name).into_owned()),
                    lost: end.is_some_and(|end| place(found.key.start) >= end),
                    trouble: None,
                    key,
                };
                entry.known = find(dialect, entry.name().as_bytes());
                entry.meant = entry.known.or_else(|| only_of(dialect, &entry.key));
                entry.trouble = match entry.known.and_then(|key| first.get(key.name())) {
                    Some(&at) => {
                        let name = conf.entries[at].name().into_bytes();
                        Some(Trouble::Duplicate { first: name, line: 0 })
                    }
                    None => trouble(dialect, &entry),
                };
                if let Some(key) = entry.known {
                    first.entry(key.name()).or_insert(conf.entries.len());
                }
                conf.entries.push(entry);
            }
        }
    }
    conf.comments =
        meant.comments.iter().map(|range| place(range.start)..place(range.end)).collect();
    conf
}

/// The only setting with this key in any section.
fn only_of(dialect: Dialect, key: &str) -> Option<&'static Key> {
    let is = |known: &&Key| {
        let name = known.name().split_once('.').map_or("", |(_, name)| name);
        name.eq_ignore_ascii_case(key)
    };
    let mut found = keys(dialect).iter().filter(is);
    found.next().filter(|_| found.next().is_none())
}

/// WSL's warning about the line as it was meant.
fn trouble(dialect: Dialect, entry: &Assignment) -> Option<Trouble> {
    let Some(key) = entry.meant else { return Some(Trouble::UnknownKey) };
    value_of(key, dialect, &entry.value).err()
}
