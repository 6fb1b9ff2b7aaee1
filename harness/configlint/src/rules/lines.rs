//! Lines that WSL cannot read.

use super::words::{list, shown, whole};
use crate::document::Document;
use crate::edit::Edit;
use crate::rule::{Check, Findings, Level, Rule};
use crate::views::cause::Cause;
use crate::views::conf::{BadLine, Conf};
use twinproof_wslconf::Dialect;
use twinproof_wslconf::parse::Fault;

/// The rules.
pub const RULES: &[Rule] = &[
    Rule {
        id: "CONF-001",
        level: Level::Error,
        title: "A line of wsl.conf cannot be read",
        effect: "init stops reading wsl.conf there: neither this line nor any below it holds.",
        advice: "Put the line right, or take it out.",
        claims: &[],
        check: Check::File(wsl_conf_ends),
        bad: &[("wsl.conf", "[boot]\nsystemd=true\n123\n[network]\nhostname=dev\n")],
        good: &[("wsl.conf", "[boot]\nsystemd=true\n[network]\nhostname=dev\n")],
    },
    Rule {
        id: "CONF-002",
        level: Level::Error,
        title: "A line of .wslconfig cannot be read",
        effect: "WSL warns and skips the line; the lines below hold.",
        advice: "Put the line right, or take it out.",
        claims: &[],
        check: Check::File(line_is_skipped),
        bad: &[(".wslconfig", "[wsl2]\nmemory=8GB\n!!\n")],
        good: &[(".wslconfig", "[wsl2]\nmemory=8GB\n")],
    },
    Rule {
        id: "CONF-003",
        level: Level::Error,
        title: "Keys under a broken section line of .wslconfig",
        effect: "WSL joins the keys with what is left of the broken name, and knows none of them.",
        advice: "Put the section line right.",
        claims: &[],
        check: Check::File(keys_under_a_broken_section),
        bad: &[(".wslconfig", "[wsl2]\nmemory=4GB\n[experimental\nsparseVhd=true\n")],
        good: &[(".wslconfig", "[wsl2]\nmemory=4GB\n[experimental]\nsparseVhd=true\n")],
    },
    Rule {
        id: "CONF-004",
        level: Level::Error,
        title: "A comment that begins with something else than `#`",
        effect: "WSL takes it for a line that it cannot read: .wslconfig skips it with a warning, wsl.conf ends there.",
        advice: "Begin comments with `#`.",
        claims: &[],
        check: Check::File(foreign_comment),
        bad: &[(".wslconfig", "[wsl2]\n; the kernel\n// too\nmemory=8GB\n")],
        good: &[(".wslconfig", "[wsl2]\n# the kernel\n# too\nmemory=8GB\n")],
    },
    Rule {
        id: "CONF-005",
        level: Level::Error,
        title: "Text behind the `]` of a section",
        effect: "The section line cannot be read: wsl.conf ends there, and in .wslconfig the keys below get a broken section.",
        advice: "Put a `#` in front of a comment, and a key on a line of its own.",
        claims: &[],
        check: Check::File(text_behind_a_section),
        bad: &[("wsl.conf", "[boot] systemd=true\n")],
        good: &[("wsl.conf", "[boot]\nsystemd=true\n")],
    },
    Rule {
        id: "CONF-006",
        level: Level::Error,
        title: "A character that names cannot have",
        effect: "Names of sections and keys are ASCII letters and digits, a letter first: with a hyphen, underscore, dot, blank or other letter the line cannot be read.",
        advice: "Spell the name as WSL does.",
        claims: &[],
        check: Check::File(character_in_a_name),
        bad: &[("wsl.conf", "[boot]\nboot_command=x\n[my-section]\n")],
        good: &[("wsl.conf", "[boot]\ncommand=x\n")],
    },
    Rule {
        id: "CONF-007",
        level: Level::Error,
        title: "No `=`, or another language",
        effect: "WSL reads `key = value` lines only; YAML, JSON, shell and the marks of a merge conflict are lines that it cannot read.",
        advice: "Write `key=value`.",
        claims: &[],
        check: Check::File(no_assignment),
        bad: &[("wsl.conf", "[boot]\nsystemd: true\n<<<<<<< HEAD\n{ \"a\": 1 }\nexport A=1\n")],
        good: &[("wsl.conf", "[boot]\nsystemd= true\n")],
    },
    Rule {
        id: "CONF-008",
        level: Level::Error,
        title: "A backslash before a character that is no escape",
        effect: "Only `\\\\`, `\\\"`, `\\b`, `\\n`, `\\t` and a backslash at the end of a line mean something; with any other the line cannot be read.",
        advice: "Double each backslash, or write paths with slashes.",
        claims: &[],
        check: Check::File(unknown_escape),
        bad: &[(".wslconfig", "[wsl2]\nswapFile=C:\\Temp\\swap.vhdx\n")],
        good: &[(".wslconfig", "[wsl2]\nswapFile=C:\\\\Temp\\\\swap.vhdx\n")],
    },
    Rule {
        id: "CONF-009",
        level: Level::Error,
        title: "A quote that is not closed, or that does not quote",
        effect: "A `\"` must be closed on its line, else the line cannot be read; `'` is a character like others and becomes part of the value.",
        advice: "Close the quote; use `\"`, or none.",
        claims: &[],
        check: Check::File(quotes),
        bad: &[("wsl.conf", "[user]\ndefault='me'\n[boot]\ncommand=\"x\n")],
        good: &[("wsl.conf", "[user]\ndefault=\"me\"\n[boot]\ncommand=\"logger 'x y'\"\n")],
    },
    Rule {
        id: "CONF-027",
        level: Level::Error,
        title: "The file ends in a backslash",
        effect: "In wsl.conf this ends init, so that the distribution does not start; in .wslconfig the line is skipped.",
        advice: "Take the backslash away.",
        claims: &[],
        check: Check::File(last_backslash),
        bad: &[("wsl.conf", "[boot]\ncommand=a\\")],
        good: &[("wsl.conf", "[boot]\ncommand=a")],
    },
];

/// The conf of a document, and its bad lines of one cause.
fn bad_lines(document: &Document, cause: Cause) -> impl Iterator<Item = &BadLine> {
    let bad = document.conf.iter().flat_map(|conf| &conf.bad);
    bad.filter(move |line| line.cause == cause)
}

fn line<'a>(document: &'a Document, bad: &BadLine) -> &'a str {
    document.source.slice(bad.range.clone())
}

fn wsl_conf_ends(document: &Document, findings: &mut Findings<'_>) {
    let Some(conf) = document.conf.as_ref().filter(|conf| conf.dialect == Dialect::WslConf) else {
        return;
    };
    // Only the first bad line is a finding: init reads nothing behind it, so that later ones have
    // no effect until the first is mended. A backslash as the last byte ends init altogether, which
    // is another rule's error.
    let Some(first) = conf.bad.first().filter(|bad| bad.cause != Cause::LastBackslash) else {
        return;
    };
    let mut lost: Vec<String> =
        conf.entries.iter().filter(|entry| entry.lost).map(|entry| entry.name()).collect();
    let text = line(document, first);
    // The malformed line's own setting is lost as well, and belongs first in the list.
    if let Some((key, _)) = text.split_once('=') {
        lost.insert(0, key.trim().to_owned());
    }
    let message = format!("init cannot read `{}`", shown(text));
    let finding = findings.add(first.range.clone(), message);
    if !lost.is_empty() {
        finding.effect_is(format!("init stops reading wsl.conf here: lost is {}.", list(&lost)));
    }
}

fn line_is_skipped(document: &Document, findings: &mut Findings<'_>) {
    let is_config = |conf: &&Conf| conf.dialect == Dialect::WslConfig;
    if document.conf.as_ref().filter(is_config).is_none() {
        return;
    }
    for bad in bad_lines(document, Cause::Unclear) {
        let message = match bad.fault {
            Fault::SectionEnd | Fault::SectionName => "the section line has no `]`".to_owned(),
            _ => format!("WSL cannot read `{}`", shown(line(document, bad))),
        };
        findings.add(bad.range.clone(), message);
    }
}

fn keys_under_a_broken_section(document: &Document, findings: &mut Findings<'_>) {
    let Some(conf) = &document.conf else { return };
    for entry in &conf.entries {
        // After a malformed section line WSL uses the broken name, cut or padded with NULs to the
        // length of the section before. Its warning shows that mangled name, so the message here
        // quotes it: that is the text to search a log for.
        let Some(mangled) = &entry.mangled else { continue };
        let key = &entry.key;
        findings
            .add(
                entry.key_range.clone(),
                format!("`{key}` is under a section line that cannot be read"),
            )
            .effect_is(format!(
                "WSL warns `Unknown key '{}'` and does without it.",
                whole(mangled)
            ));
    }
}

fn foreign_comment(document: &Document, findings: &mut Findings<'_>) {
    for bad in bad_lines(document, Cause::Comment) {
        let text = line(document, bad);
        let mark = text.len() - text.trim_start_matches(['/', ';', '-', '*']).len();
        // A word such as `REM` begins the comment: the mark is the word.
        let mark = if mark == 0 { text.find(' ').unwrap_or(0) } else { mark };
        let range = bad.range.start..bad.range.start + mark;
        let message = format!("`{}` begins no comment", &text[..mark]);
        findings.add(bad.range.clone(), message).replace("begin it with `#`", range, "#");
    }
    // A comment behind a section.
    for bad in bad_lines(document, Cause::AfterSection) {
        let rest = behind(document, bad);
        if rest.starts_with(';') || rest.starts_with("//") {
            let mark = if rest.starts_with(';') { 1 } else { 2 };
            let message = format!("`{}` begins no comment", &rest[..mark]);
            findings.add(bad.at..bad.range.end, message).replace(
                "begin it with `#`",
                bad.at..bad.at + mark,
                "#",
            );
        }
    }
}

/// Text behind the `]` of a section line.
fn behind<'a>(document: &'a Document, bad: &BadLine) -> &'a str {
    document.source.slice(bad.at..bad.range.end)
}

fn text_behind_a_section(document: &Document, findings: &mut Findings<'_>) {
    for bad in bad_lines(document, Cause::AfterSection) {
        let rest = behind(document, bad);
        if rest.starts_with(';') || rest.starts_with("//") {
            continue;
        }
        // Blanks between `]` and the text go as well, or the new line would begin with them.
        let from = bad.at - document.source.slice(bad.range.start..bad.at).len()
            + document.source.slice(bad.range.start..bad.at).trim_end().len();
        let finding =
            findings.add(bad.at..bad.range.end, format!("`{}` stands behind `]`", shown(rest)));
        if rest.contains('=') {
            let end = document.source.line_end();
            finding.replace("put it on a line of its own", from..bad.at, end);
        } else {
            finding.replace("make it a comment", bad.at..bad.at, "# ");
        }
    }
}

fn character_in_a_name(document: &Document, findings: &mut Findings<'_>) {
    for bad in bad_lines(document, Cause::Name) {
        let text = line(document, bad);
        let (what, name) = match text.strip_prefix('[') {
            Some(rest) => ("section", rest.split(']').next().unwrap_or(rest)),
            None => ("key", text.split('=').next().unwrap_or(text).trim_end()),
        };
        let start = bad.range.start + usize::from(what == "section");
        let message =
            format!("the {what} name `{}` has more than ASCII letters and digits", shown(name));
        let finding = findings.add(start..start + name.len(), message);
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let dialect = document.conf.as_ref().map(|conf| conf.dialect);
        // The fix is offered only where the name without the character is a name of WSL:
        // `[my-section]` would become `[mysection]`, which WSL does not know either.
        let known = dialect.is_some_and(|dialect| is_known(dialect, what == "section", &plain));
        if known && plain != name {
            finding.replace(format!("write `{plain}`"), start..start + name.len(), plain);
        }
    }
}

/// Whether a dialect has a section, or in any section a key, of this name.
fn is_known(dialect: Dialect, section: bool, name: &str) -> bool {
    twinproof_wslconf::keys::keys(dialect).iter().flat_map(|key| key.names).any(|known| {
        let (in_section, key) = known.split_once('.').unwrap_or(("", known));
        (if section { in_section } else { key }).eq_ignore_ascii_case(name)
    })
}

fn no_assignment(document: &Document, findings: &mut Findings<'_>) {
    for bad in bad_lines(document, Cause::OtherLanguage) {
        let text = line(document, bad);
        let message = match text {
            _ if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"]
                .iter()
                .any(|m| text.starts_with(m)) =>
            {
                "the mark of a merge conflict".to_owned()
            }
            _ if text.starts_with(['{', '}', '"']) => "this is JSON".to_owned(),
            _ if text.starts_with("- ") || text.contains(':') && bad.fault == Fault::Equals => {
                "this is YAML: there is no `=`".to_owned()
            }
            _ if bad.fault == Fault::Equals && !text.contains('=') => {
                format!("`{}` has no `=`", shown(text))
            }
            _ => "this is shell".to_owned(),
        };
        let finding = findings.add(bad.range.clone(), message);
        let key: &str = text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let dialect = document.conf.as_ref().map(|conf| conf.dialect);
        // A line of JSON or shell may mean anything. Where it begins with a key that WSL knows,
        // `key: value` and `key value` can only mean an assignment.
        if bad.fault != Fault::Equals || !dialect.is_some_and(|d| is_known(d, false, key)) {
            continue;
        }
        let after = bad.range.start + key.len();
        let rest = document.source.slice(after..bad.range.end);
        if rest.trim_start().starts_with(':') {
            let colon = after + rest.find(':').unwrap_or(0);
            finding.replace("write `=`", after..colon + 1, "=");
        } else if !rest.trim().is_empty() {
            let blanks = rest.len() - rest.trim_start().len();
            finding.replace("write `=`", after..after + blanks, "=");
        }
    }
}

fn unknown_escape(document: &Document, findings: &mut Findings<'_>) {
    for bad in bad_lines(document, Cause::Escape) {
        let text = line(document, bad);
        let escaped = document.source.slice(bad.at..bad.range.end).chars().next();
        let escaped = escaped.map(String::from).unwrap_or_default();
        let backslash = bad.at.saturating_sub(1);
        let value = text.find('=').map_or(bad.range.start, |at| bad.range.start + at + 1);
        findings
            .add(backslash..bad.at + escaped.len(), format!("`\\{}` is no escape", shown(&escaped)))
            .edits("double the backslashes", doubled(document, value..bad.range.end));
    }
}

/// Edits that double each single backslash of a value, those before a quote apart.
pub fn doubled(document: &Document, range: std::ops::Range<usize>) -> Vec<Edit> {
    let text = document.source.slice(range.clone());
    let bytes = text.as_bytes();
    let mut edits = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if matches!(bytes.get(at + 1), Some(b'\\' | b'"')) => at += 1,
            b'\\' => edits.push(Edit::new(range.start + at..range.start + at, "\\")),
            // An unquoted `#` begins a comment. Backslashes in it are not read, and stay as they
            // were typed.
            b'#' => break,
            _ => {}
        }
        at += 1;
    }
    edits
}

fn quotes(document: &Document, findings: &mut Findings<'_>) {
    for bad in bad_lines(document, Cause::Quote) {
        let text = line(document, bad);
        let open = text.rfind('"').unwrap_or(0);
        let range = bad.range.start + open..bad.range.end;
        let finding = findings.add(range, "the quote is not closed on its line");
        // With a `#` in the line it is unclear whether the quote was to end before or behind it.
        if text.matches('"').count() == 1 && !text.contains('#') {
            let end = bad.range.start + text.trim_end().len();
            finding.replace("close the quote", end..end, "\"");
        }
    }
    let Some(conf) = &document.conf else { return };
    for entry in &conf.entries {
        let raw = document.source.slice(entry.range.clone());
        // WSL's parser knows `"` only. Shell and TOML have taught people that `'` quotes too; here
        // it becomes part of the value.
        let inner = raw.strip_prefix('\'').and_then(|raw| raw.strip_suffix('\''));
        if let Some(inner) = inner.filter(|inner| !inner.contains(['\'', '"'])) {
            findings
                .add(
                    entry.range.clone(),
                    format!(
                        "`'` does not quote: the value of `{}` begins and ends with it",
                        entry.key
                    ),
                )
                .replace("write `\"`", entry.range.clone(), format!("\"{inner}\""));
        }
    }
}

fn last_backslash(document: &Document, findings: &mut Findings<'_>) {
    if bad_lines(document, Cause::LastBackslash).next().is_some() {
        let end = document.source.text().len();
        findings
            .add(end.saturating_sub(1)..end, "the last byte of the file is a backslash")
            .replace("take it away", end.saturating_sub(1)..end, "");
    }
}
