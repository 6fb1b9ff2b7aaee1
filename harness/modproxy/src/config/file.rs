//! Reads the configuration file: key by key, so that a wrong value hides no other.

use super::auth::{self, AuthEntry};
use super::given::{Placed, Values};
use super::keys::{KEYS, Key, find};
use super::value::{Kind, Value, parse, split};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use twinproof_toml::text::SourceText;
use twinproof_toml::{Draft, Reporter, Spot, node, parse_with};

/// The longest file.
const LONGEST: u64 = 1 << 20;

/// The settings that were read.
pub(super) struct Read {
    file: Arc<str>,
    pub(super) values: Values,
    pub(super) auth: Vec<AuthEntry>,
    pub(super) reporter: Reporter,
    /// Whether it is no TOML, or cannot be read.
    pub(super) broken: bool,
}

/// Reads a file.
pub(super) fn read(path: &Path) -> Read {
    let name = path.display().to_string();
    let file: Arc<str> = name.as_str().into();
    let (text, error) = match text(path) {
        Ok(text) => (text, None),
        Err(error) => (String::new(), Some(error)),
    };
    let sources = match error {
        None => [(name, SourceText::new(text))].into(),
        Some(_) => BTreeMap::new(),
    };
    let mut read = Read::of(file, sources);
    if let Some(error) = error {
        read.broken = true;
        let spot = Spot::new(&read.file, 0..0);
        read.reporter.add(Draft::new("unreadable", format!("cannot be read: {error}"), spot));
    }
    read.source();
    read
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
    /// Of no file.
    pub(super) fn empty() -> Self {
        Self::of("".into(), BTreeMap::new())
    }

    fn of(file: Arc<str>, sources: BTreeMap<String, SourceText>) -> Self {
        let reporter = Reporter::new(Arc::new(sources));
        Self { file, values: Values::new(), auth: Vec::new(), reporter, broken: false }
    }

    fn source(&mut self) {
        let sources = Arc::clone(&self.reporter.sources);
        let Some(source) = sources.get(&*self.file) else { return };
        // The line of a syntax error is not shown: it may be the one with a secret.
        let (tree, whole) = parse_with(&self.file, source, &mut self.reporter, Draft::secret);
        self.broken = !whole || self.reporter.count() > 0;
        if let Some(table) = node::table(&tree) {
            self.table("", table);
        }
    }

    fn table(&mut self, prefix: &str, table: &DeTable<'_>) {
        for (name, value) in table {
            let spot = Spot::new(&self.file, name.span());
            let name = format!("{prefix}{}", name.get_ref());
            if name == "upstream.auth" {
                auth::read(value, &self.file, &mut self.auth, &mut self.reporter);
            } else if let Some(key) = find(&name) {
                self.value(key, value);
            } else if prefix.is_empty() && is_table(&name) {
                match value.get_ref() {
                    DeValue::Table(inner) => self.table(&format!("{name}."), inner),
                    _ => {
                        let message = format!("`{name}` is a table");
                        let help = format!("write `[{name}]` and its keys below");
                        self.reporter.add(Draft::new("wrong-type", message, spot).help(help));
                    }
                }
            } else {
                self.reporter.add(unknown(&name, prefix, spot));
            }
        }
    }

    fn value(&mut self, key: &'static Key, given: &Spanned<DeValue<'_>>) {
        let spot = Spot::new(&self.file, given.span());
        let value = match (key.kind, given.get_ref()) {
            (Kind::List, DeValue::Array(items)) => {
                let texts: Option<Vec<String>> =
                    items.iter().map(|i| i.get_ref().as_str().map(str::to_owned)).collect();
                texts.map(Value::List)
            }
            // As a variable or a flag has it: one text, with commas.
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
                self.values.insert(key.name, Placed { value, spot });
            }
            None => {
                let message = format!("`{}` is {}", key.name, key.kind.expected());
                let label = format!("this is {}", node::describe(given.get_ref()));
                self.reporter.add(Draft::new("wrong-type", message, spot).label(label));
            }
        }
    }
}

fn is_table(name: &str) -> bool {
    KEYS.iter().any(|key| key.name.split_once('.').is_some_and(|(table, _)| table == name))
}

/// The error of an unknown key. Its value is not shown: it may be a secret.
fn unknown(name: &str, prefix: &str, spot: Spot) -> Draft {
    let draft = Draft::new("unknown-key", format!("there is no setting `{name}`"), spot).secret();
    let same = KEYS.iter().map(|key| key.name).filter(|known| {
        known.strip_prefix(prefix).is_some_and(|rest| prefix.is_empty() || !rest.contains('.'))
    });
    let near = draft.clone().suggest(name, same, "settings");
    if near.has_suggestion() {
        return near;
    }
    // The right name in the wrong table.
    let last = name.rsplit('.').next().unwrap_or(name);
    match KEYS.iter().map(|key| key.name).find(|known| known.rsplit('.').next() == Some(last)) {
        Some(known) => draft.suggest(known, [known], "settings"),
        None => near,
    }
}
