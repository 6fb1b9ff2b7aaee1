//! Applies a parsed file: values of settings, and WSL's warnings.
//!
//! The later use of the settings by WSL (clipping, policies, dependencies between them) is not here.

use crate::keys::{Key, Kind, Preset, find};
use crate::parse::{Assignment, Item, Parsed};
use crate::units::Dialect;
use crate::value::{self, Value};
use crate::warning::{Trouble, Warning};

/// A setting that a file makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key that is set.
    pub key: &'static Key,
    /// Its value.
    pub value: Value,
    /// Index of the item that made it.
    pub item: usize,
}

/// Settings and warnings of a file, as WSL reads it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Settings in the order in which they were made; each setting once.
    pub settings: Vec<Setting>,
    /// Warnings of WSL, in order.
    pub warnings: Vec<Warning>,
    /// A MAC address is bad: WSL refuses the file, nothing in it holds, and WSL does not start.
    pub refused: bool,
}

impl Applied {
    /// The value of a setting that the file makes, by its first name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.settings.iter().find(|setting| setting.key.name() == name).map(|found| &found.value)
    }

    /// The settings that differ from their defaults, by their first names.
    #[must_use]
    pub fn changed(&self, dialect: Dialect) -> Vec<(&'static str, Value)> {
        let changed = |setting: &&Setting| !setting.key.is_preset(&setting.value);
        let mut changed: Vec<(&'static str, Value)> = self
            .settings
            .iter()
            .filter(changed)
            .map(|setting| (setting.key.name(), setting.value.clone()))
            .collect();
        if self.refused {
            changed.clear();
        }
        // An absent and an empty text are the same to `.wslconfig`, not to wsl.conf.
        if dialect == Dialect::WslConfig {
            changed.retain(|(_, value)| *value != Value::Text(Vec::new()));
        }
        changed
    }
}

/// Applies a file to the settings.
#[must_use]
pub fn apply(parsed: &Parsed) -> Applied {
    let mut applied = Applied::default();
    let mut made: Vec<(&'static Key, Vec<u8>, u32)> = Vec::new();
    for (index, item) in parsed.items.iter().enumerate() {
        match item {
            Item::Section(_) => {}
            Item::Malformed(malformed) => {
                // The message of the last byte of wsl.conf ends the program before it is printed.
                // Settings read before hold, but no warning is printed: the exception leaves init's
                // loop.
                if parsed.aborts() && index + 1 == parsed.items.len() {
                    break;
                }
                applied.warnings.push(Warning {
                    trouble: Trouble::Malformed(malformed.fault),
                    name: Vec::new(),
                    value: Vec::new(),
                    line: malformed.line,
                    item: index,
                });
            }
            Item::Assignment(assignment) => {
                let Some(key) = find(parsed.dialect, &assignment.name) else {
                    applied.warn(Trouble::UnknownKey, assignment, index);
                    continue;
                };
                if let Some((_, first, line)) = made.iter().find(|(made, ..)| *made == key) {
                    let trouble = Trouble::Duplicate { first: first.clone(), line: *line };
                    applied.warn(trouble, assignment, index);
                    continue;
                }
                made.push((key, assignment.name.clone(), assignment.line));
                applied.take(key, parsed.dialect, assignment, index);
                if applied.refused {
                    break;
                }
            }
        }
    }
    applied
}

impl Applied {
    fn warn(&mut self, trouble: Trouble, assignment: &Assignment, item: usize) {
        let value = match trouble {
            Trouble::UnknownKey | Trouble::Duplicate { .. } => Vec::new(),
            _ => assignment.value.clone(),
        };
        let (name, line) = (assignment.name.clone(), assignment.line);
        self.warnings.push(Warning { trouble, name, value, line, item });
    }

    fn set(&mut self, key: &'static Key, value: Value, item: usize) {
        self.settings.retain(|setting| setting.key != key);
        self.settings.push(Setting { key, value, item });
    }

    fn take(&mut self, key: &'static Key, dialect: Dialect, from: &Assignment, item: usize) {
        if key.kind == Kind::Ports {
            for _ in value::ports(&from.value).filter(Result::is_err) {
                self.warn(Trouble::Int, from, item);
            }
        }
        match value_of(key, dialect, &from.value) {
            Ok(value) => self.set(key, value, item),
            Err(trouble) => {
                self.refused = trouble == Trouble::Mac;
                // A bad address is not only left out: it switches the tunnel off.
                if trouble == Trouble::Address
                    && let Some(tunnel) = find(dialect, b"wsl2.dnsTunneling")
                {
                    self.set(tunnel, Value::Bool(false), item);
                }
                self.warn(trouble, from, item);
            }
        }
    }
}

/// The value that a setting takes from a text; of ports, the good ones.
///
/// # Errors
/// Warning for a value that WSL does not accept.
pub fn value_of(key: &Key, dialect: Dialect, text: &[u8]) -> Result<Value, Trouble> {
    match key.kind {
        Kind::Bool => value::boolean(text).map(Value::Bool).ok_or(Trouble::Bool),
        Kind::Int => value::integer(dialect, text).map(Value::Int).ok_or(Trouble::Int),
        Kind::Size => value::size(text).map(Value::Size).ok_or(Trouble::Size),
        Kind::Text | Kind::Path => Ok(Value::Text(as_taken(key, text))),
        Kind::Enum(names) => names
            .iter()
            .find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(text))
            .map(|(_, meant)| Value::Name(meant))
            .ok_or(Trouble::Name(names)),
        Kind::Mac => value::mac(text).map(Value::Mac).ok_or(Trouble::Mac),
        Kind::Address => value::address(text).map(Value::Address).ok_or(Trouble::Address),
        Kind::Ports => Ok(Value::Ports(value::ports(text).filter_map(Result::ok).collect())),
    }
}

/// A text as the setting has it in the end: `automount.root` ends in a slash.
fn as_taken(key: &Key, text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    if matches!(key.preset, Preset::Text(preset) if preset.ends_with('/')) && !text.ends_with(b"/")
    {
        text.push(b'/');
    }
    text
}
