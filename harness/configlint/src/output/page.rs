//! The rules as a page of documentation.

use crate::rule::{Check, Files, Rule};
use crate::rules::all;
use std::fmt::Write as _;

/// The page of all rules, in Markdown: `docs/config-rules.md` is this text.
#[must_use]
pub fn page() -> String {
    let rules = all();
    let mut text = format!(
        "# Rules of `twinproof config lint`\n\n\
         {} rules. This page is made from their declarations: \
         `twinproof config lint --rules > docs/config-rules.md`.\n\n\
         | rule | level | what is wrong |\n| --- | --- | --- |\n",
        rules.len()
    );
    for rule in &rules {
        let anchor = rule.id.to_lowercase();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| [{}](#{anchor}) | {} | {} |",
            rule.id,
            rule.level.as_str(),
            cell(rule.title)
        );
    }
    for rule in rules {
        one(&mut text, rule);
    }
    text
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn one(text: &mut String, rule: &Rule) {
    let _ = writeln!(text, "\n## {}\n\n**{}** ({})\n", rule.id, rule.title, rule.level.as_str());
    let _ = writeln!(text, "What becomes of it: {}\n\nWhat to do: {}", rule.effect, rule.advice);
    if !rule.claims.is_empty() {
        let _ = writeln!(text, "\nClaims of the source document: {}.", rule.claims.join(", "));
    }
    if !matches!(rule.check, Check::Silent) {
        files(text, "Found in", rule.bad);
    }
    files(text, "Not found in", rule.good);
}

fn files(text: &mut String, what: &str, files: Files) {
    for (name, body) in files {
        let _ = writeln!(text, "\n{what} `{name}`:\n");
        for line in visible(body).lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
}

/// A text with invisible characters written out.
fn visible(text: &str) -> String {
    let mut visible = String::new();
    for c in text.chars() {
        match c {
            '\n' => visible.push('\n'),
            '\t' => visible.push_str("<TAB>"),
            '\r' => visible.push_str("<CR>"),
            '\0' => visible.push_str("<NUL>"),
            '\u{A0}' | '\u{FEFF}' | '\u{201C}' | '\u{201D}' => {
                let _ = write!(visible, "<U+{:04X}>", u32::from(c));
            }
            c => visible.push(c),
        }
    }
    visible
}
