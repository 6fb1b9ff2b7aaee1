//! The commands of scripts.

mod compare;
mod files;
mod program;
mod replace;
mod search;
mod variables;

use crate::outcome::Reason;
use crate::parse::{Command, Word};
use crate::script::Line;
use crate::setting::Setting;
use crate::state::{Fault, Ran, State};

/// A command's arguments with the variables in them expanded.
pub(crate) fn expanded(command: &Command, state: &State) -> Vec<String> {
    let searches = matches!(&*command.name, "stdout" | "stderr" | "grep");
    // Variables in the pattern are quoted, so that a path with dots or backslashes matches itself.
    // Other arguments are plain.
    let pattern = searches.then(|| first_plain(&command.args)).flatten();
    let word = |(i, word): (usize, &Word)| state.word(word, pattern == Some(i));
    command.args.iter().enumerate().map(word).collect()
}

/// The place of the first argument that is no flag.
fn first_plain(args: &[Word]) -> Option<usize> {
    for (i, word) in args.iter().enumerate() {
        let text: String = word.iter().map(|f| f.text.as_str()).collect();
        if text == "--" {
            return Some(i + 1);
        }
        if !text.starts_with('-') {
            return Some(i);
        }
    }
    None
}

/// Runs a command.
pub(crate) fn run(
    line: &Line,
    command: &Command,
    args: &[String],
    state: &mut State,
    setting: &Setting,
) -> Result<Ran, Fault> {
    let name = command.name.as_str();
    if command.background && !matches!(name, "go" | "exec") {
        return Err(Fault::Firm(format!("`{name}` cannot run in the background")));
    }
    match name {
        "go" => program::go(line, command, args, state, setting),
        "exec" => program::exec(line, command, args, state, setting),
        "wait" => program::wait(args, state),
        "stdout" | "stderr" | "grep" => search::run(name, args, state),
        "cmp" => compare::run(args, false, state),
        "cmpenv" => compare::run(args, true, state),
        "env" => variables::env(line.number, args, state, setting),
        "cd" => variables::cd(args, state),
        "echo" => Ok(Ran::output(format!("{}\n", args.join(" ")).into_bytes())),
        "cat" => files::cat(args, state),
        "chmod" => files::chmod(args, state),
        "cp" => files::cp(args, state),
        "exists" => files::exists(args, state),
        "mkdir" => files::mkdir(args, state),
        "mv" => files::mv(args, state),
        "rm" => files::rm(args, state),
        "symlink" => files::symlink(args, state),
        "replace" => replace::run(args, state),
        "stop" => Err(Fault::Stop(args.join(" "))),
        "skip" => Err(Fault::Absent(Reason::Skip {
            line: line.number,
            conditions: command
                .guards
                .iter()
                .map(|g| format!("[{}{}]", if g.want { "" } else { "!" }, g.tag))
                .collect(),
            message: args.join(" "),
        })),
        _ => Err(Fault::Absent(Reason::Command { name: name.to_owned(), line: line.number })),
    }
}
