//! An export of the registry, with the line of each key and value.

use crate::source::Source;
use regashii::{KeyKind, Registry as Parsed, Value, ValueName};
use std::ops::Range;

/// A value.
#[derive(Clone, Debug)]
pub struct RegistryValue {
    /// Its name, empty for the default value.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Byte range of its line.
    pub range: Range<usize>,
}

/// A key.
#[derive(Clone, Debug)]
pub struct Key {
    /// Its whole name.
    pub name: String,
    /// Byte range of its line.
    pub range: Range<usize>,
    /// Its values.
    pub entries: Vec<RegistryValue>,
}

impl Key {
    /// A value by its name; case is no difference.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&RegistryValue> {
        self.entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name))
    }

    /// Whether it is the key of WSL's distributions.
    #[must_use]
    pub fn is_lxss(&self) -> bool {
        self.name.to_ascii_lowercase().ends_with(r"\currentversion\lxss")
    }

    /// Whether it is the key of one distribution.
    #[must_use]
    pub fn is_distribution(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        name.contains(r"\currentversion\lxss\{") && name.ends_with('}')
    }
}

/// An export.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// Its keys, in the order of the file.
    pub keys: Vec<Key>,
    /// The error for which it cannot be read.
    pub error: Option<String>,
}

/// Reads an export.
#[must_use]
pub fn read(source: &Source) -> Registry {
    let parsed = match Parsed::deserialize(source.text()) {
        Ok(parsed) => parsed,
        Err(error) => return Registry { keys: Vec::new(), error: Some(error.to_string()) },
    };
    let mut keys: Vec<Key> = parsed
        .keys()
        .iter()
        // `[-HKEY…]` removes a key: values below it set nothing.
        .filter(|(_, key)| key.kind() != KeyKind::Delete)
        .map(|(name, key)| Key {
            name: name.raw().to_owned(),
            range: 0..0,
            entries: key
                .values()
                .iter()
                .map(|(name, value)| RegistryValue {
                    name: match name {
                        ValueName::Default => String::new(),
                        ValueName::Named(name) => name.clone(),
                    },
                    value: value.clone(),
                    range: 0..0,
                })
                .collect(),
        })
        .collect();
    place(source, &mut keys);
    keys.sort_by_key(|key| key.range.start);
    Registry { keys, error: None }
}

/// Finds the lines of keys and values, which the reader does not keep.
fn place(source: &Source, keys: &mut [Key]) {
    let mut current: Option<usize> = None;
    for (at, line) in source.lines() {
        let range = at..at + line.len();
        if let Some(name) = line.trim().strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            current = keys.iter().position(|key| key.name.eq_ignore_ascii_case(name));
            if let Some(key) = current {
                keys[key].range = range;
            }
        } else if let (Some(key), Some((name, _))) = (current, line.split_once('=')) {
            // .reg files escape backslashes in names as in values.
            let name = name.trim().trim_matches('"').replace(r"\\", r"\");
            let name = if name == "@" { String::new() } else { name };
            for entry in &mut keys[key].entries {
                if entry.name.eq_ignore_ascii_case(&name) {
                    entry.range = range.clone();
                }
            }
        }
    }
}
