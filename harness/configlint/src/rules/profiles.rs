//! PATH and Go's folders in the start-up files of shells.

use super::go::GO_NAMES;
use super::words::shown;
use crate::document::Document;
use crate::kind::Kind;
use crate::rule::{Check, Findings, Level, Rule};
use crate::views::commands::{Command, Word, assignment};

/// The rules.
pub const RULES: &[Rule] = &[Rule {
    id: "CONF-091",
    level: Level::Warning,
    title: "A PATH or folder of a profile that is made of what is not there yet",
    effect: "A shell replaces variables and commands where they stand: one that is set below is still empty, `$(go env GOROOT)` needs the go that it is to find, and nothing is replaced in `'…'`, `~` not even in `\"…\"`.",
    advice: "Set the variable first; write GOROOT's folder itself; `$HOME` instead of `~`, and `\"…\"` around it; no blank beside `=`.",
    claims: &[],
    check: Check::File(not_there_yet),
    bad: &[(
        ".profile",
        "export PATH=$PATH:$GOPATH/bin\nexport GOPATH=$HOME/go\nexport PATH=$PATH:$(go env GOROOT)/bin\n",
    )],
    good: &[(
        ".profile",
        "export GOPATH=$HOME/go\nexport PATH=$PATH:/usr/local/go/bin:$GOPATH/bin\nexport PATH=$PATH:$(go env GOPATH)/bin\n",
    )],
}];

/// Variables with folders of Go in them.
const FOLDERS: [&str; 5] = ["GOROOT", "GOPATH", "GOBIN", "GOCACHE", "GOMODCACHE"];

/// The assignments that a command makes for the commands after it.
fn assignments(command: &Command) -> impl Iterator<Item = (&Word, &str, &str)> {
    let lasts = matches!(
        command.program().as_slice(),
        [] | ["export" | "declare" | "readonly" | "typeset", ..]
    );
    let words = command.words.iter().filter(move |_| lasts);
    words.filter_map(|word| assignment(&word.text).map(|(name, value)| (word, name, value)))
}

/// Whether a text uses a variable.
fn uses(value: &str, name: &str) -> bool {
    value.match_indices('$').any(|(at, _)| {
        let rest = value[at + 1..].strip_prefix('{').unwrap_or(&value[at + 1..]);
        rest.strip_prefix(name).is_some_and(|rest| {
            !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                // `${GOPATH:-…}` says what to do without it.
                && !rest.starts_with([':', '-', '+'])
        })
    })
}

fn not_there_yet(document: &Document, findings: &mut Findings<'_>) {
    if document.kind != Kind::Profile {
        return;
    }
    blanks(document, findings);
    let all: Vec<(&Word, &str, &str)> = document.commands.iter().flat_map(assignments).collect();
    let first = |wanted: &str| {
        all.iter().filter(|(_, name, _)| *name == wanted).map(|(word, ..)| word.range.start).min()
    };
    let set: Vec<(&str, Option<usize>)> = FOLDERS.iter().map(|name| (*name, first(name))).collect();
    for (word, name, value) in &all {
        if *name != "PATH" && !FOLDERS.contains(name) {
            continue;
        }
        let start = word.range.start + name.len() + 1;
        let range = start.min(word.range.end)..word.range.end;
        let raw = document.source.slice(range.clone());
        if raw.starts_with('\'') && raw.contains(['$', '~']) {
            findings.add(range, format!("`'` keeps `{}` as it is", shown(value))).level =
                Level::Error;
            continue;
        }
        if raw.starts_with('"') && value.split(':').any(|folder| folder.starts_with("~/")) {
            let finding = findings
                .add(range.clone(), format!("`\"` keeps `~` of `{}` as it is", shown(value)));
            // bash alone looks for programs in such a folder; go refuses it.
            if *name != "PATH" {
                finding.level = Level::Error;
            }
        }
        for (used, at) in &set {
            if used != name && at.is_some_and(|at| at > word.range.start) && uses(value, used) {
                let line = at.map_or(0, |at| document.source.position(at).line);
                findings.add(range.clone(), format!("`${used}` is set in line {line} only"));
            }
        }
        for asked in ["$(go env GOROOT)", "`go env GOROOT`"] {
            if *name == "PATH" && value.contains(asked) {
                findings.add(
                    range.clone(),
                    format!("`{asked}` needs a go on PATH, and runs it at the start of each shell"),
                );
            }
        }
        if value.contains("(go.exe env ") || value.contains("`go.exe env ") {
            findings.add(range.clone(), "Windows' go answers with a path of Windows");
        }
    }
}

/// Assignments with a blank beside `=`, or in the words of cmd.exe: to a shell they are commands.
fn blanks(document: &Document, findings: &mut Findings<'_>) {
    let ours = |name: &str| name == "PATH" || GO_NAMES.contains(&name);
    for command in &document.commands {
        let words: Vec<&str> = command.words.iter().map(|word| word.text.as_str()).collect();
        let (name, message) = match words.as_slice() {
            ["export", name, equals, ..] | [name, equals, ..]
                if ours(name) && equals.starts_with('=') =>
            {
                (name, "a blank beside `=` makes another command of it")
            }
            ["set", setting]
                if setting.split('=').next().is_some_and(ours) && setting.contains('=') =>
            {
                (setting, "`set` sets no variable in a shell: `export`")
            }
            ["export", setting]
                if setting
                    .strip_prefix('$')
                    .and_then(|rest| rest.split_once('='))
                    .is_some_and(|(name, _)| ours(name)) =>
            {
                (setting, "`$` is for reading a variable: its name alone is set")
            }
            _ => continue,
        };
        let finding = findings.add(command.range(), format!("`{}`: {message}", shown(name)));
        finding.effect_is("The variable stays as it was.").level = Level::Error;
    }
}
