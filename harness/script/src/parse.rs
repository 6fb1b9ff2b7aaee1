//! Parses a line of a script: its words, and the prefixes and suffixes around them.

/// The required outcome of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Success,
    /// `!`
    Failure,
    /// `?`
    Either,
}

/// A condition in front of a command: `[tag]` or `[!tag]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guard {
    pub(crate) want: bool,
    pub(crate) tag: String,
}

/// A piece of a word; variables are not expanded in quoted ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fragment {
    pub(crate) text: String,
    pub(crate) quoted: bool,
}

/// A word, before its variables are expanded.
pub(crate) type Word = Vec<Fragment>;

/// A command as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) guards: Vec<Guard>,
    pub(crate) want: Want,
    pub(crate) name: String,
    pub(crate) args: Vec<Word>,
    /// Whether `&` stands at its end.
    pub(crate) background: bool,
}

/// The reason why a line cannot be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LineError {
    #[error("a quote is not closed")]
    Unterminated,
    #[error("more than one `!` or `?`")]
    Twice,
    #[error("an empty condition")]
    EmptyCondition,
    #[error("no command")]
    NoCommand,
}

/// Reads a line; none where it is blank or only a comment.
pub(crate) fn parse(line: &str) -> Result<Option<Command>, LineError> {
    let mut words = words(line)?.into_iter();
    let (mut guards, mut want) = (Vec::new(), None);
    let name = loop {
        let Some(word) = words.next() else {
            let blank = guards.is_empty() && want.is_none();
            return if blank { Ok(None) } else { Err(LineError::NoCommand) };
        };
        let text = match &*word {
            // A quoted word is never a prefix: `'!'` is a command of that name.
            [Fragment { text, quoted: false }] => text.as_str(),
            _ => return Err(LineError::NoCommand),
        };
        let sign = match text {
            "!" => Some(Want::Failure),
            "?" => Some(Want::Either),
            _ => None,
        };
        if sign.is_some() {
            if want.is_some() {
                return Err(LineError::Twice);
            }
            want = sign;
        } else if let Some(tag) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            let tag = tag.trim();
            let (want, tag) = tag.strip_prefix('!').map_or((true, tag), |t| (false, t.trim()));
            if tag.is_empty() {
                return Err(LineError::EmptyCondition);
            }
            guards.push(Guard { want, tag: tag.to_owned() });
        } else {
            break text.to_owned();
        }
    };
    let mut args: Vec<Word> = words.collect();
    let background = matches!(args.last().map(|w| &**w), Some([f]) if !f.quoted && f.text == "&");
    if background {
        args.pop();
    }
    Ok(Some(Command { guards, want: want.unwrap_or(Want::Success), name, args, background }))
}

/// Splits a line into its words, up to a comment.
fn words(line: &str) -> Result<Vec<Word>, LineError> {
    let mut words = Vec::new();
    let mut word: Word = Vec::new();
    // Text outside quotes; none where the last character was a blank or a quote.
    let mut plain: Option<String> = None;
    let mut characters = line.chars().peekable();
    let flush = |plain: &mut Option<String>, word: &mut Word| {
        if let Some(text) = plain.take() {
            word.push(Fragment { text, quoted: false });
        }
    };
    while let Some(c) = characters.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' | '#' => {
                flush(&mut plain, &mut word);
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                if c == '#' {
                    return Ok(words);
                }
            }
            '\'' => {
                flush(&mut plain, &mut word);
                let mut text = String::new();
                loop {
                    match characters.next() {
                        None => return Err(LineError::Unterminated),
                        // Two quotes inside quotes are one, as in rc's shell.
                        Some('\'') if characters.next_if_eq(&'\'').is_some() => text.push('\''),
                        Some('\'') => break,
                        Some(c) => text.push(c),
                    }
                }
                word.push(Fragment { text, quoted: true });
            }
            c => plain.get_or_insert_default().push(c),
        }
    }
    flush(&mut plain, &mut word);
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::{Command, Fragment, Guard, LineError, Want, parse};
    use rstest::rstest;

    fn plain(text: &str) -> Vec<Fragment> {
        vec![Fragment { text: text.into(), quoted: false }]
    }

    fn quoted(text: &str) -> Vec<Fragment> {
        vec![Fragment { text: text.into(), quoted: true }]
    }

    #[test]
    fn everything_that_a_line_may_have() {
        let line = "[!short] [ GOOS : x ]\t! go  list -m 'a b' x'''y'z &  # why";
        let mixed = vec![
            Fragment { text: "x".into(), quoted: false },
            Fragment { text: "'y".into(), quoted: true },
            Fragment { text: "z".into(), quoted: false },
        ];
        // Blanks inside brackets separate words, as everywhere.
        assert_eq!(parse(line).unwrap().unwrap().name, "[");
        let line = line.replace("[ GOOS : x ]", "[GOOS:x]");
        let want = Command {
            guards: vec![
                Guard { want: false, tag: "short".into() },
                Guard { want: true, tag: "GOOS:x".into() },
            ],
            want: Want::Failure,
            name: "go".into(),
            args: vec![plain("list"), plain("-m"), quoted("a b"), mixed],
            background: true,
        };
        assert_eq!(parse(&line), Ok(Some(want)));
    }

    #[rstest]
    #[case("")]
    #[case("  \t ")]
    #[case("# go list")]
    #[case("   # go list")]
    fn nothing_to_do(#[case] line: &str) {
        assert_eq!(parse(line), Ok(None));
    }

    #[rstest]
    #[case("! ? go", LineError::Twice)]
    #[case("! ! go", LineError::Twice)]
    #[case("stdout 'a", LineError::Unterminated)]
    #[case("[] go", LineError::EmptyCondition)]
    #[case("[!] go", LineError::EmptyCondition)]
    #[case("[short]", LineError::NoCommand)]
    #[case("!", LineError::NoCommand)]
    #[case("'go' list", LineError::NoCommand)]
    fn malformed_lines_are_refused_with_their_reason(#[case] line: &str, #[case] why: LineError) {
        assert_eq!(parse(line), Err(why));
    }

    #[rstest]
    #[case("stdout ''", vec![quoted("")], false)]
    #[case("stdout '&'", vec![quoted("&")], false)]
    #[case("go a#b", vec![plain("a")], false)]
    #[case("go 'a#b'", vec![quoted("a#b")], false)]
    #[case("go a& &", vec![plain("a&")], true)]
    fn words(#[case] line: &str, #[case] args: Vec<Vec<Fragment>>, #[case] background: bool) {
        let command = parse(line).unwrap().unwrap();
        assert_eq!((command.args, command.background), (args, background));
    }
}
