//! GOFLAGS and settings of few values, as every go command reads them before it does anything else.

use super::words::{list, nearest, shown};
use crate::document::Document;
use crate::rule::{Check, Findings, Level, Rule};
use std::ops::Range;

/// The rules.
pub const RULES: &[Rule] = &[
    Rule {
        id: "CONF-089",
        level: Level::Error,
        title: "GOFLAGS that go refuses",
        effect: "Every go command but `go env` and `go version` ends with 1 or 2 before it does anything: a word that is no flag, a flag that no command has, a value that is missing or is none of the flag's.",
        advice: "Write `-flag=value`, separated by blanks; a value with blanks needs quotes around the whole flag: `'-ldflags=-s -w'`.",
        claims: &[],
        check: Check::File(refused),
        bad: &[(".config/go/env", "GOFLAGS=-mod mod -insecure -ldflags=-X main.v=1 -nosuch\n")],
        good: &[(".config/go/env", "GOFLAGS=-mod=mod '-ldflags=-s -X main.v=1' -trimpath\n")],
    },
    Rule {
        id: "CONF-092",
        level: Level::Error,
        title: "A value that go does not know",
        effect: "Commands that need the setting end with 1 or 2: `unknown environment setting`, `unsupported GOOS/GOARCH pair`, `invalid GOTOOLCHAIN`; CGO_ENABLED is `1` or `0`, and anything else does nothing.",
        advice: "Write one of the values; `go env -u NAME` brings the default back.",
        claims: &[],
        check: Check::File(unknown_value),
        bad: &[(
            ".config/go/env",
            "GO111MODULE=true\nGOARCH=x86_64\nGOTOOLCHAIN=1.22\nGOCACHE=off\n",
        )],
        good: &[(".config/go/env", "GO111MODULE=on\nGOARCH=amd64\nGOTOOLCHAIN=go1.27.3+auto\n")],
    },
];

/// Settings with few values.
// GOOS and GOARCH are those of `go tool dist list`, and the few that compilers of others have.
const VALUES: &[(&str, &[&str])] = &[
    ("GO111MODULE", &["on", "off", "auto"]),
    ("CGO_ENABLED", &["1", "0"]),
    (
        "GOOS",
        &[
            "linux",
            "windows",
            "darwin",
            "aix",
            "android",
            "dragonfly",
            "freebsd",
            "illumos",
            "ios",
            "js",
            "netbsd",
            "openbsd",
            "plan9",
            "solaris",
            "wasip1",
            "wasip2",
        ],
    ),
    (
        "GOARCH",
        &[
            "amd64", "arm64", "386", "arm", "loong64", "mips", "mips64", "mips64le", "mipsle",
            "ppc64", "ppc64le", "riscv64", "s390x", "wasm",
        ],
    ),
    ("GOAMD64", &["v1", "v2", "v3", "v4"]),
];

/// Names that other programs have for GOOS and GOARCH.
const OTHERS: [(&str, &str); 9] = [
    ("macos", "darwin"),
    ("osx", "darwin"),
    ("win", "windows"),
    ("win32", "windows"),
    ("x86_64", "amd64"),
    ("x64", "amd64"),
    ("x86", "386"),
    ("aarch64", "arm64"),
    ("i386", "386"),
];

fn unknown_value(document: &Document, findings: &mut Findings<'_>) {
    for variable in &document.variables {
        let value = variable.value.trim_end_matches('\r').trim();
        // An empty one is unset, and text that a shell replaces is unknown here. Quotes are another
        // rule's.
        if value.is_empty() || value.contains(['$', '`', '%', '"', '\'', '<']) {
            continue;
        }
        let name = variable.name.as_str();
        let range = variable.range.clone();
        if let Some((_, values)) = VALUES.iter().find(|(known, _)| *known == name) {
            if values.contains(&value) {
                continue;
            }
            let message =
                format!("`{}` is no value of `{name}`; there are {}", shown(value), list(values));
            let finding = findings.add(range.clone(), message);
            let lower = value.to_lowercase();
            let other = OTHERS.iter().find(|(other, _)| *other == lower).map(|(_, value)| *value);
            let near =
                other.filter(|value| values.contains(value)).or(match (name, lower.as_str()) {
                    ("CGO_ENABLED", "true" | "yes" | "on") => Some("1"),
                    ("CGO_ENABLED", "false" | "no" | "off") => Some("0"),
                    ("GO111MODULE", "true" | "1" | "yes") => Some("on"),
                    ("GO111MODULE", "false" | "0" | "no") => Some("off"),
                    _ => values.iter().copied().find(|value| value.eq_ignore_ascii_case(&lower)),
                });
            if name == "CGO_ENABLED" {
                finding.only(Level::Warning).effect_is("go passes over it, and decides by itself.");
            }
            if let Some(near) = near
                && document.source.slice(range.clone()) == value
            {
                finding.replace(format!("write `{near}`"), range, near);
            }
        } else if name == "GOTOOLCHAIN" && !is_toolchain(value) {
            let finding = findings.add(
                range.clone(),
                format!(
                    "`{}` is no toolchain: `go1.27.3`, `local`, `auto`, `path`, or `NAME+auto`",
                    shown(value)
                ),
            );
            if value.starts_with(|c: char| c.is_ascii_digit())
                && document.source.slice(range.clone()) == value
            {
                finding.replace(format!("write `go{value}`"), range.start..range.start, "go");
            }
        } else if name == "GOCACHE" && value == "off" {
            findings.add(range, "go needs its build cache: `off` ends each build");
        }
    }
}

/// Whether a value of GOTOOLCHAIN is one: a name, with `+auto` or `+path` or without.
fn is_toolchain(value: &str) -> bool {
    let (name, mode) = match value.split_once('+') {
        Some((name, mode)) => (name, Some(mode)),
        None => (value, None),
    };
    let good = matches!(mode, None | Some("auto" | "path"));
    let version =
        name.strip_prefix("go").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    // A toolchain of one's own is `go1.21.0-custom`, or `NAME-go1.21.0`.
    let named = version || name.contains("-go1");
    good && (named || name == "local" || mode.is_none() && matches!(name, "auto" | "path"))
}

/// Flags that some command of go 1.26 has, which take a value.
// go refuses a name that none of its commands has, and ignores one that only other commands have.
// From running the program, one name after another.
const VALUED: &[&str] = &[
    "asmflags",
    "bench",
    "benchtime",
    "blockprofile",
    "blockprofilerate",
    "buildmode",
    "compat",
    "compiler",
    "count",
    "covermode",
    "coverpkg",
    "coverprofile",
    "cpu",
    "cpuprofile",
    "debug-actiongraph",
    "debug-runtime-trace",
    "debug-trace",
    "dropexclude",
    "dropgodebug",
    "dropignore",
    "dropreplace",
    "droprequire",
    "dropretract",
    "droptool",
    "dropuse",
    "exclude",
    "exec",
    "f",
    "fixtool",
    "fuzz",
    "fuzzminimizetime",
    "fuzztime",
    "gccgoflags",
    "gcflags",
    "go",
    "godebug",
    "ignore",
    "installsuffix",
    "ldflags",
    "list",
    "memprofile",
    "memprofilerate",
    "mod",
    "modfile",
    "module",
    "mutexprofile",
    "mutexprofilefraction",
    "o",
    "outputdir",
    "overlay",
    "p",
    "parallel",
    "pgo",
    "pkgdir",
    "replace",
    "require",
    "retract",
    "reuse",
    "run",
    "shuffle",
    "skip",
    "tags",
    "timeout",
    "tool",
    "toolchain",
    "toolexec",
    "trace",
    "use",
    "vet",
    "vettool",
];

/// Flags that are there or not.
const BOOLEAN: &[&str] = &[
    "a",
    "artifacts",
    "asan",
    "benchmem",
    "buildvcs",
    "c",
    "cache",
    "changed",
    "compiled",
    "cover",
    "d",
    "deps",
    "diff",
    "e",
    "export",
    "failfast",
    "find",
    "fix",
    "fmt",
    "fullpath",
    "fuzzcache",
    "i",
    "insecure",
    "json",
    "linkshared",
    "m",
    "modcache",
    "modcacherw",
    "msan",
    "n",
    "print",
    "r",
    "race",
    "retracted",
    "short",
    "t",
    "testcache",
    "trimpath",
    "u",
    "v",
    "vendor",
    "versions",
    "w",
    "work",
    "x",
];

/// Texts that Go's flag package takes for a boolean.
const TRUTHS: &[&str] =
    &["1", "0", "t", "f", "T", "F", "true", "false", "TRUE", "FALSE", "True", "False"];

/// Values of `-mod`.
const MODES: &[&str] = &["mod", "readonly", "vendor"];

fn refused(document: &Document, findings: &mut Findings<'_>) {
    for variable in document.variables.iter().filter(|variable| variable.name == "GOFLAGS") {
        let text = document.source.slice(variable.range.clone()).trim_end_matches('\r');
        let value = variable.value.trim_end_matches('\r');
        // Quotes around the whole value are the file's, unless it is go's own file.
        let quoted = value.len() + 2 == text.len() && text.contains(value);
        let inner = text.get(1..text.len().max(2) - 1).filter(|_| quoted).unwrap_or(text);
        let start = variable.range.start + text.find(inner).unwrap_or(0);
        // Text that a shell or an editor replaces is unknown here.
        if inner.contains(['$', '`', '%']) {
            continue;
        }
        let words = match split(inner) {
            Ok(words) => words,
            Err(at) => {
                findings.add(start + at..start + inner.len(), "the quote is not closed");
                continue;
            }
        };
        let mut before = None;
        for (word, range) in words {
            let range = start + range.start..start + range.end;
            // `-ldflags="-s -w"`: the quote is a part of the value, which ends at the blank.
            if let Some((name, value)) = word.split_once('=')
                && value.starts_with(['\'', '"'])
                && !(value.len() > 1 && value.ends_with(['\'', '"']))
            {
                findings.add(
                    range,
                    format!("a quote behind `{name}=` quotes nothing: write `'{name}=… …'`"),
                );
                break;
            }
            if let Some(message) = trouble(&word, before.as_deref()) {
                let finding = findings.add(range.clone(), message);
                let name = word.trim_start_matches('-').split('=').next().unwrap_or_default();
                if name == "insecure" {
                    finding
                        .effect_is("`go get` ends with 1: `-insecure flag is no longer supported; use GOINSECURE instead`.")
                        .only(Level::Warning);
                }
            }
            before = Some(word);
        }
    }
}

/// The words of a GOFLAGS, as cmd/go separates them: by blanks, and a word that begins with a quote
/// ends with it. Else the place of a quote that is not closed.
fn split(text: &str) -> Result<Vec<(String, Range<usize>)>, usize> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find(|c: char| !c.is_ascii_whitespace()) {
        let start = at + offset;
        let rest = &text[start..];
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let (word, end) = match quote {
            Some(quote) => {
                let length = rest[1..].find(quote).ok_or(start)?;
                (&rest[1..1 + length], start + length + 2)
            }
            None => {
                let length = rest.find(|c: char| c.is_ascii_whitespace()).unwrap_or(rest.len());
                (&rest[..length], start + length)
            }
        };
        words.push((word.to_owned(), start..end));
        at = end;
    }
    Ok(words)
}

/// go's error about a word, in other words. `before` is the word in front of it.
fn trouble(word: &str, before: Option<&str>) -> Option<String> {
    let flag = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
    let Some(flag) = flag.filter(|flag| !flag.is_empty() && !flag.starts_with('-')) else {
        let valued = before.map(|before| before.trim_start_matches('-'));
        let valued =
            valued.filter(|name| VALUED.contains(&name.split('=').next().unwrap_or_default()));
        return Some(match valued {
            Some(name) if name.contains('=') => {
                format!(
                    "`{}` is no flag: a value with blanks needs quotes, `'-{} …'`",
                    shown(word),
                    shown(name)
                )
            }
            Some(name) => format!("`{}` is no flag: write `-{name}={}`", shown(word), shown(word)),
            None => format!("`{}` is no flag", shown(word)),
        });
    };
    let (name, value) = match flag.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (flag, None),
    };
    // `-test.v` and the like are known by their names without the prefix.
    let known = name.strip_prefix("test.").unwrap_or(name);
    match (name, value) {
        ("insecure", _) => {
            Some("`-insecure` is gone since Go 1.17: GOINSECURE has its place".to_owned())
        }
        ("C", _) => Some("`-C` must be the first flag of a command line".to_owned()),
        ("json", _) | ("mod", Some("")) => None,
        ("mod", Some(value)) if !MODES.contains(&value) => {
            Some(format!("`{}` is no value of `-mod`; there are {}", shown(value), list(MODES)))
        }
        ("buildvcs", Some("auto")) => None,
        _ if VALUED.contains(&known) => {
            value.is_none().then(|| format!("`-{name}` needs a value: `-{name}=…`"))
        }
        _ if BOOLEAN.contains(&known) => {
            let value = value.filter(|value| !TRUTHS.contains(value))?;
            Some(format!("`{}` is no boolean for `-{name}`", shown(value)))
        }
        _ => {
            let near = nearest(name, VALUED.iter().chain(BOOLEAN).copied());
            let near = near.map(|near| format!("; `-{near}` is one")).unwrap_or_default();
            Some(format!("no command of go has a flag `-{}`{near}", shown(name)))
        }
    }
}
