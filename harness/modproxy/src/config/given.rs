//! Values from flags and variables, put over those of the file.

use super::keys::find;
use super::value::{Kind, Value, parse};
use std::collections::BTreeMap;
use std::path::Path;
use twinproof_toml::{Draft, Reporter, Spot};

/// A value given as a flag or variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The [`Key::name`](super::Key::name).
    pub name: &'static str,
    /// The value, as text.
    pub text: String,
    /// Whether it was a flag or a variable.
    pub origin: Origin,
}

/// The source of a value that is not from the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// As a variable.
    Variable,
    /// As a flag.
    Flag,
}

/// A value and where it was given.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) value: Value,
    pub(super) spot: Spot,
}

/// Values by the names of their keys.
pub(super) type Values = BTreeMap<&'static str, Placed>;

/// Puts what was given over the file's values. Paths of the file become relative to its folder.
pub(super) fn over(
    mut values: Values,
    given: &[Given],
    folder: Option<&Path>,
    reporter: &mut Reporter,
) -> Values {
    if let Some(folder) = folder {
        for (name, placed) in &mut values {
            if find(name).is_some_and(|key| key.kind == Kind::Path)
                && let Value::Text(path) = &mut placed.value
                // Paths in a file are relative to the file: the same file works from every current
                // directory.
                && let Some(joined) = folder.join(&*path).to_str()
            {
                *path = joined.to_owned();
            }
        }
    }
    let mut given: Vec<&Given> = given.iter().filter(|given| !unset(given)).collect();
    // Variables before flags: the later insert wins, and a flag is the nearer will.
    given.sort_by_key(|given| given.origin);
    for Given { name, text, origin } in given {
        let Some(key) = find(name) else { continue };
        let place = match origin {
            Origin::Flag => format!("--{}", key.flag),
            Origin::Variable => key.variable().to_owned(),
        };
        let spot = Spot::new(&place.into(), 0..0);
        match parse(key.kind, text) {
            Some(value) => {
                values.insert(key.name, Placed { value, spot });
            }
            None => {
                let message = format!("expected {}", key.kind.expected());
                reporter.add(Draft::new("wrong-type", message, spot));
            }
        }
    }
    values
}

/// A variable that is empty counts as one that is not there.
fn unset(given: &Given) -> bool {
    // Container tools often set a variable to nothing where it should be absent.
    given.origin == Origin::Variable && given.text.is_empty()
}
