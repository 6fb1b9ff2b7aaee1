//! Requests and answers as text for reading, and command lines that repeat a step.

use crate::{Evidence, Scope};
use std::fmt::Write as _;
use twinproof_base::shell::quote;
use twinproof_model::BlobRef;

/// At most this many characters of a request or an answer are shown.
const SHOWN: usize = 2048;

/// At most 2,048 characters of a text, and the number of the others.
pub(crate) fn cut(text: &str) -> String {
    let mut chars = text.chars();
    let head: String = chars.by_ref().take(SHOWN).collect();
    match chars.count() {
        0 => head,
        rest => format!("{head}\n… and {rest} more characters"),
    }
}

/// Stored bytes as text; their size and hash where they are none.
pub(crate) fn content(blob: Option<&BlobRef>, evidence: Evidence<'_>) -> String {
    let Some(blob) = blob.filter(|blob| blob.size > 0) else { return String::new() };
    match evidence.read(blob) {
        Err(lost) => lost,
        Ok(bytes) => match std::str::from_utf8(&bytes) {
            Ok(text) if !text.contains('\0') => cut(text),
            _ => format!("{} bytes that are no text, SHA-256 {}", blob.size, blob.sha256),
        },
    }
}

/// Names and values, one a line.
pub(crate) fn fields<'f>(fields: impl IntoIterator<Item = (&'f String, &'f String)>) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{name}: {value}");
    }
    text
}

/// A word of a command line, in which `$PROXY` or `$SUMDB` stands for the address of a subject of this
/// machine: that one ended with the run.
pub(crate) fn word(text: &str, scope: &Scope) -> String {
    for (name, variable) in [("proxy", "PROXY"), ("sumdb", "SUMDB"), ("origin", "ORIGIN")] {
        let address =
            scope.get(name).filter(|a| a.starts_with("http") && a.contains("://127.0.0.1:"));
        let Some((before, after)) = address.and_then(|address| text.split_once(address)) else {
            continue;
        };
        let rest = |part: &str| if part.is_empty() { String::new() } else { word(part, scope) };
        return format!("{}\"${variable}\"{}", rest(before), rest(after));
    }
    quote(text)
}

/// The path and query of an address, as a request line has them.
pub(crate) fn target(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}

/// Bytes as `printf` of a POSIX shell writes them.
pub(crate) fn printf(bytes: &[u8]) -> String {
    let mut format = String::new();
    for &byte in bytes {
        match byte {
            b'\r' => format.push_str("\\r"),
            b'\n' => format.push_str("\\n"),
            b'\\' => format.push_str("\\\\"),
            b'%' => format.push_str("%%"),
            b' '..=b'~' => format.push(char::from(byte)),
            _ => {
                // Octal, because `printf` of every POSIX shell knows it; `\x` is an extension of
                // some.
                let _ = write!(format, "\\{byte:03o}");
            }
        }
    }
    format!("printf {}", quote(&format))
}

#[cfg(test)]
mod tests {
    use super::{printf, target, word};
    use crate::Scope;

    #[test]
    fn the_address_of_a_subject_that_has_ended_is_a_variable() {
        let of =
            |url: &str| Scope::new(&[("proxy".to_owned(), url.to_owned())].into_iter().collect());
        let here = of("http://127.0.0.1:4321/go");
        assert_eq!(word("http://127.0.0.1:4321/go/!a/@v/list", &here), "\"$PROXY\"'/!a/@v/list'");
        assert_eq!(word("GOPROXY=http://127.0.0.1:4321/go", &here), "GOPROXY=\"$PROXY\"");
        assert_eq!(word("https://h/x", &of("https://h")), "https://h/x");
    }

    #[test]
    fn bytes_for_printf() {
        assert_eq!(printf(b"GET /%41 \x00\\\r\n"), r"printf 'GET /%%41 \000\\\r\n'");
        assert_eq!(target("http://h:1/a?b"), "/a?b");
        assert_eq!(target("http://h:1"), "/");
    }
}
