//! Commands of a shell text: words with their places, without expansion.
//!
//! This is not a shell: it parses quotes, backslashes, comments, substitutions, here-documents and
//! the ends of commands, enough to see which program is called with which words. Substitutions
//! stay in the word as written, and the commands in them are read as well; the text of a here-document
//! is not a command.

use std::ops::Range;

/// Deepest nesting of commands in commands that is read; people write no deeper one.
const DEPTH_MAX: usize = 3;

/// The most substitutions and here-documents without an end that are searched to the end of a text.
// Each costs the rest of the text, so that a text of nothing else would take the square of its length.
const UNCLOSED_MAX: usize = 32;

/// A word, quotes taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// Its text.
    pub text: String,
    /// Byte range, quotes included.
    pub range: Range<usize>,
}

/// A simple command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Command {
    /// Its words, the program first; assignments in front of it are among them.
    pub words: Vec<Word>,
    /// Files that its output goes to.
    pub writes: Vec<Word>,
}

impl Command {
    /// Byte range of the whole command.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        let all = || self.words.iter().chain(&self.writes);
        let start = all().map(|word| word.range.start).min().unwrap_or(0);
        start..all().map(|word| word.range.end).max().unwrap_or(0)
    }

    /// Its words without `sudo`, `env`, `exec` and assignments in front, and without the folder of
    /// the program.
    #[must_use]
    pub fn program(&self) -> Vec<&str> {
        let wrapper = |word: &&Word| {
            matches!(
                word.text.as_str(),
                "sudo" | "env" | "exec" | "command" | "-E" | "then" | "do" | "time"
            ) || assignment(&word.text).is_some()
        };
        let mut words: Vec<&str> =
            self.words.iter().skip_while(wrapper).map(|word| word.text.as_str()).collect();
        if let Some(first) = words.first_mut() {
            *first = first.rsplit('/').next().unwrap_or(first);
        }
        words
    }

    /// The word of this text.
    #[must_use]
    pub fn word(&self, text: &str) -> Option<&Word> {
        self.words.iter().find(|word| word.text == text)
    }

    /// Whether it writes to a file: by redirection, by `tee`, in an editor, or as a copy's target.
    #[must_use]
    pub fn writes_to(&self, file: &str) -> Option<&Word> {
        let program = self.program();
        let named = match program.first().copied().unwrap_or_default() {
            "tee" | "nano" | "vi" | "vim" | "emacs" | "gedit" => self.words.as_slice(),
            "sed" if program.iter().any(|word| word.starts_with("-i")) => self.words.as_slice(),
            "cp" | "mv" | "install" => self.words.last().map_or(&[][..], std::slice::from_ref),
            _ => &[],
        };
        self.writes.iter().chain(named).find(|word| word.text == file)
    }

    /// The text that a shell is given to run (`sh -c '…'`), and where it begins.
    fn inner(&self) -> Option<(&str, usize)> {
        let program = self.program();
        let (shell, rest) = program.split_first()?;
        let is_option = |word: &&str| word.starts_with('-') && word.ends_with('c');
        if !matches!(*shell, "sh" | "bash" | "dash" | "zsh") || !rest.iter().any(is_option) {
            return None;
        }
        let option = self.words.iter().position(|word| is_option(&word.text.as_str()))?;
        let word = self.words.get(option + 1)?;
        // Only where its quotes are all that was taken away do places in it stay right.
        (word.range.len() == word.text.len() + 2).then_some((&word.text, word.range.start + 1))
    }
}

/// Name and value of `NAME=value`.
#[must_use]
pub fn assignment(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let starts = name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    (starts && name.bytes().all(good)).then_some((name, value))
}

/// The commands of a text that begins at `base`.
#[must_use]
pub fn commands(text: &str, base: usize) -> Vec<Command> {
    read(text, base, DEPTH_MAX)
}

/// The command that a text ends with: of commands in commands the outermost.
#[must_use]
pub fn last(commands: &[Command]) -> Option<&Command> {
    commands.iter().max_by_key(|command| command.range().end)
}

fn read(text: &str, base: usize, depth: usize) -> Vec<Command> {
    let mut reader = Reader {
        text,
        base,
        at: 0,
        commands: Vec::new(),
        command: Command::default(),
        writes: false,
        inner: Vec::new(),
        documents: Vec::new(),
        unclosed: 0,
    };
    reader.run();
    let Reader { mut commands, inner, .. } = reader;
    if depth > 0 {
        let shells = commands.iter().filter_map(Command::inner);
        let below: Vec<Command> = shells
            .chain(inner.iter().map(|range| (&text[range.clone()], base + range.start)))
            .flat_map(|(text, at)| read(text, at, depth - 1))
            .collect();
        commands.extend(below);
    }
    commands
}

struct Reader<'a> {
    text: &'a str,
    base: usize,
    at: usize,
    commands: Vec<Command>,
    command: Command,
    /// The next word is a file that is written.
    writes: bool,
    /// Byte ranges of the commands in substitutions.
    inner: Vec<Range<usize>>,
    /// Last lines of the here-documents that begin below this line, and whether tabs in front of
    /// them are cut.
    documents: Vec<(String, bool)>,
    /// Substitutions and here-documents that have no end.
    unclosed: usize,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn end(&mut self) {
        self.writes = false;
        let command = std::mem::take(&mut self.command);
        if !command.words.is_empty() || !command.writes.is_empty() {
            self.commands.push(command);
        }
    }

    fn run(&mut self) {
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t' => self.at += 1,
                b'\\' if matches!(self.peek(1), Some(b'\n')) => self.at += 2,
                b'\\' if self.peek(1) == Some(b'\r') && self.peek(2) == Some(b'\n') => self.at += 3,
                b'\n' | b'\r' | b';' | b'&' | b'|' | b'(' | b')' => {
                    self.end();
                    self.at += 1;
                    if byte == b'\n' {
                        self.skip_documents();
                    }
                }
                b'#' => {
                    let rest = &self.text[self.at..];
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                b'>' => {
                    self.writes = true;
                    // `>|` writes over a file, `>&` to a descriptor: neither ends the command.
                    self.at += if matches!(self.peek(1), Some(b'|' | b'&')) { 2 } else { 1 };
                }
                b'<' if self.text[self.at..].starts_with("<<<") => self.at += 3,
                b'<' if self.peek(1) == Some(b'<') => self.document(),
                b'<' => self.at += 1,
                _ => self.word(),
            }
        }
        self.end();
    }

    /// Takes `<<WORD`, which begins a here-document.
    fn document(&mut self) {
        self.at += 2;
        let tabs = self.peek(0) == Some(b'-');
        let rest = self.text[self.at + usize::from(tabs)..].trim_start_matches([' ', '\t']);
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let last = rest[..length].trim_matches(['\'', '"', '\\']);
        if !last.is_empty() {
            self.documents.push((last.to_owned(), tabs));
        }
        self.at = self.text.len() - rest.len() + length;
    }

    /// Passes over the here-documents that begin here, if all of them end.
    fn skip_documents(&mut self) {
        let documents = std::mem::take(&mut self.documents);
        for (last, tabs) in documents {
            if self.unclosed == UNCLOSED_MAX {
                return;
            }
            let mut at = self.at;
            let found = self.text[self.at..].split_inclusive('\n').find(|line| {
                at += line.len();
                let line = line.trim_end_matches(['\r', '\n']);
                (if tabs { line.trim_start_matches('\t') } else { line }) == last
            });
            // Without its last line it is a snippet that is cut, or no here-document.
            if found.is_none() {
                self.unclosed += 1;
                return;
            }
            self.at = at;
        }
    }

    /// End of the substitution that begins here, and the byte range of its contents.
    fn substitution(&mut self) -> Option<(usize, Range<usize>)> {
        if self.unclosed == UNCLOSED_MAX {
            return None;
        }
        let bytes = self.text.as_bytes();
        let (open, close) = match (self.peek(0)?, self.peek(1)) {
            (b'`', _) => {
                let Some(length) = self.text[self.at + 1..].find('`') else {
                    self.unclosed += 1;
                    return None;
                };
                let end = self.at + 1 + length;
                return Some((end + 1, self.at + 1..end));
            }
            (b'$', Some(b'(')) => (b'(', b')'),
            (b'$', Some(b'{')) => (b'{', b'}'),
            _ => return None,
        };
        let mut depth = 0_usize;
        let mut single = false;
        for (at, &byte) in bytes.iter().enumerate().skip(self.at + 1) {
            match byte {
                b'\'' if open == b'(' => single = !single,
                _ if single => {}
                _ if byte == open => depth += 1,
                _ if byte == close => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                let inside = self.at + 2..at;
                // `$((1 + 2))` is a number and `${A:-b}` a value: there is no command in them.
                let empty = open == b'{' || bytes.get(self.at + 2) == Some(&b'(');
                return Some((at + 1, if empty { at..at } else { inside }));
            }
        }
        self.unclosed += 1;
        None
    }

    fn word(&mut self) {
        let start = self.at;
        let mut text = String::new();
        let mut quote = None;
        while let Some(byte) = self.peek(0) {
            if quote != Some(b'\'')
                && let Some((end, inside)) = self.substitution()
            {
                text.push_str(&self.text[self.at..end]);
                if !inside.is_empty() {
                    self.inner.push(inside);
                }
                self.at = end;
                continue;
            }
            match (quote, byte) {
                (
                    None,
                    b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'|' | b'(' | b')' | b'>' | b'<',
                ) => break,
                (None, b'\'' | b'"') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                (None | Some(b'"'), b'\\') if self.peek(1).is_some() => {
                    self.at += 1;
                    self.push(&mut text);
                    continue;
                }
                _ => {
                    self.push(&mut text);
                    continue;
                }
            }
            self.at += 1;
        }
        let word = Word { text, range: self.base + start..self.base + self.at };
        if std::mem::take(&mut self.writes) {
            self.command.writes.push(word);
        } else {
            self.command.words.push(word);
        }
    }

    /// Takes the character at hand.
    fn push(&mut self, text: &mut String) {
        let Some(character) = self.text[self.at..].chars().next() else { return };
        text.push(character);
        self.at += character.len_utf8();
    }
}

#[cfg(test)]
mod tests {
    use super::commands;

    fn words(text: &str) -> Vec<Vec<String>> {
        let words = |c: &super::Command| c.words.iter().map(|w| w.text.clone()).collect();
        commands(text, 0).iter().map(words).collect()
    }

    #[test]
    fn words_are_read_as_by_a_shell() {
        assert_eq!(
            words("a 'b c' \"d\\\"e\" f\\ g # h\ni"),
            [vec!["a", "b c", "d\"e", "f g"], vec!["i"]]
        );
        assert_eq!(
            words("a && b | c; (d)\\\n e"),
            [vec!["a"], vec!["b"], vec!["c"], vec!["d"], vec!["e"]]
        );
    }

    #[test]
    fn substitutions_stay_in_their_word_and_are_read() {
        assert_eq!(
            words("a $(b 'c)' $(d))/e \"x $(f g)\" ${h:-i j} $((1 + 2)) `k l`/m '$(n)' $(o"),
            [
                vec![
                    "a",
                    "$(b 'c)' $(d))/e",
                    "x $(f g)",
                    "${h:-i j}",
                    "$((1 + 2))",
                    "`k l`/m",
                    "$(n)",
                    "$"
                ],
                vec!["o"],
                vec!["b", "c)", "$(d)"],
                vec!["d"],
                vec!["f", "g"],
                vec!["k", "l"],
            ]
        );
        let text = "a $(bb c)";
        assert_eq!(&text[commands(text, 0)[1].range()], "bb c");
    }

    #[test]
    fn here_documents_are_no_commands() {
        assert_eq!(
            words("cat > f <<EOF && a\nb\nEOF\nc <<-'X' d\n\te\n\tX\nf <<< g\nh << Y\ni\n"),
            [vec!["cat"], vec!["a"], vec!["c", "d"], vec!["f", "g"], vec!["h"], vec!["i"],]
        );
    }

    #[test]
    fn files_that_are_written_are_known() {
        let all = commands("echo x > /etc/hosts && echo y | sudo tee /etc/resolv.conf", 10);
        assert!(all[0].writes_to("/etc/hosts").is_some());
        assert!(all[2].writes_to("/etc/resolv.conf").is_some());
        assert_eq!(all[0].range(), 10..29);
        assert_eq!(all[2].program(), ["tee", "/etc/resolv.conf"]);
    }

    #[test]
    fn the_program_is_found_behind_what_wraps_it() {
        assert_eq!(commands("A=1 sudo -E /usr/bin/go env", 0)[0].program(), ["go", "env"]);
    }
}
