//! The file: read key by key, so that a wrong value hides no other.

use super::auth::{self, Entry};
use super::given::{Placed, Values};
use super::keys::{KEYS, Key, find};
use super::mistake::{Mistake, Place, Source};
use super::value::{Kind, Value, parse, split};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The longest file.
const LONGEST: u64 = 1 << 20;

/// What was read.
#[derive(Default)]
pub(super) struct Read {
    pub(super) values: Values,
    pub(super) auth: Vec<Entry>,
    pub(super) mistakes: Vec<Mistake>,
    /// Whether it is no TOML, or cannot be read.
    pub(super) broken: bool,
}

/// Reads a file. The source is absent when it cannot be read.
pub(super) fn read(path: &Path) -> (Read, Option<Source>) {
    let mut read = Read::default();
    match text(path) {
        Ok(text) => {
            let source = Source { path: path.to_owned(), text };
            read.source(&source.text);
            (read, Some(source))
        }
        Err(error) => {
            let message = format!("{}: {error}", path.display());
            read.broken = true;
            read.mistakes.push(Mistake::new(Place::Nowhere, message));
            (read, None)
        }
    }
}

fn text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "over 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        io::Error::new(io::ErrorKind::InvalidData, format!("not UTF-8 at offset {at}"))
    })
}

impl Read {
    fn source(&mut self, text: &str) {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            self.broken = true;
            let place = error.span().map_or(Place::Nowhere, Place::of);
            self.mistakes.push(Mistake::new(place, error.message().to_owned()));
        }
        self.table("", table.get_ref());
    }

    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let place = Place::of(name.span());
            let name = format!("{prefix}{}", name.get_ref());
            if name == "upstream.auth" {
                auth::read(value, &mut self.auth, &mut self.mistakes);
            } else if let Some(key) = find(&name) {
                self.value(key, value);
            } else if prefix.is_empty() && is_table(&name) {
                match value.get_ref() {
                    DeValue::Table(inner) => self.table(&format!("{name}."), inner),
                    _ => {
                        let message = format!("`{name}` is a table");
                        let help = format!("write `[{name}]` and its keys below");
                        self.mistakes.push(Mistake::new(place, message).help(help));
                    }
                }
            } else {
                self.mistakes.push(unknown(&name, prefix, place));
            }
        }
    }

    fn value(&mut self, key: &'static Key, node: &Spanned<DeValue<'_>>) {
        let place = Place::of(node.span());
        let value = match (key.kind, node.get_ref()) {
            (Kind::List, DeValue::Array(items)) => {
                let texts: Option<Vec<String>> =
                    items.iter().map(|i| i.get_ref().as_str().map(str::to_owned)).collect();
                texts.map(Value::List)
            }
            (Kind::List, DeValue::String(text)) => Some(Value::List(split(text))),
            (Kind::Bytes | Kind::Count, DeValue::Integer(number)) => {
                u64::from_str_radix(number.as_str(), number.radix()).ok().map(Value::Number)
            }
            (Kind::Switch, DeValue::Boolean(switch)) => Some(Value::Switch(*switch)),
            (Kind::Text | Kind::Path | Kind::Time | Kind::Bytes, DeValue::String(text)) => {
                parse(key.kind, text)
            }
            _ => None,
        };
        match value {
            Some(value) => {
                self.values.insert(key.name, Placed { value, place });
            }
            None => {
                let message = format!("`{}` is {}", key.name, key.kind.expected());
                let label = format!("this is {}", describe(node.get_ref()));
                self.mistakes.push(Mistake::new(place, message).label(label));
            }
        }
    }
}

fn is_table(name: &str) -> bool {
    KEYS.iter().any(|key| key.name.split_once('.').is_some_and(|(table, _)| table == name))
}

/// A key that there is not. What it was given is not shown: it may be a secret.
fn unknown(name: &str, prefix: &str, place: Place) -> Mistake {
    let same = KEYS.iter().map(|key| key.name).filter(|known| {
        known.strip_prefix(prefix).is_some_and(|rest| prefix.is_empty() || !rest.contains('.'))
    });
    let near = nearest(name, same).or_else(|| {
        // The right name in the wrong table.
        let last = name.rsplit('.').next().unwrap_or(name);
        KEYS.iter().map(|key| key.name).find(|known| known.rsplit('.').next() == Some(last))
    });
    let mistake = Mistake::new(place, format!("there is no setting `{name}`")).secret();
    match near {
        Some(near) => mistake.help(format!("`{near}` is meant?")),
        None => mistake,
    }
}

/// The name that is most like another, if it is much like it.
pub(super) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    names
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, known)| *distance <= known.len().div_ceil(4))
        .min()
        .map(|(_, known)| known)
}

fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
