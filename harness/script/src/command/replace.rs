//! `replace`: texts in a file by others.

use crate::state::{Fault, Ran, State};

pub(super) fn run(args: &[String], state: &State) -> Result<Ran, Fault> {
    let Some((file, pairs)) = args.split_last().filter(|(_, pairs)| pairs.len() % 2 == 0) else {
        return Err(Fault::usage("replace [OLD NEW]... FILE"));
    };
    let bad = |text: &str| Fault::Failed(format!("{text:?} is no Go string"));
    let mut texts = Vec::new();
    for pair in pairs.chunks_exact(2) {
        let [old, new] = pair else { continue };
        let (from, to) = (unquote(old), unquote(new));
        // The empty text stands before every byte; Go's strings.Replacer inserts there, and no
        // script means that.
        let from = from.filter(|t| !t.is_empty()).ok_or_else(|| bad(old))?;
        texts.push((from, to.ok_or_else(|| bad(new))?));
    }
    let path = state.path(file);
    let content = std::fs::read(&path).map_err(|e| Fault::file(&path, &e))?;
    std::fs::write(&path, replaced(&content, &texts)).map_err(|e| Fault::file(&path, &e))?;
    Ok(Ran::Quiet)
}

/// Replaces all pairs in one pass: replacements are not searched again, and an earlier pair goes first.
fn replaced(content: &[u8], texts: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some((first, following)) = rest.split_first() {
        if let Some((old, new)) = texts.iter().find(|(old, _)| rest.starts_with(old)) {
            out.extend_from_slice(new);
            rest = rest.get(old.len()..).unwrap_or_default();
        } else {
            out.push(*first);
            rest = following;
        }
    }
    out
}

/// The value of a text between the double quotes of a Go string.
fn unquote(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut put = |c: char| out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' | '\n' => return None,
            '\\' => match characters.next()? {
                'a' => put('\x07'),
                'b' => put('\x08'),
                'f' => put('\x0c'),
                'n' => put('\n'),
                'r' => put('\r'),
                't' => put('\t'),
                'v' => put('\x0b'),
                c @ ('\\' | '"') => put(c),
                c @ ('u' | 'U') => {
                    let length = if c == 'u' { 4 } else { 8 };
                    let digits: String = characters.by_ref().take(length).collect();
                    let whole = digits.len() == length;
                    put(char::from_u32(u32::from_str_radix(&digits, 16).ok()?).filter(|_| whole)?);
                }
                _ => return None,
            },
            c => put(c),
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::{replaced, unquote};
    use rstest::rstest;

    #[rstest]
    #[case("v1.0.0/go.mod h1:a=", Some("v1.0.0/go.mod h1:a="))]
    #[case(r"\r\n", Some("\r\n"))]
    #[case(r#"\"\\"#, Some("\"\\"))]
    #[case(r"\u00e9", Some("\u{e9}"))]
    #[case(r"\u00e", None)]
    #[case(r"\q", None)]
    #[case("\"", None)]
    #[case("\\", None)]
    fn escapes_are_read_as_in_a_go_string(#[case] text: &str, #[case] want: Option<&str>) {
        assert_eq!(unquote(text), want.map(|w| w.as_bytes().to_vec()));
    }

    #[test]
    fn all_at_once() {
        let pair = |a: &str, b: &str| (a.as_bytes().to_vec(), b.as_bytes().to_vec());
        let texts = [pair("a", "b"), pair("b", "a"), pair("bc", "x")];
        assert_eq!(replaced(b"abcd", &texts), b"bacd");
    }
}
