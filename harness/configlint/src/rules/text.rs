//! Characters, line ends and encodings of WSL's files.

use super::lines::doubled;
use super::words::{is_windows_path, list, shown, whole};
use crate::document::Document;
use crate::edit::Edit;
use crate::kind::Kind;
use crate::rule::{Check, Findings, Level, Rule};
use crate::source::Encoding;
use crate::views::cause::Cause;
use crate::views::conf::Conf;
use twinproof_wslconf::Dialect;

/// The rules.
pub const RULES: &[Rule] = &[
    Rule {
        id: "CONF-010",
        level: Level::Warning,
        title: "wsl.conf with Windows' line ends",
        effect: "The present WSL reads it, but counts lines twice in its messages and continues no line; releases up to 2022 lost the file.",
        advice: "Save the file with LF.",
        claims: &[],
        check: Check::File(windows_line_ends),
        bad: &[("wsl.conf", "[boot]\r\nsystemd=true\r\n")],
        good: &[("wsl.conf", "[boot]\nsystemd=true\n")],
    },
    Rule {
        id: "CONF-011",
        level: Level::Error,
        title: "wsl.conf with a byte order mark",
        effect: "The first line cannot be read, and with it nothing of the file holds.",
        advice: "Save the file as UTF-8 without a byte order mark.",
        claims: &[],
        check: Check::File(mark),
        bad: &[("wsl.conf", "\u{FEFF}[boot]\nsystemd=true\n")],
        good: &[("wsl.conf", "[boot]\nsystemd=true\n")],
    },
    Rule {
        id: "CONF-012",
        level: Level::Error,
        title: "wsl.conf in UTF-16",
        effect: "init reads bytes: nothing of the file holds.",
        advice: "Save the file as UTF-8 without a byte order mark.",
        claims: &[],
        check: Check::File(wide_wsl_conf),
        bad: &[("wsl.conf", "[\0b\0o\0o\0t\0]\0\n\0s\0y\0s\0t\0e\0m\0d\0=\x001\0\n\0")],
        good: &[("wsl.conf", "[boot]\nsystemd=1\n")],
    },
    Rule {
        id: "CONF-013",
        level: Level::Error,
        title: ".wslconfig in UTF-16",
        effect: "Little-endian UTF-16 with a mark is read by the present WSL, not by that of 2021; big-endian is not opened, and without a mark the file is full of NULs: the defaults hold.",
        advice: "Save the file as UTF-8.",
        claims: &[],
        check: Check::File(wide_wslconfig),
        bad: &[(".wslconfig", "[\0w\0s\0l\x002\0]\0\n\0s\0w\0a\0p\0=\x000\0\n\0")],
        good: &[(".wslconfig", "[wsl2]\nswap=0\n")],
    },
    Rule {
        id: "CONF-014",
        level: Level::Error,
        title: "A value of .wslconfig with a character that is not ASCII",
        effect: "WSL keeps only the low byte of each UTF-16 unit, so that the value is another one: a path with an umlaut is not found.",
        advice: "Use a path of ASCII characters; for folders of users the short name (`dir /x`).",
        claims: &[],
        check: Check::File(lost_characters),
        bad: &[(".wslconfig", "[wsl2]\nkernel=C:/Users/Müller/bzImage\n")],
        good: &[(".wslconfig", "# Müller\n[wsl2]\nkernel=C:/wsl/bzImage\n")],
    },
    Rule {
        id: "CONF-015",
        level: Level::Error,
        title: "A path in which backslashes became control characters",
        effect: "`\\n`, `\\t` and `\\b` are a line end, a tab and a backspace: the path is another one.",
        advice: "Double each backslash, or write paths with slashes.",
        claims: &[],
        check: Check::File(control_characters),
        bad: &[(".wslconfig", "[wsl2]\nswapFile=C:\\new\\table.vhdx\n")],
        good: &[(".wslconfig", "[wsl2]\nswapFile=C:\\\\new\\\\table.vhdx\n")],
    },
    Rule {
        id: "CONF-016",
        level: Level::Warning,
        title: "An unquoted `#` cuts a value",
        effect: "Everything from `#` on is a comment, also directly behind a character and inside `'`.",
        advice: "Put the value into `\"`, or a blank in front of a comment.",
        claims: &[],
        check: Check::File(cut_value),
        bad: &[("wsl.conf", "[boot]\ncommand=logger 'a # b'\n")],
        good: &[("wsl.conf", "[boot]\ncommand=\"logger 'a # b'\" # c\n")],
    },
    Rule {
        id: "CONF-028",
        level: Level::Error,
        title: "A character that looks like another, or like none",
        effect: "NUL ends a value; no-break and zero-width blanks, typographic quotes and full-width characters are characters like others, which no name has and no value means.",
        advice: "Type the character that is meant.",
        claims: &[],
        check: Check::File(look_alike),
        bad: &[(".wslconfig", "[wsl2]\nmemory\u{A0}=\u{A0}4GB\nswap=\u{201C}1GB\u{201D}\n")],
        good: &[(".wslconfig", "[wsl2]\nmemory = 4GB\nswap=\"1GB\"\n")],
    },
    Rule {
        id: "CONF-090",
        level: Level::Error,
        title: "Lines that end in CR alone",
        effect: "Nothing that reads the file ends a line there: it is one line, of which a comment takes all the rest.",
        advice: "Save the file with LF.",
        claims: &[],
        check: Check::File(old_line_ends),
        bad: &[("wsl.conf", "[boot]\rsystemd=true\r# names\r[network]\rhostname=dev\r")],
        good: &[("wsl.conf", "[boot]\nsystemd=true\n# names\n[network]\nhostname=dev\n")],
    },
    Rule {
        id: "CONF-094",
        level: Level::Error,
        title: "A Dockerfile or an export of the registry that cannot be read",
        effect: "The builder, or `reg import`, refuses the file; what stands behind the place is not checked here.",
        advice: "Put the line right.",
        claims: &[],
        check: Check::File(unreadable),
        bad: &[("Dockerfile", "FROM golang:1.27\nENV\n")],
        good: &[("Dockerfile", "FROM golang:1.27\nENV A=1\n")],
    },
];

fn conf_of(document: &Document, dialect: Dialect) -> Option<&Conf> {
    document.conf.as_ref().filter(|conf| conf.dialect == dialect)
}

fn windows_line_ends(document: &Document, findings: &mut Findings<'_>) {
    // .wslconfig is opened in text mode, where Windows turns CR LF into LF. A snippet's line ends
    // are those of the document around it.
    if conf_of(document, Dialect::WslConf).is_none() || document.snippet {
        return;
    }
    let text = document.source.text();
    let Some(first) = text.find("\r\n") else { return };
    let edits = text.match_indices("\r\n").map(|(at, _)| Edit::new(at..at + 1, "")).collect();
    let count = text.matches("\r\n").count();
    let finding = findings.add(first..first + 1, format!("{count} lines end in CR LF"));
    finding.edits("end lines in LF", edits);
    // In wsl.conf `\` before CR drops both, and the LF ends the value: a continued line is cut
    // without a warning. That is worse than wrong line numbers.
    if text.contains("\\\r\n") {
        finding.effect_is("The backslash at the end of a line does not continue it: it and the CR are dropped, and the value ends there.");
        finding.level = Level::Error;
    }
}

fn unreadable(document: &Document, findings: &mut Findings<'_>) {
    // A snippet may be any part of a file.
    if document.snippet || document.source.text().trim().is_empty() {
        return;
    }
    if let Some((place, error)) = document.image.as_ref().and_then(|image| image.error.as_ref()) {
        let start = document.source.offset(*place);
        // The reader takes a here-document for instructions where it does not begin its command.
        if document.source.slice(0..start).contains("<<") {
            return;
        }
        let end = document.source.line_at(start).end;
        findings.add(start..end.max(start), format!("this cannot be read: {error}"));
    }
    if let Some(error) = document.registry.as_ref().and_then(|registry| registry.error.as_ref()) {
        findings.add(0..0, format!("this cannot be read: {error}"));
    }
}

/// Offsets of carriage returns without a line feed, which editors show as line ends. One at the very
/// end, or in front of another line end, ends no line that matters.
fn alone(text: &str) -> impl Iterator<Item = usize> {
    let bytes = text.as_bytes();
    text.match_indices('\r')
        .map(|(at, _)| at)
        .filter(|&at| !matches!(bytes.get(at + 1), Some(b'\n' | b'\r') | None))
}

/// The first carriage return of a text whose lines end in CR LF; none where they end in CR alone.
pub fn first_return(text: &str) -> Option<usize> {
    text.find('\r').filter(|_| alone(text).next().is_none())
}

/// Finds carriage returns that end lines.
fn old_line_ends(document: &Document, findings: &mut Findings<'_>) {
    // JSON, exports of the registry and text for people are read with such ends.
    if document.snippet
        || matches!(document.kind, Kind::Settings | Kind::Launch | Kind::Registry | Kind::Prose)
    {
        return;
    }
    let text = document.source.text();
    let bytes = text.as_bytes();
    let alone: Vec<usize> = alone(text).collect();
    let Some(&first) = alone.first() else { return };
    let edits = text
        .match_indices('\r')
        .filter(|(at, _)| bytes.get(at + 1) != Some(&b'\n'))
        .map(|(at, _)| Edit::new(at..at + 1, "\n"))
        .collect();
    let count = match alone.len() {
        1 => "one line ends in CR alone".to_owned(),
        count => format!("{count} lines end in CR alone"),
    };
    let finding = findings.add(first..first + 1, count);
    finding.edits("end lines in LF", edits);
    let Some(conf) = &document.conf else { return };
    // WSL's parser is the exception: there a CR ends a section and an assignment, and no comment.
    let Some(comment) =
        conf.comments.iter().find(|range| document.source.slice((*range).clone()).contains('\r'))
    else {
        finding.only(Level::Warning).effect_is(
            "WSL ends sections and assignments there; the first comment takes all the rest of the file.",
        );
        return;
    };
    let lost: Vec<String> = document
        .source
        .slice(comment.clone())
        .split('\r')
        .skip(1)
        .filter_map(|line| line.split_once('='))
        .map(|(key, _)| key.trim().to_owned())
        .filter(|key| !key.starts_with('#') && !key.is_empty())
        .collect();
    if !lost.is_empty() {
        let line = document.source.position(comment.start).line;
        finding.effect_is(format!("The comment of line {line} goes on: lost is {}.", list(&lost)));
    }
}

fn mark(document: &Document, findings: &mut Findings<'_>) {
    if conf_of(document, Dialect::WslConf).is_some()
        && document.source.encoding() == Encoding::Utf8Mark
    {
        findings.add(0..0, "the file begins with a byte order mark").save_as_utf8();
    }
}

/// Reports, in these words, a file that begins with a byte order mark or is UTF-16, for programs that read
/// neither.
pub(super) fn plain_utf8(document: &Document, findings: &mut Findings<'_>, mark: &str, wide: &str) {
    let what = match document.source.encoding() {
        Encoding::Utf8Mark => mark,
        Encoding::Utf16Le | Encoding::Utf16Be => wide,
        Encoding::Utf8 | Encoding::Other => return,
    };
    findings.add(0..0, what).save_as_utf8();
}

/// Whether every second byte of the beginning is NUL, which is UTF-16 without a mark.
fn is_unmarked_utf16(document: &Document) -> bool {
    let bytes = &document.source.bytes()[..document.source.bytes().len().min(64)];
    let nuls = bytes.iter().filter(|&&byte| byte == 0).count();
    // ASCII text in UTF-16 is half NULs. Two fifths leave room for a line of other letters; real
    // text has no NUL at all.
    bytes.len() >= 4 && nuls * 5 >= bytes.len() * 2
}

fn wide_wsl_conf(document: &Document, findings: &mut Findings<'_>) {
    if conf_of(document, Dialect::WslConf).is_none() {
        return;
    }
    match document.source.encoding() {
        Encoding::Utf16Le | Encoding::Utf16Be => {
            findings.add(0..0, "the file is UTF-16").save_as_utf8();
        }
        _ if is_unmarked_utf16(document) => {
            findings.add(0..0, "the file is UTF-16 without a byte order mark");
        }
        _ => {}
    }
}

fn wide_wslconfig(document: &Document, findings: &mut Findings<'_>) {
    if conf_of(document, Dialect::WslConfig).is_none() {
        return;
    }
    match document.source.encoding() {
        Encoding::Utf16Le => {
            findings
                .add(0..0, "the file is UTF-16, little-endian")
                .only(Level::Warning)
                .effect_is("The present WSL reads it; that of 2021 took the defaults, and other tools may not read it.")
                .save_as_utf8();
        }
        Encoding::Utf16Be => {
            findings
                .add(0..0, "the file is UTF-16, big-endian")
                .effect_is("WSL warns `Failed to open config file`, and the defaults hold.")
                .save_as_utf8();
        }
        _ if is_unmarked_utf16(document) => {
            findings.add(0..0, "the file is UTF-16 without a byte order mark").effect_is(
                "WSL reads it as UTF-8, with a NUL after each letter: no line of it can be read.",
            );
        }
        _ => {}
    }
}

fn lost_characters(document: &Document, findings: &mut Findings<'_>) {
    let Some(conf) = conf_of(document, Dialect::WslConfig) else { return };
    for entry in conf.entries.iter().filter(|entry| entry.known.is_some()) {
        let raw = document.source.slice(entry.range.clone());
        let Some((at, c)) = raw.char_indices().find(|(_, c)| !c.is_ascii()) else { continue };
        // CONF-028 reports these, with the character that was probably meant as the fix.
        if is_look_alike(c) {
            continue;
        }
        let start = entry.range.start + at;
        findings
            .add(start..start + c.len_utf8(), format!("`{c}` in the value of `{}`", entry.key))
            .effect_is(format!("WSL takes `{}`.", whole(&entry.text())));
    }
}

fn control_characters(document: &Document, findings: &mut Findings<'_>) {
    let Some(conf) = &document.conf else { return };
    for entry in &conf.entries {
        let raw = document.source.slice(entry.range.clone());
        let path = raw.trim_start_matches('"');
        let drive = path
            .as_bytes()
            .windows(3)
            .any(|w| w[0].is_ascii_alphabetic() && w[1] == b':' && w[2] == b'\\');
        // `\n` and `\t` are meant in other values, such as a boot.command. In a path of Windows
        // they never are.
        if !(drive || is_windows_path(path) || path.starts_with('%')) {
            continue;
        }
        let bytes = document.source.text().as_bytes();
        let escaped = |at: usize| bytes.get(at + 1).copied();
        // A path that ends in `\`, such as `C:\wsl\`, continues the line: the next line's key
        // becomes part of the path.
        let joins = entry.escapes.iter().find(|&&at| matches!(escaped(at), Some(b'\n' | b'\r')));
        if let Some(&at) = joins {
            let finding = findings.add(
                at..at + 1,
                format!("the last backslash of `{}` takes the next line into the path", entry.key),
            );
            finding.effect_is(format!("The value is `{}`.", whole(&entry.text())));
            finding.edits("double it", vec![Edit::new(at..at, "\\")]);
            continue;
        }
        let turned =
            entry.escapes.iter().find(|&&at| matches!(escaped(at), Some(b'n' | b't' | b'b')));
        let Some(&first) = turned else { continue };
        let text = document.source.slice(first..first + 2);
        findings
            .add(
                first..first + 2,
                format!("`{text}` in the path of `{}` is a control character", entry.key),
            )
            .edits("double the backslashes", doubled(document, entry.range.clone()));
    }
}

fn cut_value(document: &Document, findings: &mut Findings<'_>) {
    let Some(conf) = &document.conf else { return };
    for entry in &conf.entries {
        let Some(hash) = entry.comment else { continue };
        let raw = document.source.slice(entry.range.clone());
        let touches = !document.source.slice(entry.range.start..hash).ends_with([' ', '\t'])
            && hash > entry.range.start;
        let in_single = raw.matches('\'').count() % 2 == 1;
        // `key=value # comment` is what a comment is for. Only a `#` that touches the value, or
        // that stands between single quotes, was probably meant as text.
        if !touches && !in_single {
            continue;
        }
        let line = document.source.line_at(hash);
        let cut = document.source.slice(hash..line.end);
        let key = &entry.key;
        let finding = findings
            .add(hash..line.end, format!("`{}` is cut off the value of `{key}`", shown(cut)));
        finding.effect_is(format!("The value is `{}`.", whole(&entry.text())));
        // Quotes inside would have to be escaped, and whether they were meant for WSL or for the
        // command is not known.
        if in_single && !raw.contains('"') && !cut.contains('"') {
            let whole = document.source.slice(entry.range.start..line.end).trim_end();
            let range = entry.range.start..entry.range.start + whole.len();
            finding.replace("quote the whole value", range, format!("\"{whole}\""));
        }
    }
}

/// Characters that are taken for others.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{A0}' | '\u{2002}'..='\u{200A}' | '\u{202F}' | '\u{3000}' => " ",
        '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '\u{2060}' | '\0' => "",
        '\u{201C}'..='\u{201F}' | '\u{FF02}' => "\"",
        '\u{2018}'..='\u{201B}' => "'",
        '\u{FF1D}' => "=",
        '\u{FF03}' => "#",
        '\u{2013}' | '\u{2014}' | '\u{2212}' => "-",
        '\u{FF3B}' => "[",
        '\u{FF3D}' => "]",
        '\u{FF0C}' => ",",
        '\u{FF1A}' => ":",
        _ => return None,
    })
}

fn is_look_alike(c: char) -> bool {
    plain(c).is_some()
}

fn look_alike(document: &Document, findings: &mut Findings<'_>) {
    let Some(conf) = &document.conf else { return };
    if is_unmarked_utf16(document) {
        return;
    }
    // .wslconfig is opened in text mode, where Ctrl-Z ends a file.
    let end = document.source.text().find('\u{1A}').filter(|_| conf.dialect == Dialect::WslConfig);
    if let Some(at) = end.filter(|at| !document.source.text()[at + 1..].trim().is_empty()) {
        findings
            .add(at..at + 1, "the character U+001A (Ctrl-Z) ends the file")
            .effect_is("WSL reads nothing behind it.")
            .replace("take it away", at..at + 1, "");
    }
    let values = conf.entries.iter().map(|entry| entry.range.clone());
    let lines =
        conf.bad.iter().filter(|bad| bad.cause == Cause::Invisible).map(|bad| bad.range.clone());
    for range in values.chain(lines) {
        let text = document.source.slice(range.clone());
        let odd: Vec<(usize, char)> =
            text.char_indices().filter(|(_, c)| is_look_alike(*c)).collect();
        let Some(&(at, c)) = odd.first() else { continue };
        let start = range.start + at;
        let name = format!("U+{:04X}", u32::from(c));
        let finding = findings.add(start..start + c.len_utf8(), format!("the character {name}"));
        let edits = odd.iter().filter_map(|&(at, c)| {
            let start = range.start + at;
            plain(c).map(|with| Edit::new(start..start + c.len_utf8(), with))
        });
        finding.edits("type the plain character", edits.collect());
    }
}
