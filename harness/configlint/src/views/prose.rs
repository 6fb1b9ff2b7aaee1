//! Snippets in text for people: which parts of it are configuration, and of which kind.
//!
//! Each snippet is the whole text with everything else blanked out, so that places stay what they
//! are.

use crate::kind::Kind;
use crate::source::Source;
use std::ops::Range;

/// Programs whose calls are looked for anywhere in the text.
const PROGRAMS: [&str; 18] = [
    "sudo",
    "mount",
    "chattr",
    "strace",
    "systemd-resolve",
    "resolvectl",
    "go",
    "export",
    "tee",
    "echo",
    "curl",
    "wsl",
    "setx",
    "kubectl",
    "reg",
    "Set-ItemProperty",
    "New-ItemProperty",
    ENVIRONMENT,
];

/// Prefix by which PowerShell sets a variable of the environment: the name follows at once.
const ENVIRONMENT: &str = "$env:";

/// A snippet: its kind, and the text with all else blanked.
#[derive(Clone, Debug)]
pub struct Snippet {
    /// Its kind.
    pub kind: Kind,
    /// The text.
    pub text: String,
}

/// The snippets of a text.
#[must_use]
pub fn snippets(source: &Source) -> Vec<Snippet> {
    let lines: Vec<(usize, &str)> = source.lines().collect();
    let mut blocks: Vec<(Kind, Range<usize>)> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let (start, line) = lines[at];
        if let Some(language) = line.trim_start().strip_prefix("```") {
            let close = lines[at + 1..].iter().position(|(_, l)| l.trim_start().starts_with("```"));
            let end = at + 1 + close.unwrap_or(lines.len() - at - 1);
            if let (Some((from, _)), Some((to, _))) = (lines.get(at + 1), lines.get(end)) {
                let body = &source.text()[*from..*to];
                blocks.extend(of_fence(language.trim(), body).map(|kind| (kind, *from..*to)));
            }
            at = end + 1;
            continue;
        }
        let (kind, count) = open_block(&lines[at..]);
        if let Some(kind) = kind {
            let last = lines[at + count - 1];
            blocks.push((kind, start..last.0 + last.1.len()));
        }
        at += count;
    }
    blocks
        .into_iter()
        .map(|(kind, range)| Snippet { kind, text: blank(source.text(), &[range]) })
        .collect()
}

/// Byte ranges of calls of programs in a text, outside of snippets of other kinds.
#[must_use]
pub fn calls(text: &str) -> Vec<Range<usize>> {
    let mut calls = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let mut from = 0;
        while let Some(at) = next_program(body, from) {
            let rest = &body[at..];
            let end =
                // A call in running text ends at the closing quote, at the bracket of a link, or at
                // CJK and full-width characters, which no command has.
                rest.find(|c: char| c == '`' || c == ']' || ('\u{3000}'..='\u{FFEF}').contains(&c));
            let end = at + end.unwrap_or(rest.len());
            calls.push(start + at..start + end);
            from = end.max(at + 1);
        }
        start += line.len();
    }
    calls
}

/// The next call of a program in a line: its name as a word, and an argument behind it.
fn next_program(line: &str, from: usize) -> Option<usize> {
    let mut found: Option<usize> = None;
    for program in PROGRAMS {
        let mut at = from;
        while let Some(offset) = line.get(at..).and_then(|rest| rest.find(program)) {
            let start = at + offset;
            let before = line[..start].chars().next_back();
            let after = line[start + program.len()..].chars().next();
            // `mount` in `automount`, `--mount` and `/bin/mount.sh` is no call.
            let word = |c: char| c.is_ascii_alphanumeric() || "-_./\\$".contains(c);
            if !before.is_some_and(word) && (after == Some(' ') || program == ENVIRONMENT) {
                found = Some(found.map_or(start, |found| found.min(start)));
                break;
            }
            at = start + program.len();
        }
    }
    found
}

fn of_fence(language: &str, body: &str) -> Option<Kind> {
    let source = Source::new(String::new(), None, body.as_bytes().to_vec());
    let language = language.split([' ', ',', '{']).next().unwrap_or_default().to_ascii_lowercase();
    match language.as_str() {
        // Languages under which guides show WSL's files. A fence without one is looked into; one of
        // another language (Go, YAML) is not.
        "ini" | "conf" | "toml" | "" | "text" | "properties" => {
            of_header(body).or_else(|| Kind::of_content(&source))
        }
        "json" | "jsonc" => Kind::of_content(&source),
        "dockerfile" | "docker" => Some(Kind::Dockerfile),
        "reg" | "registry" => Some(Kind::Registry),
        "bash" | "sh" | "shell" | "console" | "zsh" => of_header(body).or(Some(Kind::Profile)),
        _ => None,
    }
}

/// Kind of the snippet, taken from a file name in a comment in its first line.
fn of_header(body: &str) -> Option<Kind> {
    let first = body.lines().next()?.trim_start();
    let name = first.strip_prefix('#')?.trim().trim_start_matches("file:").trim();
    let name = name.split_whitespace().next()?;
    let source = Source::new(name.to_owned(), None, Vec::new());
    Kind::of_name(&source).filter(|kind| *kind != Kind::Profile)
}

/// A block without fences that begins here: its kind and how many lines it has, at least one.
fn open_block(lines: &[(usize, &str)]) -> (Option<Kind>, usize) {
    let count = |good: fn(&str) -> bool| {
        let mut count = lines.iter().take_while(|(_, line)| good(line)).count();
        // Blank lines behind a block belong to the text that follows.
        while count > 1 && lines[count - 1].1.trim().is_empty() {
            count -= 1;
        }
        count
    };
    let first = lines[0].1;
    let header = of_header(first).filter(|kind| kind.dialect().is_some());
    let lines_of_conf = count(is_conf_line);
    if header.is_some() && lines_of_conf > 1 {
        return (header, lines_of_conf);
    }
    if is_section(first) && lines_of_conf > 1 {
        let body: Vec<&str> = lines[..lines_of_conf].iter().map(|(_, line)| *line).collect();
        let source = Source::new(String::new(), None, body.join("\n").into_bytes());
        if let Some(kind) = Kind::of_sections(&source) {
            return (Some(kind), lines_of_conf);
        }
    }
    let lines_of_image = count(is_image_line);
    if lines_of_image > 0 && !first.trim().is_empty() {
        return (Some(Kind::Dockerfile), lines_of_image);
    }
    (None, 1)
}

fn is_section(line: &str) -> bool {
    let line = line.trim();
    let name = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    name.is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_ .".contains(&b))
    })
}

fn is_conf_line(line: &str) -> bool {
    let trimmed = line.trim();
    let assignment = trimmed.split_once('=').is_some_and(|(key, _)| {
        let key = key.trim();
        !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric())
    });
    trimmed.is_empty() || trimmed.starts_with('#') || is_section(line) || assignment
}

fn is_image_line(line: &str) -> bool {
    ["FROM ", "ENV ", "RUN ", "COPY ", "WORKDIR ", "ARG "].iter().any(|word| line.starts_with(word))
}

/// A text with everything outside of some ranges blanked, line ends apart.
#[must_use]
pub fn blank(text: &str, keep: &[Range<usize>]) -> String {
    let kept = |at: usize| keep.iter().any(|range| range.contains(&at));
    let mut blanked = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        if kept(at) || character == '\n' || character == '\r' {
            blanked.push(character);
        } else {
            // As many blanks as the character has bytes: offsets in the snippet are offsets in the
            // file.
            blanked.extend(std::iter::repeat_n(' ', character.len_utf8()));
        }
    }
    blanked
}
