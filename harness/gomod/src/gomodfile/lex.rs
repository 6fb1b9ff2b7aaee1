//! A go.mod as lines of words.

/// A go.mod cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("go.mod:{line}: {reason}")]
pub struct GoModError {
    /// The line, from 1 on.
    pub line: usize,
    /// The mistake, in words.
    pub reason: &'static str,
}

/// A line that says something: in a block, with the block's verb.
pub(super) struct Line {
    pub(super) number: usize,
    pub(super) verb: String,
    pub(super) in_block: bool,
    /// The words behind the verb, quotes and all.
    pub(super) words: Vec<String>,
}

/// All lines, those of blocks included.
pub(super) fn lines(text: &str) -> Result<Vec<Line>, GoModError> {
    let mut lines = Vec::new();
    let mut block: Option<(String, usize)> = None;
    for (i, line) in text.split('\n').enumerate() {
        let number = i + 1;
        let fail = |reason| GoModError { line: number, reason };
        let mut words = words(line).map_err(fail)?;
        if words.is_empty() {
            continue;
        }
        if let Some((verb, _)) = &block {
            if words.first().is_some_and(|word| word == ")") {
                if words.len() > 1 {
                    return Err(fail("syntax error (expected newline after closing paren)"));
                }
                block = None;
            } else {
                let verb = verb.clone();
                lines.push(Line { number, verb, in_block: true, words });
            }
            continue;
        }
        let opens = words.len() > 1 && words.last().is_some_and(|word| word == "(");
        let empty_block = matches!(&*words, [.., a, b] if a == "(" && b == ")") && words.len() > 2;
        let verb = words.remove(0);
        if opens {
            // A block has one verb; what stands between it and the parenthesis makes it unknown.
            let verb = if words.len() == 1 { verb } else { String::new() };
            block = Some((verb, number));
        } else if !empty_block {
            lines.push(Line { number, verb, in_block: false, words });
        }
    }
    match block {
        Some((_, line)) => Err(GoModError { line, reason: "syntax error (unterminated block)" }),
        None => Ok(lines),
    }
}

fn words(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut rest = line;
    loop {
        // cmd/go counts a CR among the blanks: a go.mod with CR LF is read like any other.
        rest = rest.trim_start_matches([' ', '\t', '\r']);
        if rest.starts_with("/*") {
            return Err("mod files must use // comments (not /* */ comments)");
        }
        let Some(first) = rest.chars().next().filter(|_| !rest.starts_with("//")) else {
            return Ok(words);
        };
        let length = match first {
            '(' | ')' | '[' | ']' | '{' | '}' | ',' => 1,
            '"' | '`' => quoted(rest, first)?,
            _ => plain(rest)?,
        };
        let (word, after) = rest.split_at(length);
        words.push(word.to_owned());
        rest = after;
    }
}

/// The length of a quoted word.
fn quoted(text: &str, quote: char) -> Result<usize, &'static str> {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Ok(at + 1);
        }
        if c == '\\' && quote == '"' {
            chars.next();
        }
    }
    Err("unexpected newline in string")
}

/// The length of a word without quotes in front.
fn plain(text: &str) -> Result<usize, &'static str> {
    let is_word = |c: char| !"()[]{},".contains(c) && !c.is_whitespace() && !c.is_control();
    let mut end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    let word = text.get(..end).unwrap_or(text);
    let comment = word.find("//").unwrap_or(end);
    if word.find("/*").is_some_and(|at| at < comment) {
        return Err("mod files must use // comments (not /* */ comments)");
    }
    end = comment;
    if end == 0 { Err("unexpected input character") } else { Ok(end) }
}
