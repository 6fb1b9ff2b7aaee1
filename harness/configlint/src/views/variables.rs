//! Environment variables that a file of any kind sets.

use super::commands::{Command, assignment};
use super::json::Node;
use crate::source::Source;
use std::ops::Range;

/// The source of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file of `go env -w`.
    GoEnv,
    /// A list of variables as `env` prints it.
    Environment,
    /// A shell's start-up file or script.
    Shell,
    /// `go env -w` on a command line.
    GoCommand,
    /// `ENV` of an image, with its stage.
    Image(usize),
    /// `go.toolsEnvVars` or `go.testEnvVars` of the editor.
    Editor,
}

/// A variable that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name, as spelt.
    pub name: String,
    /// Its value, quotes taken away.
    pub value: String,
    /// Byte range of the value; empty when it has none.
    pub range: Range<usize>,
    /// The source of the setting.
    pub origin: Origin,
}

/// The variables of a file with `NAME=value` lines, where nothing is quoted.
#[must_use]
pub fn of_lines(source: &Source, origin: Origin) -> Vec<Variable> {
    let mut variables = Vec::new();
    for (at, line) in source.lines() {
        let indent = line.len() - line.trim_start().len();
        let Some((name, value)) = line.split_once('=') else { continue };
        // cmd/go takes everything in front of `=` for the name, blanks too. Elsewhere `export -p`
        // and `set` of cmd.exe print lists of variables as well.
        let name = match origin {
            Origin::GoEnv => name,
            _ => name.trim().trim_start_matches("export ").trim_start_matches("set "),
        };
        let good = |byte: u8| byte.is_ascii_alphanumeric() || b"_()".contains(&byte);
        if name.is_empty() || !name.bytes().all(good) || line[indent..].starts_with('#') {
            continue;
        }
        let start = at + line.len() - value.len();
        let range = start..at + line.len();
        let (name, value) = (name.to_owned(), value.to_owned());
        variables.push(Variable { name, value, range, origin });
    }
    variables
}

/// The variables that the editor's settings have for go's tools.
#[must_use]
pub fn of_settings(root: &Node) -> Vec<Variable> {
    let settings = match root.get("settings") {
        // A .code-workspace file has its settings in a key `settings` beside `folders`.
        Some(settings) if root.get("folders").is_some() => &settings.node,
        _ => root,
    };
    let lists = ["go.toolsEnvVars", "go.testEnvVars"].map(|name| settings.get(name));
    let entries = lists.into_iter().flatten().flat_map(|list| list.node.properties());
    let variable = |name: &str, node: &Node| {
        Some(Variable {
            name: name.to_owned(),
            value: node.text()?.to_owned(),
            range: node.range.clone(),
            origin: Origin::Editor,
        })
    };
    entries.filter_map(|entry| variable(&entry.name, &entry.node)).collect()
}

/// Prefix of PowerShell's names of environment variables, in upper or lower case.
const POWERSHELL: &str = "$env:";

/// `$env:NAME = value` of PowerShell, with blanks around `=` or without.
fn of_powershell(command: &Command) -> Option<Variable> {
    let first = command.words.first()?;
    let (name, value, range) = match (first.text.split_once('='), command.words.as_slice()) {
        (Some((name, value)), [_]) if !value.is_empty() => {
            let start = (first.range.start + name.len() + 1).min(first.range.end);
            (name, value, start..first.range.end)
        }
        (None, [_, equals, value]) if equals.text == "=" => {
            (first.text.as_str(), value.text.as_str(), value.range.clone())
        }
        _ => return None,
    };
    let name = name.get(POWERSHELL.len()..)?.to_owned();
    Some(Variable { name, value: value.to_owned(), range, origin: Origin::Environment })
}

/// The variables that commands set for later ones.
#[must_use]
pub fn of_commands(commands: &[Command]) -> Vec<Variable> {
    let mut variables = Vec::new();
    for command in commands {
        let program = command.program();
        let origin = match program.as_slice() {
            ["go", "env", "-w", ..] => Origin::GoCommand,
            // `setx NAME VALUE` of Windows.
            ["setx", name, value, ..] => {
                if let Some(word) = command.word(value) {
                    variables.push(Variable {
                        name: (*name).to_owned(),
                        value: word.text.clone(),
                        range: word.range.clone(),
                        origin: Origin::Environment,
                    });
                }
                continue;
            }
            // `NAME=value program` sets a variable for that program alone, so words before a
            // program are not taken; a line of assignments only has no program.
            ["export" | "declare" | "readonly" | "typeset", ..] | [] => Origin::Shell,
            [first, ..] if first.to_ascii_lowercase().starts_with(POWERSHELL) => {
                variables.extend(of_powershell(command));
                continue;
            }
            _ => continue,
        };
        for word in &command.words {
            let Some((name, value)) = assignment(&word.text) else { continue };
            let value = value.to_owned();
            let start = (word.range.start + name.len() + 1).min(word.range.end);
            let range = start..word.range.end;
            variables.push(Variable { name: name.to_owned(), value, range, origin });
        }
    }
    variables
}
