//! Go's regular expressions, written so that the `regex` crate means the same by them.
//!
//! The two are near relatives. Where they differ, Go's is translated: its `\d`, `\s`, `\w` and `\b`
//! know only ASCII, a `{` that begins no repetition is itself, `\Q…\E` quotes, a backslash in front of
//! any sign makes it itself, and a bracket expression has neither nesting nor set operations.

use regex::bytes::Regex;

/// Compiles `pattern` with lines as the unit of `^` and `$`.
pub(crate) fn compile(pattern: &str) -> Result<Regex, String> {
    let translated = translate(pattern);
    // cmd/go's engine compiles patterns with (?m): `^` and `$` mean lines.
    Regex::new(&format!("(?m){translated}")).map_err(|e| e.to_string())
}

/// `text` with the same escapes as by Go's `regexp.QuoteMeta`.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        rest = match c {
            // Go's syntax is RE2's. The crate differs in what it takes for a class (Unicode), and
            // in characters that it reserves in brackets.
            '\\' => escape(after, &mut out),
            '[' => bracket(after, &mut out),
            '{' => match repetition(after) {
                Some(end) => {
                    out.push('{');
                    out.push_str(after.get(..end).unwrap_or_default());
                    after.get(end..).unwrap_or_default()
                }
                // In RE2 a `{` that begins no repetition is a plain character; the crate refuses
                // it.
                None => {
                    out.push_str(r"\{");
                    after
                }
            },
            '}' => {
                out.push_str(r"\}");
                after
            }
            c => {
                out.push(c);
                after
            }
        };
    }
    out
}

/// The length of `3}`, `3,}` or `3,5}` at the beginning.
fn repetition(text: &str) -> Option<usize> {
    let (inner, _) = text.split_once('}')?;
    let (low, high) = inner.split_once(',').unwrap_or((inner, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    (!low.is_empty() && digits(low) && digits(high)).then_some(inner.len() + 1)
}

/// Writes what an escape outside brackets means; gives what follows it.
fn escape<'a>(after: &'a str, out: &mut String) -> &'a str {
    let Some(c) = after.chars().next() else {
        out.push('\\');
        return "";
    };
    let following = after.get(c.len_utf8()..).unwrap_or_default();
    match c {
        'Q' => {
            let (literal, following) = following.split_once(r"\E").unwrap_or((following, ""));
            out.push_str(&regex::escape(literal));
            return following;
        }
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        's' => out.push_str(r"[\t\n\x0C\r ]"),
        'S' => out.push_str(r"[^\t\n\x0C\r ]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        // Go's \b looks at ASCII letters only.
        'b' => out.push_str(r"(?-u:\b)"),
        'B' => out.push_str(r"(?-u:\B)"),
        c if c.is_ascii_punctuation() => literal(c, out),
        c => {
            out.push('\\');
            out.push(c);
        }
    }
    following
}

/// Writes the rest of a bracket expression; gives what follows it.
fn bracket<'a>(after: &'a str, out: &mut String) -> &'a str {
    out.push('[');
    let mut rest = after;
    if let Some(inner) = rest.strip_prefix('^') {
        out.push('^');
        rest = inner;
    }
    let mut first = true;
    while let Some(c) = rest.chars().next() {
        let following = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            ']' if !first => {
                out.push(']');
                return following;
            }
            '[' if following.starts_with(':') && following.contains(":]") => {
                let (class, following) = following.split_once(":]").unwrap_or_default();
                out.push_str(&format!("[{class}:]"));
                rest = following;
                first = false;
                continue;
            }
            '\\' => {
                rest = bracket_escape(following, out);
                first = false;
                continue;
            }
            // `&&`, `--` and `~~` are set operations in the crate's brackets, and `[` begins a
            // nested class.
            ']' | '[' | '&' | '~' | '^' => literal(c, out),
            c => out.push(c),
        }
        rest = following;
        first = false;
    }
    ""
}

fn bracket_escape<'a>(after: &'a str, out: &mut String) -> &'a str {
    let Some(c) = after.chars().next() else { return "" };
    match c {
        'd' => out.push_str("0-9"),
        's' => out.push_str(r"\t\n\x0C\r "),
        'w' => out.push_str("0-9A-Za-z_"),
        'D' => out.push_str("[^0-9]"),
        'S' => out.push_str(r"[^\t\n\x0C\r ]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        c if c.is_ascii_punctuation() => literal(c, out),
        c => {
            out.push('\\');
            out.push(c);
        }
    }
    after.get(c.len_utf8()..).unwrap_or_default()
}

/// Writes a sign so that it means itself wherever it stands.
fn literal(c: char, out: &mut String) {
    out.push_str(&format!(r"\x{:02X}", u32::from(c)));
}

#[cfg(test)]
mod tests {
    use super::{compile, quote};
    use rstest::rstest;

    #[rstest]
    #[case(r"^v1\.0$", "a\nv1.0\nb", true)]
    #[case(r"v1\.0$", "v1.0 ", false)]
    #[case(r"blah{40}", &"blah".replace('h', &"h".repeat(40)), true)]
    #[case(r"{.Dir}", "{xDir}", true)]
    #[case(r"a{,3}", "a{,3}", true)]
    #[case(r"a{2,3}b", "aab", true)]
    #[case(r#"\"Path\": \"x\""#, r#""Path": "x""#, true)]
    #[case(r"\<a\>", "<a>", true)]
    #[case(r"\d", "\u{663}", false)]
    #[case(r"\w", "\u{e9}", false)]
    #[case(r"a\sb", "a\u{a0}b", false)]
    #[case(r"a\sb", "a\tb", true)]
    #[case(r"\bx\b", "a x b", true)]
    #[case(r"\Qa.b\E.c", "a.bxc", true)]
    #[case(r"\Qa.b", "axb", false)]
    #[case(r"^[[a]$", "[", true)]
    #[case(r"^[]a]+$", "]a", true)]
    #[case(r"^[^]]$", "]", false)]
    #[case(r"^[a&&b]+$", "&a", true)]
    #[case(r"^[[:alpha:]]+$", "ab", true)]
    #[case(r"^[\w./-]+$", "a/b-c.d", true)]
    #[case(r"^[\\/]$", r"\", true)]
    #[case(r"(?s)a.b", "a\nb", true)]
    #[case(r"a.b", "a\nb", false)]
    #[case(r"\z", "", true)]
    #[case(r"(.|\n)*\tline", "x\ny\tline", true)]
    fn means_what_go_means(#[case] pattern: &str, #[case] text: &str, #[case] want: bool) {
        assert_eq!(compile(pattern).unwrap().is_match(text.as_bytes()), want);
    }

    #[rstest]
    #[case("(")]
    #[case("a**")]
    #[case("[a")]
    #[case(r"\")]
    #[case(r"\y")]
    fn pattern_that_go_refuses_is_refused(#[case] pattern: &str) {
        // `a**` is refused by Go alone: no script can have it.
        assert_eq!(compile(pattern).is_err(), pattern != "a**");
    }

    #[test]
    fn a_quoted_text_matches_itself_only() {
        assert_eq!(quote(r"C:\a.b#-"), r"C:\\a\.b#-");
        let tricky = r"a\.+*?()|[]{}^$&&--<>b";
        assert!(compile(&format!("^{}$", quote(tricky))).unwrap().is_match(tricky.as_bytes()));
    }
}
