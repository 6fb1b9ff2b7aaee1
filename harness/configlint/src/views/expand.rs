//! Variables in the values of a Dockerfile, replaced as the builder does it.

/// Deepest nesting of values in values (`${A:-${B:-c}}`) that is read.
const DEPTH_MAX: usize = 8;

/// The most braces without an end that are searched to the end of a text.
// Each costs the rest of the text.
const UNCLOSED_MAX: usize = 32;

/// Most bytes that variables add to a value; variables after that stay as they are.
const ADDED_MAX: usize = 64 << 10;

/// The value of a variable, where it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// The variable has this value.
    Value(String),
    /// The variable is not set, and becomes an empty text.
    Unset,
    /// The variable may have any value, and stays as written.
    Unknown,
}

/// The value of a raw text: quotes taken away, variables replaced where they are known.
pub fn expand(raw: &str, lookup: &mut dyn FnMut(&str) -> Known) -> String {
    Expander { lookup, depth: DEPTH_MAX, unclosed: 0, added: 0 }.text(raw)
}

struct Expander<'a> {
    lookup: &'a mut dyn FnMut(&str) -> Known,
    /// Number of further levels to read.
    depth: usize,
    /// Braces that have no end.
    unclosed: usize,
    /// Bytes that variables added.
    added: usize,
}

impl Expander<'_> {
    fn text(&mut self, raw: &str) -> String {
        let mut text = String::new();
        let mut quote = None;
        let mut rest = raw;
        while let Some(c) = rest.chars().next() {
            let mut length = c.len_utf8();
            match (quote, c) {
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), _) if open == c => quote = None,
                (None | Some('"'), '\\') => {
                    let next = rest[1..].chars().next().unwrap_or('\\');
                    length = (1 + next.len_utf8()).min(rest.len());
                    match next {
                        '\n' => {}
                        '\r' if rest[2..].starts_with('\n') => length = 3,
                        // In double quotes a backslash escapes these three alone.
                        _ if quote.is_none() || matches!(next, '"' | '$' | '\\') => text.push(next),
                        _ => text.extend(['\\', next]),
                    }
                }
                (None | Some('"'), '$') => {
                    let (end, value) = self.variable(rest);
                    length = end;
                    let value = value.filter(|value| self.added + value.len() <= ADDED_MAX);
                    self.added += value.as_ref().map_or(0, String::len);
                    text.push_str(value.as_deref().unwrap_or(&rest[..end]));
                }
                _ => text.push(c),
            }
            rest = &rest[length..];
        }
        text
    }

    /// Length in bytes of the variable at the beginning of a text, and its replacement where that
    /// is known. Where the text begins with no variable: 1, for the `$`.
    fn variable(&mut self, text: &str) -> (usize, Option<String>) {
        let braced = text[1..].starts_with('{');
        let body = &text[1 + usize::from(braced)..];
        let length = name_length(body);
        if length == 0 {
            return (1, None);
        }
        let name = &body[..length];
        if !braced {
            return (1 + length, replacement((self.lookup)(name)));
        }
        let close = (self.unclosed < UNCLOSED_MAX).then(|| closing(body)).flatten();
        let Some(close) = close else {
            self.unclosed += 1;
            return (1, None);
        };
        let end = 2 + close + 1;
        let modifier = &body[length..close];
        let filled = |known: &Known, colon: bool| match known {
            Known::Value(value) => !(colon && value.is_empty()),
            _ => false,
        };
        let colon = modifier.starts_with(':');
        let known = (self.lookup)(name);
        let value = match modifier.trim_start_matches(':').split_at_checked(1) {
            None => replacement(known),
            _ if known == Known::Unknown => None,
            Some(("-", _)) if filled(&known, colon) => replacement(known),
            Some(("-", word)) => self.word(word),
            Some(("+", word)) if filled(&known, colon) => self.word(word),
            Some(("+", _)) => Some(String::new()),
            Some(("?", _)) => replacement(known),
            // Patterns (`#`, `%`, `/`) are left as they are.
            Some(_) => None,
        };
        (end, value)
    }

    /// The word behind `:-` or `:+`.
    fn word(&mut self, raw: &str) -> Option<String> {
        self.depth = self.depth.checked_sub(1)?;
        let text = self.text(raw);
        self.depth += 1;
        Some(text)
    }
}

fn replacement(known: Known) -> Option<String> {
    match known {
        Known::Value(value) => Some(value),
        Known::Unset => Some(String::new()),
        Known::Unknown => None,
    }
}

/// Length of the name of a variable at the beginning of a text.
fn name_length(text: &str) -> usize {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c: char| !good(c)).unwrap_or(text.len())
}

/// Offset of the brace that closes one opened before the text.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Known, expand};

    #[test]
    fn values_are_those_of_the_builder() {
        let mut lookup = |name: &str| match name {
            "A" => Known::Value("/a".to_owned()),
            "E" => Known::Value(String::new()),
            "U" => Known::Unset,
            _ => Known::Unknown,
        };
        for (raw, expected) in [
            ("$A/b", "/a/b"),
            ("\"${A} b\"", "/a b"),
            ("'$A'", "$A"),
            ("\\$A", "$A"),
            ("a\\ b", "a b"),
            ("\"a\\b\\\"\"", "a\\b\""),
            ("x$U", "x"),
            ("$N/bin:$A", "$N/bin:/a"),
            ("${U:-$A/c}", "/a/c"),
            ("${E-d}", ""),
            ("${E:-d}", "d"),
            ("${A:+y}${U:+z}", "y"),
            ("${N:-d}", "${N:-d}"),
            ("${A:?must}", "/a"),
            ("${A%/x}", "${A%/x}"),
            ("$(go env GOROOT)", "$(go env GOROOT)"),
            ("$", "$"),
            ("${A", "${A"),
            ("\\", "\\"),
            ("a\\\nb", "ab"),
        ] {
            assert_eq!(expand(raw, &mut lookup), expected, "{raw}");
        }
    }
}
