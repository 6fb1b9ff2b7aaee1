//! Static facts of a kind of step, and checks that hold for every kind.

use crate::Input;
use crate::lint::{self, Lint};
use twinproof_toml::names;
use twinproof_toml::node::{self, Node};

/// A variable with its meaning, as documentation and error messages show it.
pub type Variable = (&'static str, &'static str);

/// The values that a step's `capture` table may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Captures {
    /// The kind has no `capture` table, or any text will do.
    Anything,
    /// A regular expression with one group, matched against a line of the standard output.
    LineRegex,
    /// One of these names; a name that ends in `.` stands for all that begin with it.
    Names(&'static [&'static str]),
}

/// Static facts of a kind of step.
#[derive(Clone, Copy, Debug)]
pub struct Info {
    /// The kind, as suite files write it.
    pub kind: &'static str,
    /// A step of it, as suite files write it.
    pub example: &'static str,
    /// The inputs that a control may change.
    pub inputs: &'static [Input],
    /// The variables that it gives to later steps.
    pub gives: &'static [Variable],
    /// Names of its texts that a golden can hold.
    pub sources: &'static [&'static str],
    /// The values that its `capture` table may have.
    pub captures: Captures,
    /// Checks after whose failure later steps would only follow from it, without the step's name.
    pub ends: &'static [&'static str],
}

impl Info {
    /// Checks the keys that every kind of step has: its captures, and the inputs that a control may
    /// change.
    pub(crate) fn lint_step(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        let captures = node::get(body, "capture").and_then(node::table);
        for found in captures.into_iter().flat_map(|t| t.values()) {
            self.lint_capture(found, lint);
        }
        for input in self.inputs {
            if let Some(check) = input.check {
                check(body, input.field, lint);
            }
        }
        set_and_unset(body, lint);
    }

    /// Checks the inputs that a control gives for a step of this kind.
    pub fn lint_control(&self, table: &Node<'_>, lint: &mut Lint<'_>) {
        for input in self.inputs {
            if let Some(check) = input.check {
                check(table, input.key, lint);
            }
        }
    }

    /// Checks a value of `capture`.
    fn lint_capture(&self, found: &Node<'_>, lint: &mut Lint<'_>) {
        let Some(value) = found.get_ref().as_str() else { return };
        match self.captures {
            Captures::Anything => {}
            // One group, because a capture has one name.
            Captures::LineRegex => {
                let groups = lint::regex(value, &found.span(), lint);
                if let Some(count) = groups.filter(|count| *count != 1) {
                    let message = format!("a capture has exactly one group, this has {count}");
                    let draft = lint.draft("capture-groups", &message, found.span());
                    let help = "write `(…)` around the value, and `(?:…)` for other groups";
                    lint.add(draft.help(help));
                }
            }
            Captures::Names(valid) => {
                let fits = |name: &&str| match name.strip_suffix('.') {
                    Some(_) => value.strip_prefix(name).is_some_and(|rest| !rest.is_empty()),
                    None => *name == value,
                };
                if valid.iter().any(fits) {
                    return;
                }
                let kind = self.kind;
                let article = names::article(kind);
                let message = format!("{article} `{kind}` step has no value `{value}`");
                let draft = lint.draft("unknown-value", &message, found.span());
                let shown =
                    |n: &&str| if n.ends_with('.') { format!("{n}NAME") } else { (*n).into() };
                let shown: Vec<String> = valid.iter().map(shown).collect();
                let valid = shown.iter().map(String::as_str);
                lint.add(draft.suggest(value, valid, "valid values"));
            }
        }
    }
}

/// Variables that a step both sets and takes away. A control may: it changes what the step has.
fn set_and_unset(table: &Node<'_>, lint: &mut Lint<'_>) {
    for (name, span) in node::texts(node::get(table, "unset")) {
        let set = ["env", "set"].into_iter().filter_map(|set| node::get(table, set));
        let first = set.filter_map(|set| node::table(set)?.get_key_value(name)).next();
        if let Some((first, _)) = first {
            let message = format!("`{name}` is both set and unset");
            let draft = lint.draft("contradiction", &message, span);
            let spot = lint.spot(first.span());
            lint.add(draft.other(spot, "set here"));
        }
    }
}
