//! A Dockerfile: stages, their base images, variables and commands.

use super::commands::{Command, assignment, commands, last};
use super::expand::{Known, expand};
use super::variables::{Origin, Variable};
use crate::source::Position;
use parse_dockerfile::{Command as Form, Instruction, parse_iter};
use std::collections::HashMap;
use std::ops::Range;

/// Longest value in which variables are replaced, and most bytes of all of them together.
// `ENV A=$A$A` doubles the value with each line.
const VALUE_MAX: usize = 4096;
const VALUES_MAX: usize = 4 << 20;

/// Most stages that a stage is built from.
const CHAIN_MAX: usize = 64;

/// A stage.
#[derive(Clone, Debug, Default)]
pub struct Stage {
    /// Its base image or stage, with the default values of variables in it; `None` before any `FROM`.
    pub base: Option<(String, Range<usize>)>,
    /// Its name.
    pub name: Option<String>,
    /// Variables set by `ENV`, with the values they have where `--build-arg` gives no others.
    /// References to unknown variables stay as they are written.
    pub variables: Vec<Variable>,
    /// Commands of `RUN`.
    pub commands: Vec<Command>,
    /// The stage it is built from.
    parent: Option<usize>,
    /// The stage from which it comes in the end.
    first: usize,
    /// The last value of each variable.
    values: HashMap<String, usize>,
    /// Variables declared by `ARG`, with their defaults.
    arguments: HashMap<String, Option<String>>,
}

/// The reason why a variable does not have the value that its text suggests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misread {
    /// A command in `$(…)` or backticks, which the builder does not run.
    Command,
    /// An `ARG` in front of the first `FROM`, which is not declared in the stage.
    Global(String),
    /// A variable of the same instruction, which has its new value only behind it.
    SameLine(String),
    /// A variable in `'`.
    Quoted,
    /// `~`, which no shell expands here.
    Home,
    /// `export` at the end of a `RUN`.
    Exported(String),
}

/// A Dockerfile.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// Its stages; the first may have no base, where a snippet has no `FROM`.
    pub stages: Vec<Stage>,
    /// Values that differ from what their text seems to mean.
    pub misread: Vec<(Misread, Range<usize>)>,
    /// The place and the reason where parsing ended early.
    pub error: Option<(Position, String)>,
    /// Variables declared by `ARG` in front of the first stage.
    globals: HashMap<String, Option<String>>,
    /// Indexes of stages by their names, in lower case.
    names: HashMap<String, usize>,
    /// Bytes of values in which variables were replaced.
    expanded: usize,
}

/// Variables that the official images of Go set.
const OFFICIAL: [(&str, &str); 2] = [
    ("GOPATH", "/go"),
    (
        "PATH",
        "/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ),
];

/// Variables of Go, and PATH, with folders in them.
const FOLDERS: [&str; 6] = ["PATH", "GOROOT", "GOPATH", "GOBIN", "GOCACHE", "GOMODCACHE"];

/// Whether an image is one of Go's official ones, by its name.
#[must_use]
pub fn is_official(image: &str) -> bool {
    // Tag and digest do not change what an image of this name has.
    let name = image.split(['@', ':']).next().unwrap_or_default();
    matches!(name, "golang" | "library/golang" | "docker.io/golang" | "docker.io/library/golang")
}

impl Image {
    /// The stages that a stage is built from, itself first.
    fn chain(&self, stage: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(stage), |&index| self.stages[index].parent).take(CHAIN_MAX)
    }

    /// Variables of a stage and of the stages it is built from, the stage's own last.
    #[must_use]
    pub fn effective(&self, stage: usize) -> Vec<&Variable> {
        let chain: Vec<usize> = self.chain(stage).collect();
        chain.into_iter().rev().flat_map(|index| &self.stages[index].variables).collect()
    }

    /// The image that a stage comes from in the end.
    #[must_use]
    pub fn root(&self, stage: usize) -> Option<&str> {
        let first = self.stages.get(self.stages.get(stage)?.first)?;
        first.base.as_ref().map(|(base, _)| base.as_str())
    }

    /// The value that a stage has for a variable, so far as it is read.
    fn value(&self, stage: usize, name: &str) -> Option<&str> {
        self.chain(stage).find_map(|index| {
            let stage = &self.stages[index];
            stage.values.get(name).map(|&at| stage.variables[at].value.as_str())
        })
    }

    /// The value of a variable in a stage, by the instructions so far.
    fn known(&self, stage: usize, name: &str) -> Known {
        // A value with an unknown variable in it is no more known than that variable.
        let plain = |value: &str| match value.contains('$') {
            true => Known::Unknown,
            false => Known::Value(value.to_owned()),
        };
        if let Some(value) = self.value(stage, name) {
            return plain(value);
        }
        match self.chain(stage).find_map(|index| self.stages[index].arguments.get(name)) {
            Some(Some(default)) => plain(default),
            Some(None) => self.global(name),
            None => {
                let official = self.root(stage).is_some_and(is_official);
                let set = OFFICIAL.iter().find(|(known, _)| official && *known == name);
                set.map_or(Known::Unknown, |(_, value)| Known::Value((*value).to_owned()))
            }
        }
    }

    /// The value of a variable in `FROM`.
    fn global(&self, name: &str) -> Known {
        match self.globals.get(name) {
            Some(Some(default)) if !default.contains('$') => Known::Value(default.clone()),
            _ => Known::Unknown,
        }
    }

    /// Whether a variable is declared in front of the first stage, and not in this one.
    fn is_forgotten(&self, stage: usize, name: &str) -> bool {
        self.globals.contains_key(name)
            && self.value(stage, name).is_none()
            && !self.chain(stage).any(|index| self.stages[index].arguments.contains_key(name))
    }

    /// A value with its known variables replaced.
    fn expand(&mut self, raw: &str, lookup: &mut dyn FnMut(&Self, &str) -> Known) -> String {
        let value = expand(raw, &mut |name| lookup(self, name));
        if value.len() <= raw.len() {
            return value;
        }
        self.expanded = self.expanded.saturating_add(value.len());
        if value.len() > VALUE_MAX || self.expanded > VALUES_MAX { raw.to_owned() } else { value }
    }

    /// Begins a stage.
    fn begin(&mut self, base: &str, range: Range<usize>, name: Option<String>) {
        let index = self.stages.len();
        let base = self.expand(base, &mut Self::global);
        let parent = self.names.get(&base.to_ascii_lowercase()).copied();
        if let Some(name) = &name {
            self.names.insert(name.to_ascii_lowercase(), index);
        }
        self.stages.push(Stage {
            base: Some((base, range)),
            name,
            parent,
            first: parent.map_or(index, |parent| self.stages[parent].first),
            ..Stage::default()
        });
    }

    /// Takes the words of an `ARG`.
    fn declare(&mut self, raw: &str) {
        for range in words(raw) {
            let word = &raw[range];
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (word, None),
            };
            let stage = self.stages.len().checked_sub(1);
            let value = value.map(|value| {
                self.expand(value, &mut |image, name| match stage {
                    None => image.global(name),
                    Some(stage) => image.known(stage, name),
                })
            });
            let declared = match stage {
                None => &mut self.globals,
                Some(stage) => &mut self.stages[stage].arguments,
            };
            declared.insert(name.to_owned(), value);
        }
    }

    /// Takes the variables of an `ENV` whose text begins at `start`.
    fn set(&mut self, raw: &str, start: usize) {
        let Some(stage) = self.stages.len().checked_sub(1) else { return };
        let mut set: Vec<Variable> = Vec::new();
        // An instruction's own variables have their new values only behind it.
        let mut new: HashMap<String, String> = HashMap::new();
        for (name, range) in assignments(raw) {
            let text = &raw[range.clone()];
            let place = start + range.start..start + range.end;
            let mut why = Vec::new();
            let value = self.expand(text, &mut |image, used| {
                if image.is_forgotten(stage, used) {
                    why.push(Misread::Global(used.to_owned()));
                    return Known::Unset;
                }
                let known = image.known(stage, used);
                if new.get(used).is_some_and(|value| known != Known::Value(value.clone())) {
                    why.push(Misread::SameLine(used.to_owned()));
                }
                known
            });
            // A backslash or `'` makes it plain that the text is meant.
            if (text.contains("$(") || text.contains('`')) && !text.contains(['\\', '\'']) {
                why.push(Misread::Command);
            }
            let folders = FOLDERS.contains(&name);
            if folders && text.starts_with('\'') && text.contains('$') {
                why.push(Misread::Quoted);
            }
            if folders && value.split(':').any(|folder| folder == "~" || folder.starts_with("~/")) {
                why.push(Misread::Home);
            }
            self.misread.extend(why.into_iter().map(|why| (why, place.clone())));
            new.insert(name.to_owned(), value.clone());
            let origin = Origin::Image(stage);
            set.push(Variable { name: name.to_owned(), value, range: place, origin });
        }
        let Stage { variables, values, .. } = &mut self.stages[stage];
        for variable in set {
            values.insert(variable.name.clone(), variables.len());
            variables.push(variable);
        }
    }

    /// Takes the commands of a `RUN`.
    fn run(&mut self, found: Vec<Command>) {
        // Variables that a RUN exports end with its shell.
        if let Some(last) = last(&found)
            && last.program().first() == Some(&"export")
            && let Some((name, _)) = last.words.iter().find_map(|word| assignment(&word.text))
        {
            self.misread.push((Misread::Exported(name.to_owned()), last.range()));
        }
        if let Some(stage) = self.stages.last_mut() {
            stage.commands.extend(found);
        }
    }
}

/// Reads a Dockerfile. A snippet without `FROM` is read as if it had one.
#[must_use]
pub fn read(text: &str) -> Image {
    const FROM: &str = "FROM scratch\n";
    let first = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    let begins = |word: &str| first.is_some_and(|line| line.to_ascii_uppercase().starts_with(word));
    if begins("FROM") || begins("ARG") {
        return read_whole(text, 0);
    }
    let mut image = read_whole(&format!("{FROM}{text}"), FROM.len());
    if let Some(stage) = image.stages.first_mut() {
        stage.base = None;
    }
    image
}

fn read_whole(text: &str, shift: usize) -> Image {
    let mut image = Image::default();
    let instructions = match parse_iter(text) {
        Ok(instructions) => instructions,
        Err(error) => return Image { error: Some(place_and_reason(&error)), ..image },
    };
    let back =
        |range: Range<usize>| range.start.saturating_sub(shift)..range.end.saturating_sub(shift);
    for instruction in instructions {
        let instruction = match instruction {
            Ok(instruction) => instruction,
            Err(error) => {
                image.error = Some(place_and_reason(&error));
                break;
            }
        };
        match instruction {
            Instruction::From(from) => {
                let name = from.as_.map(|(_, name)| name.value.into_owned());
                image.begin(&from.image.value, back(from.image.span), name);
            }
            Instruction::Arg(arg) => {
                image.declare(text.get(arg.arguments.span).unwrap_or_default());
            }
            Instruction::Env(env) => {
                let start = back(env.arguments.span.clone()).start;
                image.set(text.get(env.arguments.span).unwrap_or_default(), start);
            }
            Instruction::Run(run) => {
                let mut found = Vec::new();
                match &run.arguments {
                    Form::Shell(shell) => {
                        let start = back(shell.span.clone()).start;
                        found.extend(commands(shell.value, start));
                    }
                    Form::Exec(words) => {
                        let words = words.value.iter().map(|word| super::commands::Word {
                            text: word.value.clone().into_owned(),
                            range: back(word.span.clone()),
                        });
                        found.push(Command { words: words.collect(), writes: Vec::new() });
                    }
                    _ => {}
                }
                for document in &run.here_docs {
                    let start = back(document.span.clone()).start;
                    let raw = text.get(document.span.clone()).unwrap_or_default();
                    found.extend(commands(raw, start));
                }
                image.run(found);
            }
            _ => {}
        }
    }
    image
}

/// The place and the reason of a parser's error.
fn place_and_reason(error: &parse_dockerfile::Error) -> (Position, String) {
    let place = Position { line: error.line(), column: error.column() };
    // The message of the parser ends with the place.
    let text = error.to_string();
    (place, text.split(" at line ").next().unwrap_or_default().to_owned())
}

/// Words of an instruction, quotes included: blanks outside of quotes separate them, lines that are
/// comments apart.
fn words(raw: &str) -> Vec<Range<usize>> {
    let bytes = raw.as_bytes();
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    // Whether nothing but blanks stands before in this line, which is not the first.
    let mut fresh = false;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if byte == b'#' && fresh && start.is_none() {
            at += raw[at..].find('\n').unwrap_or(raw.len() - at);
            continue;
        }
        fresh = byte == b'\n' || fresh && byte.is_ascii_whitespace();
        if byte == b'\\' && matches!(bytes.get(at + 1), Some(b'\n' | b'\r')) {
            // A backslash before a line end joins the lines, also within a word.
            at += if bytes[at + 1..].starts_with(b"\r\n") { 3 } else { 2 };
            fresh = true;
            continue;
        }
        if quote.is_none() && byte.is_ascii_whitespace() {
            words.extend(start.take().map(|start| start..at));
            at += 1;
            continue;
        }
        start = start.or(Some(at));
        match (quote, byte) {
            (None, b'\'' | b'"') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            (None | Some(b'"'), b'\\') => at += 1,
            _ => {}
        }
        at += 1;
    }
    words.extend(start.map(|start| start..raw.len()));
    words
}

/// Names of `NAME=value …`, or of the old form `NAME value`, and where the values stand.
fn assignments(raw: &str) -> Vec<(&str, Range<usize>)> {
    let words = words(raw);
    let Some(first) = words.first().map(|range| &raw[range.clone()]) else { return Vec::new() };
    if first.contains('=') {
        let one = |range: &Range<usize>| {
            let (name, _) = raw[range.clone()].split_once('=')?;
            Some((name, range.start + name.len() + 1..range.end))
        };
        return words.iter().filter_map(one).collect();
    }
    match words.as_slice() {
        [_, value, ..] => {
            let end = words.last().map_or(value.end, |word| word.end);
            vec![(first, value.start..end)]
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn stages_know_what_they_inherit() {
        let text = "FROM golang:1.27 AS build\nENV A=1 B=\"two words\"\nRUN go build && ls\n\
                    FROM build\nENV A 3 4\n";
        let image = read(text);
        let seen: Vec<_> =
            image.effective(1).iter().map(|v| (v.name.clone(), v.value.clone())).collect();
        let pair = |n: &str, v: &str| (n.to_owned(), v.to_owned());
        assert_eq!(seen, [pair("A", "1"), pair("B", "two words"), pair("A", "3 4")]);
        assert_eq!(image.root(1), Some("golang:1.27"));
        assert_eq!(image.stages[0].commands.len(), 2);
        let range = image.stages[0].variables[1].range.clone();
        assert_eq!(&text[range], "\"two words\"");
    }

    #[test]
    fn variables_have_the_values_of_the_builder() {
        let text = "ARG BASE=golang:1.27\nARG ROOT=/opt/go\nFROM $BASE AS Build\nARG ROOT\nARG X=$ROOT/x Y\n\
                    ENV A=$X B=$Y C=\"$ROOT b\" \\\n  # c\n  D=$GOPATH/bin E=$A\n\
                    FROM build\nENV F=$A:$X G=${N:-n}\n";
        let image = read(text);
        let seen: Vec<String> =
            image.effective(1).iter().map(|v| format!("{}={}", v.name, v.value)).collect();
        assert_eq!(
            seen,
            [
                "A=/opt/go/x",
                "B=$Y",
                "C=/opt/go b",
                "D=/go/bin",
                "E=$A",
                "F=/opt/go/x:/opt/go/x",
                "G=${N:-n}"
            ]
        );
        assert_eq!(image.root(1), Some("golang:1.27"));
        let range = image.stages[1].variables[0].range.clone();
        assert_eq!(&text[range], "$A:$X");
    }

    #[test]
    fn a_snippet_needs_no_from() {
        let text = "# c\nENV GOROOT=/usr/lib/go\n";
        let image = read(text);
        assert_eq!(image.root(0), None);
        assert_eq!(&text[image.stages[0].variables[0].range.clone()], "/usr/lib/go");
    }

    #[test]
    fn malformed_dockerfile_is_an_error() {
        assert!(read("FROM\n").error.is_some());
    }
}
