//! Escapes of the formats that no library here writes: Markdown and URIs. HTML, XML and JSON are
//! escaped by the crates that write them.

use crate::text;
use std::fmt::Write as _;

/// Escapes a line of text for GitHub's Markdown, also within a table's cell: no character of it can
/// mark up, link, mention or break the line.
pub fn markdown(text: &str) -> String {
    let text = text::line(text);
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            // GitHub's dialect: `@name` notifies people, `#1` links issues, `$…$` is mathematics,
            // `:name:` an emoji.
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '@' | '#' | '$'
            | ':' | '!' | '(' | ')' | '{' | '}' => {
                let _ = write!(out, "&#{};", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

/// The same, set as code and cut to `limit` characters.
pub fn markdown_code(text: &str, limit: usize) -> String {
    let shown: String = text.chars().take(limit).collect();
    let rest = if shown.len() < text.len() { "…" } else { "" };
    format!("<code>{}{rest}</code>", markdown(&shown))
}

/// A relative path as a relative reference: every byte but letters, digits, `-._~/` is
/// percent-encoded, so it can name no scheme and no host.
pub fn uri_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_is_inert() {
        let text = markdown("<script>|`*x*`\n[a](b) @me https://x");
        assert!(!text.contains(['<', '>', '|', '`', '*', '[', '@', ':', '\n']), "{text}");
        assert_eq!(markdown_code("abcd", 2), "<code>ab…</code>");
    }

    #[test]
    fn a_path_names_no_scheme() {
        assert_eq!(uri_path("javascript:alert(1)"), "javascript%3Aalert%281%29");
        assert_eq!(uri_path("records/host/path/é.json"), "records/host/path/%C3%A9.json");
    }
}
