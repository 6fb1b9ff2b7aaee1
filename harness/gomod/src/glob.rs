//! Patterns for module paths, as GOPRIVATE, GONOPROXY and GONOSUMDB have them.
//!
//! # Lists
//!
//! Patterns are parted by commas. Spaces are not trimmed: `a.com, b.com` has the pattern ` b.com`,
//! which no module path fits. One slash at the end of a pattern is dropped. Empty and malformed
//! patterns are passed over. A pattern of N elements is held against the first N elements of the
//! module path, and a path with fewer does not fit:
//!
//! | list | fits | does not |
//! | --- | --- | --- |
//! | `*.corp.example` | `git.corp.example/x`, `a.b.corp.example` | `corp.example/x` |
//! | `example.com/priv` | `example.com/priv/m/v2` | `example.com/private`, `example.com` |
//! | `example.com/*/m` | `example.com/a/m/sub` | `example.com/m` |
//!
//! # One pattern
//!
//! `*` is any run of characters but `/`, `?` one character but `/`, `[a-c]` one of a class and
//! `[^a-c]` one that is not in it, a backslash takes what follows as it is, in classes too. A
//! class may take a slash. A class that is empty or not closed, a bare `-` or `]` at a place where
//! a character of a class is due, and a backslash at the end are malformed.
//!
//! Source: `MatchPrefixPatterns` in golang.org/x/mod/module, and Go's package `path`.

/// Whether a pattern of the list fits the beginning of `path`.
#[must_use]
pub fn match_prefix_patterns(list: &str, path: &str) -> bool {
    list.split(',').any(|pattern| {
        let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
        if pattern.is_empty() {
            return false;
        }
        let slashes = pattern.matches('/').count();
        let mut ends = path.match_indices('/').map(|(at, _)| at).skip(slashes);
        let prefix = match ends.next() {
            Some(end) => path.get(..end).unwrap_or(path),
            None if path.matches('/').count() == slashes => path,
            None => return false,
        };
        match_path(pattern, prefix) == Ok(true)
    })
}

/// A pattern is malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("syntax error in pattern")]
pub struct BadPattern;

/// Whether the pattern fits all of `name`.
///
/// Takes time in proportion to the product of the lengths at most.
///
/// # Errors
/// When the pattern is malformed, whatever the name.
pub fn match_path(pattern: &str, name: &str) -> Result<bool, BadPattern> {
    let tokens = compile(pattern)?;
    let name = name.as_bytes();
    let (mut token, mut at) = (0, 0);
    // The token after the last star that was passed, and where in the name it was tried last.
    let mut star: Option<(usize, usize)> = None;
    loop {
        match tokens.get(token) {
            Some(Token::Star) => {
                token += 1;
                star = Some((token, at));
                continue;
            }
            Some(one) => {
                if let Some(length) = name.get(at..).and_then(|rest| one.fits(rest)) {
                    token += 1;
                    at += length;
                    continue;
                }
            }
            None if at == name.len() => return Ok(true),
            None => {}
        }
        // The last star takes one byte more. Earlier ones need not: what fits after a later place of
        // theirs fits after this one.
        let Some((after, tried)) = star else { return Ok(false) };
        match name.get(tried) {
            Some(b'/') | None => return Ok(false),
            Some(_) => {
                star = Some((after, tried + 1));
                (token, at) = (after, tried + 1);
            }
        }
    }
}

enum Token {
    Star,
    Any,
    Byte(u8),
    Class { negated: bool, ranges: Vec<(char, char)> },
}

impl Token {
    /// The number of bytes of `text` that it matches; `None` for no match.
    fn fits(&self, text: &[u8]) -> Option<usize> {
        let &first = text.first()?;
        match self {
            Self::Star => None,
            Self::Byte(byte) => (*byte == first).then_some(1),
            Self::Any => (first != b'/').then(|| decode(text).1),
            Self::Class { negated, ranges } => {
                let (c, length) = decode(text);
                let found = ranges.iter().any(|&(low, high)| (low..=high).contains(&c));
                (found != *negated).then_some(length)
            }
        }
    }
}

/// The first character and its length; a byte that begins none counts as U+FFFD, as in Go.
fn decode(text: &[u8]) -> (char, usize) {
    let head = text.get(..4).unwrap_or(text);
    let valid = match str::from_utf8(head) {
        Ok(valid) => valid,
        Err(error) => {
            str::from_utf8(head.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
    };
    valid.chars().next().map_or((char::REPLACEMENT_CHARACTER, 1), |c| (c, c.len_utf8()))
}

fn compile(pattern: &str) -> Result<Vec<Token>, BadPattern> {
    let mut tokens = Vec::new();
    let mut rest = pattern.chars();
    let literal = |tokens: &mut Vec<Token>, c: char| {
        tokens.extend(c.encode_utf8(&mut [0; 4]).bytes().map(Token::Byte));
    };
    while let Some(c) = rest.next() {
        match c {
            '*' => {
                // `**` means the same as `*`, and each further star would be tried in turn.
                if !matches!(tokens.last(), Some(Token::Star)) {
                    tokens.push(Token::Star);
                }
            }
            '?' => tokens.push(Token::Any),
            '\\' => literal(&mut tokens, rest.next().ok_or(BadPattern)?),
            '[' => tokens.push(class(&mut rest)?),
            c => literal(&mut tokens, c),
        }
    }
    Ok(tokens)
}

/// Reads a class, whose opening bracket is read.
fn class(rest: &mut std::str::Chars<'_>) -> Result<Token, BadPattern> {
    let negated = take(rest, '^');
    let mut ranges = Vec::new();
    loop {
        // As in Go's `path.Match`, a class has at least one member: `[]a]` is malformed.
        if !ranges.is_empty() && take(rest, ']') {
            return Ok(Token::Class { negated, ranges });
        }
        let low = member(rest)?;
        let high = if take(rest, '-') { member(rest)? } else { low };
        ranges.push((low, high));
    }
}

fn take(rest: &mut std::str::Chars<'_>, wanted: char) -> bool {
    let found = rest.as_str().starts_with(wanted);
    if found {
        rest.next();
    }
    found
}

fn member(rest: &mut std::str::Chars<'_>) -> Result<char, BadPattern> {
    match rest.next() {
        None | Some('-' | ']') => Err(BadPattern),
        Some('\\') => rest.next().ok_or(BadPattern),
        Some(c) => Ok(c),
    }
}
