//! Lines of a hosts file.

use super::text::plain_utf8;
use super::words::shown;
use crate::document::Document;
use crate::kind::Kind;
use crate::rule::{Check, Findings, Level, Rule};
use crate::views::words::lines;
use std::net::IpAddr;

/// The rules.
pub const RULES: &[Rule] = &[Rule {
    id: "CONF-087",
    level: Level::Error,
    title: "A line of hosts that names nothing",
    effect: "Resolvers pass over a line that does not begin with an address, without a word, and compare names letter by letter: a port, a scheme, a pattern or a comma makes a name that no one asks for.",
    advice: "`ADDRESS NAME [NAME…]`, separated by blanks or tabs; comments begin with `#`.",
    claims: &[],
    check: Check::File(malformed),
    bad: &[(
        "hosts",
        "127.0.0.1 localhost\nproxy.corp.example 192.0.2.7\n192.0.2.8:443 mirror\n192.0.2.9\n192.0.2.10 *.corp.example\n; old\n",
    )],
    good: &[(
        "hosts",
        "127.0.0.1 localhost\n192.0.2.7 proxy.corp.example\n192.0.2.8 mirror # 443\n2001:db8::1 six\n",
    )],
}];

/// Whether a word is an address as hosts files have it; a zone (`fe80::1%lo0`) may be behind it.
fn is_address(text: &str) -> bool {
    text.split('%').next().unwrap_or_default().parse::<IpAddr>().is_ok()
}

fn malformed(document: &Document, findings: &mut Findings<'_>) {
    if document.kind != Kind::Hosts {
        return;
    }
    plain_utf8(
        document,
        findings,
        "the file begins with a byte order mark: its first line names nothing",
        "the file is UTF-16: no line of it names anything",
    );
    for words in lines(&document.source, &['#']) {
        let (address, names) = (&words[0], &words[1..]);
        let line = document.source.line_at(address.range.start);
        let comment = [";", "//", "--", "rem", "REM", "'"]
            .iter()
            .find(|mark| address.text.starts_with(**mark));
        if let Some(mark) = comment.filter(|_| !is_address(&address.text)) {
            let start = address.range.start;
            findings
                .add(start..line.end, format!("`{mark}` begins no comment"))
                .only(Level::Note)
                .effect_is("The line is passed over all the same.")
                .replace("begin it with `#`", start..start, "# ");
            continue;
        }
        if !is_address(&address.text) {
            let finding = findings.add(
                address.range.clone(),
                format!("`{}` is no address: the line is passed over", shown(&address.text)),
            );
            if let [only] = names
                && is_address(&only.text)
                && address.text.parse::<IpAddr>().is_err()
            {
                let swapped = format!("{} {}", only.text, address.text);
                finding.replace(
                    "put the address first",
                    address.range.start..only.range.end,
                    swapped,
                );
            }
            continue;
        }
        if names.is_empty() {
            findings.add(address.range.clone(), format!("`{}` has no name", shown(&address.text)));
        }
        for name in names {
            // Lists of blocked names have `0.0.0.0 0.0.0.0` among them.
            let what = name_trouble(&name.text).filter(|_| name.text != address.text);
            let Some(what) = what else { continue };
            findings.add(name.range.clone(), format!("`{}` {what}", shown(&name.text)));
        }
    }
}

/// The reason why a name in the file is never looked up, if there is one.
fn name_trouble(name: &str) -> Option<&'static str> {
    let bad = name.chars().find(|c| !(c.is_ascii_alphanumeric() || "-_.".contains(*c)));
    match bad {
        _ if is_address(name) => Some("is a second address: a line has one"),
        _ if name.contains("://") => Some("has a scheme: names have none"),
        Some('*') => Some("is no pattern here: the resolver compares letters"),
        Some(',' | ';') => Some("is one name: blanks separate"),
        Some(':') => Some("has a port: names have none"),
        Some(_) if !name.is_ascii() => {
            Some("is asked for in its ASCII form (`xn--…`), which is another name")
        }
        Some(_) => Some("has a character that host names do not have"),
        None if name.starts_with(['-', '.']) || name.contains("..") => {
            Some("has an empty part, or begins with `-`")
        }
        None if name.split('.').any(|label| label.len() > 63) || name.len() > 253 => {
            Some("is longer than names can be")
        }
        None => None,
    }
}
