//! A Dockerfile: stages, their base images, what they set and run.

use super::commands::{Command, assignment, commands};
use super::variables::{Origin, Variable};
use parse_dockerfile::{Command as Form, Instruction, parse_iter};
use std::ops::Range;

/// A stage.
#[derive(Clone, Debug, Default)]
pub struct Stage {
    /// Its base image or stage, as written; `None` before any `FROM`.
    pub base: Option<(String, Range<usize>)>,
    /// Its name.
    pub name: Option<String>,
    /// Variables set by `ENV`.
    pub variables: Vec<Variable>,
    /// Commands of `RUN`.
    pub commands: Vec<Command>,
}

/// A Dockerfile.
#[derive(Clone, Debug, Default)]
pub struct Image {
    /// Its stages; the first may have no base, where a snippet has no `FROM`.
    pub stages: Vec<Stage>,
    /// Why it could not be read to its end.
    pub error: Option<String>,
}

impl Image {
    /// Variables of a stage and of the stages it is built from, the stage's own last.
    pub fn effective(&self, stage: usize) -> Vec<&Variable> {
        let mut chain = Vec::new();
        let mut at = Some(stage);
        while let Some(index) = at {
            chain.push(index);
            let base = self.stages[index].base.as_ref().map(|(base, _)| base.as_str());
            // A base can only be an earlier stage, so that this ends.
            at = self.stages[..index]
                .iter()
                .rposition(|s| s.name.is_some() && s.name.as_deref() == base);
        }
        chain.into_iter().rev().flat_map(|index| &self.stages[index].variables).collect()
    }

    /// The image that a stage comes from in the end.
    #[must_use]
    pub fn root(&self, stage: usize) -> Option<&str> {
        let mut index = stage;
        loop {
            let base = self.stages.get(index)?.base.as_ref().map(|(base, _)| base.as_str())?;
            match self.stages[..index].iter().rposition(|s| s.name.as_deref() == Some(base)) {
                Some(earlier) => index = earlier,
                None => return Some(base),
            }
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
        Err(error) => return Image { error: Some(error.to_string()), ..image },
    };
    let back =
        |range: Range<usize>| range.start.saturating_sub(shift)..range.end.saturating_sub(shift);
    for instruction in instructions {
        let instruction = match instruction {
            Ok(instruction) => instruction,
            Err(error) => {
                image.error = Some(error.to_string());
                break;
            }
        };
        let index = image.stages.len().saturating_sub(1);
        match instruction {
            Instruction::From(from) => image.stages.push(Stage {
                base: Some((from.image.value.into_owned(), back(from.image.span))),
                name: from.as_.map(|(_, name)| name.value.into_owned()),
                ..Stage::default()
            }),
            Instruction::Env(env) => {
                let start = back(env.arguments.span.clone()).start;
                let raw = text.get(env.arguments.span).unwrap_or_default();
                if let Some(stage) = image.stages.last_mut() {
                    stage.variables.extend(variables(raw, start, index));
                }
            }
            Instruction::Run(run) => {
                let Some(stage) = image.stages.last_mut() else { continue };
                match &run.arguments {
                    Form::Shell(shell) => {
                        let start = back(shell.span.clone()).start;
                        stage.commands.extend(commands(shell.value, start));
                    }
                    Form::Exec(words) => {
                        let words = words.value.iter().map(|word| super::commands::Word {
                            text: word.value.clone().into_owned(),
                            range: back(word.span.clone()),
                        });
                        stage.commands.push(Command { words: words.collect(), writes: Vec::new() });
                    }
                    _ => {}
                }
                for document in &run.here_docs {
                    let start = back(document.span.clone()).start;
                    let raw = text.get(document.span.clone()).unwrap_or_default();
                    stage.commands.extend(commands(raw, start));
                }
            }
            _ => {}
        }
    }
    image
}

/// `NAME=value …`, or the old form `NAME value`.
fn variables(raw: &str, start: usize, stage: usize) -> Vec<Variable> {
    let origin = Origin::Image(stage);
    let words: Vec<_> =
        commands(raw, start).into_iter().flat_map(|command| command.words).collect();
    if words.first().is_some_and(|word| assignment(&word.text).is_some()) {
        let one = |word: &super::commands::Word| {
            let (name, value) = assignment(&word.text)?;
            let from = (word.range.start + name.len() + 1).min(word.range.end);
            Some(Variable {
                name: name.to_owned(),
                value: value.to_owned(),
                range: from..word.range.end,
                origin,
            })
        };
        return words.iter().filter_map(one).collect();
    }
    match words.as_slice() {
        [name, value, ..] => {
            let end = words.last().map_or(value.range.end, |word| word.range.end);
            let text = raw.get(value.range.start - start..end - start).unwrap_or_default();
            vec![Variable {
                name: name.text.clone(),
                value: text.to_owned(),
                range: value.range.start..end,
                origin,
            }]
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
