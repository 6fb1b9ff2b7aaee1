//! The values in a line of strace: strings, lists, and everything else as it is written.

/// A value of a system call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    /// A string; whether strace cut it.
    Text(String, bool),
    /// A list of values.
    List(Vec<Value>),
    /// Anything else.
    Other(String),
}

impl Value {
    /// The string.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text, _) => Some(text),
            _ => None,
        }
    }

    /// The strings of a list; none where it is no list.
    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        match self {
            Self::List(all) => {
                Some(all.iter().filter_map(|v| v.text().map(str::to_owned)).collect())
            }
            _ => None,
        }
    }
}

/// Deepest nesting that is followed; below it everything is one text.
// The log comes from outside, and reading is recursive.
const DEPTH: usize = 16;

/// The values up to the parenthesis that closes the call, and what follows it; none where it does not
/// close.
pub(crate) fn arguments(text: &str) -> Option<(Vec<Value>, &str)> {
    let mut reader = Values { rest: text };
    let values = reader.list(')', 0)?;
    Some((values, reader.rest))
}

struct Values<'a> {
    rest: &'a str,
}

impl<'a> Values<'a> {
    fn list(&mut self, end: char, depth: usize) -> Option<Vec<Value>> {
        let mut values = Vec::new();
        loop {
            self.rest = self.rest.trim_start_matches([' ', ',']);
            let first = self.rest.chars().next()?;
            if first == end {
                self.rest = self.rest.get(end.len_utf8()..)?;
                return Some(values);
            }
            values.push(match first {
                '"' => self.text()?,
                '[' if depth < DEPTH => {
                    self.rest = self.rest.get(1..)?;
                    Value::List(self.list(']', depth + 1)?)
                }
                _ => self.other(end)?,
            });
        }
    }

    fn text(&mut self) -> Option<Value> {
        let mut bytes = Vec::new();
        let mut at = 1;
        let all = self.rest.as_bytes();
        loop {
            match *all.get(at)? {
                b'"' => break,
                b'\\' => {
                    let (byte, length) = escape(all.get(at + 1..)?)?;
                    bytes.push(byte);
                    at += 1 + length;
                }
                byte => {
                    bytes.push(byte);
                    at += 1;
                }
            }
        }
        self.rest = self.rest.get(at + 1..)?;
        let cut = self.rest.starts_with("...");
        if cut {
            self.rest = self.rest.get(3..)?;
        }
        Some(Value::Text(String::from_utf8_lossy(&bytes).into_owned(), cut))
    }

    /// Up to a comma or the end of the list, outside of nested brackets, strings and comments.
    fn other(&mut self, end: char) -> Option<Value> {
        let text: &'a str = self.rest;
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        for (at, c) in text.char_indices() {
            if quoted {
                quoted = escaped || c != '"';
                escaped = c == '\\' && !escaped;
                continue;
            }
            match c {
                '"' => quoted = true,
                '{' | '(' | '[' => depth += 1,
                _ if depth == 0 && (c == ',' || c == end) => {
                    self.rest = text.get(at..)?;
                    return Some(Value::Other(text.get(..at)?.trim().to_owned()));
                }
                '}' | ')' | ']' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        None
    }
}

/// The byte that an escape stands for, and the length of the escape without its backslash.
fn escape(rest: &[u8]) -> Option<(u8, usize)> {
    let first = *rest.first()?;
    Some(match first {
        b'n' => (b'\n', 1),
        b't' => (b'\t', 1),
        b'r' => (b'\r', 1),
        b'v' => (0x0b, 1),
        b'f' => (0x0c, 1),
        b'x' => {
            let digits = std::str::from_utf8(rest.get(1..3)?).ok()?;
            (u8::from_str_radix(digits, 16).ok()?, 3)
        }
        b'0'..=b'7' => {
            // strace writes as few octal digits as it can, up to three.
            let digits = rest.iter().take(3).take_while(|b| (b'0'..=b'7').contains(b)).count();
            let text = std::str::from_utf8(rest.get(..digits)?).ok()?;
            (u16::from_str_radix(text, 8).ok()? as u8, digits)
        }
        other => (other, 1),
    })
}

#[cfg(test)]
mod tests {
    use super::{Value, arguments};
    use rstest::rstest;

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned(), false)
    }

    fn other(text: &str) -> Value {
        Value::Other(text.to_owned())
    }

    #[rstest]
    #[case(r#""/a b", ["x", "y\"z"], 0x7ff /* 2 vars */) = 0"#,
        vec![text("/a b"), Value::List(vec![text("x"), text("y\"z")]), other("0x7ff /* 2 vars */")],
        " = 0")]
    #[case(r#"AT_FDCWD</w>, "\344\270\255\n", O_RDONLY|O_CLOEXEC) = -1 ENOENT"#,
        vec![other("AT_FDCWD</w>"), text("中\n"), other("O_RDONLY|O_CLOEXEC")], " = -1 ENOENT")]
    #[case(r#"{a=[1, 2], b="),"}, 88) = 9"#, vec![other(r#"{a=[1, 2], b="),"}"#), other("88")], " = 9")]
    #[case(r#""cut"..., 1)"#, vec![Value::Text("cut".into(), true), other("1")], "")]
    #[case(")", vec![], "")]
    fn values_of_a_call(#[case] line: &str, #[case] want: Vec<Value>, #[case] rest: &str) {
        assert_eq!(arguments(line), Some((want, rest)));
    }

    #[rstest]
    #[case("\"open")]
    #[case("[1, 2")]
    #[case("")]
    #[case(r#""\x4"#)]
    fn call_that_does_not_close(#[case] line: &str) {
        assert_eq!(arguments(line), None);
    }
}
