//! Go's own settings: GOPATH, go/env files, profiles, what crosses by WSLENV.

use super::text::{first_return, plain_utf8};
use super::words::{is_linux_path, is_windows_path, nearest, shown};
use crate::document::Document;
use crate::edit::Edit;
use crate::kind::Kind;
use crate::rule::{Check, Findings, Level, Rule};
use crate::views::variables::{Origin, Variable};
use twinproof_wslconf::wslenv;

/// The rules.
pub const RULES: &[Rule] = &[
    Rule {
        id: "CONF-050",
        level: Level::Error,
        title: "GOPATH inside GOROOT, or ending in bin",
        effect: "go warns (`GOPATH set to GOROOT has no effect`) and looks for modules and programs where the toolchain is; programs land in `bin/bin`.",
        advice: "A GOPATH outside of GOROOT, without bin; GOROOT unset.",
        claims: &[],
        check: Check::File(gopath_in_goroot),
        bad: &[(
            "environment",
            "GOPATH=C:\\Users\\dev\\Apps\\Go\\bin\nGOROOT=C:\\Users\\dev\\Apps\\Go\n",
        )],
        good: &[("environment", "GOPATH=C:\\Users\\dev\\go\nGOROOT=C:\\Users\\dev\\Apps\\Go\n")],
    },
    Rule {
        id: "CONF-051",
        level: Level::Error,
        title: "A go/env file that go reads otherwise than it looks",
        effect: "A CR, quotes and blanks stay in the value; a byte order mark loses the first key; UTF-16 is ignored without a word; an unknown key does nothing.",
        advice: "Write it by `go env -w`: UTF-8, LF, `NAME=value`.",
        claims: &[],
        check: Check::File(go_env_form),
        bad: &[(".config/go/env", "GOPROXY=\"https://proxy.golang.org\"\r\nGOPROXI=x\r\n")],
        good: &[(".config/go/env", "GOPROXY=https://proxy.golang.org\n")],
    },
    Rule {
        id: "CONF-052",
        level: Level::Error,
        title: "A path that go cannot use there",
        effect: "`go env -w` takes relative and foreign paths, and go fails when it needs them; a list has `;` on Windows and `:` elsewhere, and is one path with the other's.",
        advice: "Absolute paths of the system that reads the file, with its separator.",
        claims: &[],
        check: Check::File(go_env_paths),
        bad: &[("home/.config/go/env", "GOBIN=bin\nGOPATH=C:\\Users\\u\\go\nGOMODCACHE=/a;/b\n")],
        good: &[("home/.config/go/env", "GOBIN=/home/u/bin\nGOPATH=/home/u/go:/opt/go\n")],
    },
    Rule {
        id: "CONF-053",
        level: Level::Error,
        title: "A shell file with Windows' line ends",
        effect: "Each line's last word ends in a carriage return: GOPATH is another folder, `fi` and `then` are no words, and `#!/bin/sh` is not found (exit 127).",
        advice: "Save it with LF; `*.sh text eol=lf` in .gitattributes.",
        claims: &[],
        check: Check::File(profile_line_ends),
        bad: &[(".profile", "export GOPATH=/mnt/c/work/tools\r\n")],
        good: &[(".profile", "export GOPATH=/mnt/c/work/tools\n")],
    },
    Rule {
        id: "CONF-057",
        level: Level::Warning,
        title: "A name in WSLENV that arrives empty",
        effect: "A name that is not set on the sending side arrives as an empty variable. Names are compared with their case, and Windows spells PATH `Path`.",
        advice: "Take the name out, set the variable, or spell it as it is set.",
        claims: &["SRC-52"],
        check: Check::File(wslenv_empty),
        bad: &[("environment", "Path=C:\\Windows\nWSLENV=PATH/l:GOFLAGS\n")],
        good: &[("environment", "GOFLAGS=-tags=x\nWSLENV=GOFLAGS\n")],
    },
    Rule {
        id: "CONF-058",
        level: Level::Error,
        title: "A name in WSLENV that must not cross, or an entry that is left out",
        effect: "GOROOT, GOBIN, PATH and the like are one system's: across the border they break the other's toolchain. An entry with an unknown flag is left out, `/u` with `/w` goes neither way, and `;` separates nothing.",
        advice: "Share GOPROXY, GONOSUMDB, GOPRIVATE and GOFLAGS, with `:` between them; paths with `/p`.",
        claims: &[],
        check: Check::File(wslenv_entries),
        bad: &[("environment", "GOROOT=C:\\Go\nX=1\nY=2\nWSLENV=GOROOT/p:X/q;Y\n")],
        good: &[("environment", "GOPROXY=https://p.example\nWSLENV=GOPROXY\n")],
    },
];

/// Variables that `go env` of Go 1.27 prints.
pub const GO_NAMES: &[&str] = &[
    "AR",
    "CC",
    "CGO_CFLAGS",
    "CGO_CFLAGS_ALLOW",
    "CGO_CFLAGS_DISALLOW",
    "CGO_CPPFLAGS",
    "CGO_CPPFLAGS_ALLOW",
    "CGO_CPPFLAGS_DISALLOW",
    "CGO_CXXFLAGS",
    "CGO_CXXFLAGS_ALLOW",
    "CGO_CXXFLAGS_DISALLOW",
    "CGO_ENABLED",
    "CGO_FFLAGS",
    "CGO_FFLAGS_ALLOW",
    "CGO_FFLAGS_DISALLOW",
    "CGO_LDFLAGS",
    "CGO_LDFLAGS_ALLOW",
    "CGO_LDFLAGS_DISALLOW",
    "CXX",
    "FC",
    "GCCGO",
    "GO111MODULE",
    "GO386",
    "GOAMD64",
    "GOARCH",
    "GOARM",
    "GOARM64",
    "GOAUTH",
    "GOBIN",
    "GOCACHE",
    "GOCACHEPROG",
    "GOCOVERDIR",
    "GODEBUG",
    "GOENV",
    "GOEXE",
    "GOEXPERIMENT",
    "GOFIPS140",
    "GOFLAGS",
    "GOGCCFLAGS",
    "GOHOSTARCH",
    "GOHOSTOS",
    "GOINSECURE",
    "GOMIPS",
    "GOMIPS64",
    "GOMODCACHE",
    "GONOPROXY",
    "GONOSUMDB",
    "GOOS",
    "GOPATH",
    "GOPPC64",
    "GOPRIVATE",
    "GOPROXY",
    "GORISCV64",
    "GOROOT",
    "GOSUMDB",
    "GOTELEMETRY",
    "GOTELEMETRYDIR",
    "GOTMPDIR",
    "GOTOOLCHAIN",
    "GOTOOLDIR",
    "GOVCS",
    "GOVERSION",
    "GOWASM",
    "GOWORK",
    "PKG_CONFIG",
];

/// Variables that must not be shared between Windows and Linux.
// These name folders, programs or a platform of one side. WSLENV copies them as they are, or with
// their paths translated, and the other side's go then uses a toolchain or a cache that is not its
// own.
const OWN: &[&str] = &[
    "GOROOT",
    "GOBIN",
    "GOOS",
    "GOARCH",
    "GOTOOLCHAIN",
    "GOCACHE",
    "GOMODCACHE",
    "GOENV",
    "GOTOOLDIR",
    "GOEXE",
    "CC",
    "CXX",
    "PATH",
    "Path",
    "HOME",
    "TMPDIR",
    "TEMP",
    "TMP",
    "PATHEXT",
];

/// The usual GOROOTs, for when GOROOT does not say where Go is.
// From the installers: go.dev's archives, Debian's packages, Windows before and since Go 1.17.
const USUAL_GOROOTS: [&str; 4] = ["/usr/local/go", "/usr/lib/go", "C:/Go", "C:/Program Files/Go"];

/// The folders of a list, by the separator of the system its paths are of.
pub fn folders(value: &str) -> Vec<&str> {
    // The file does not say which system reads it. A drive letter has a colon of its own, so that a
    // list with one cannot be separated by colons.
    let separator = if value.contains(';') || is_windows_path(value) { ';' } else { ':' };
    value.split(separator).filter(|folder| !folder.is_empty()).collect()
}

fn plain(path: &str) -> String {
    path.trim().replace('\\', "/").trim_end_matches('/').to_owned()
}

fn gopath_in_goroot(document: &Document, findings: &mut Findings<'_>) {
    let named = document.variable("GOROOT").map(|variable| plain(&variable.value));
    let goroots: Vec<String> = match named {
        Some(goroot) => vec![goroot],
        // Images of Windows have Go in `Program Files`, and the official ones GOPATH in `C:\go`.
        None if document.kind == Kind::Dockerfile => USUAL_GOROOTS
            .iter()
            .filter(|root| **root != "C:/Go")
            .map(|&root| root.to_owned())
            .collect(),
        None => USUAL_GOROOTS.map(str::to_owned).to_vec(),
    };
    for variable in document.variables.iter().filter(|variable| variable.name == "GOPATH") {
        for folder in folders(&variable.value) {
            let path = plain(folder);
            let windows = is_windows_path(folder);
            let same = |a: &str, b: &str| if windows { a.eq_ignore_ascii_case(b) } else { a == b };
            let inside = goroots.iter().filter(|root| !root.is_empty()).any(|root| {
                path.get(..root.len()).is_some_and(|start| same(start, root))
                    // /usr/local/gopath begins with /usr/local/go and is not in it.
                    && path[root.len()..].chars().next().is_none_or(|c| c == '/')
            });
            let bin = path.ends_with("/bin");
            if !inside && !bin {
                continue;
            }
            let why = match (inside, bin) {
                (true, true) => "is in GOROOT and ends in bin",
                (true, false) => "is in GOROOT",
                _ => "ends in bin",
            };
            let finding =
                findings.add(variable.range.clone(), format!("GOPATH `{}` {why}", shown(folder)));
            if bin
                && !inside
                // The edit cuts the end of the value, which is the end of this folder only where it
                // is the only one.
                && folders(&variable.value).len() == 1
                && document.source.slice(variable.range.clone()) == variable.value
            {
                let end = variable.range.start + variable.value.trim_end_matches(['/', '\\']).len();
                finding.replace("take `bin` away", end.saturating_sub(4)..end, "");
            }
        }
    }
}

fn go_env_form(document: &Document, findings: &mut Findings<'_>) {
    if document.kind != Kind::GoEnv {
        return;
    }
    let text = document.source.text();
    plain_utf8(
        document,
        findings,
        "the file begins with a byte order mark: go loses its first key",
        "the file is UTF-16: go ignores all of it",
    );
    if let Some(first) = first_return(text) {
        let edits = text.match_indices("\r\n").map(|(at, _)| Edit::new(at..at + 1, "")).collect();
        findings
            // cmd/go splits the file at LF alone.
            .add(first..first + 1, "lines end in CR LF: each value ends in a CR")
            .edits("end lines in LF", edits);
    }
    skipped_lines(document, findings);
    for variable in &document.variables {
        let value = variable.value.trim_end_matches('\r');
        let range = variable.range.start..variable.range.start + value.len();
        let quote = value
            .chars()
            .next()
            .filter(|c| "\"'".contains(*c))
            .filter(|c| value.len() > 1 && value.ends_with(*c));
        if quote.is_some() {
            findings
                .add(
                    range.clone(),
                    format!("the quotes are part of the value of `{}`", variable.name),
                )
                .replace("take them away", range.clone(), &value[1..value.len() - 1]);
        }
        let known = GO_NAMES.contains(&variable.name.as_str());
        if !known {
            let line = document.source.line_at(variable.range.start);
            let name = line.start..line.start + variable.name.len();
            let finding = findings
                .add(name.clone(), format!("`{}` is no variable of go", shown(&variable.name)));
            if let Some(near) = nearest(&variable.name, GO_NAMES.iter().copied()) {
                finding.message.push_str(&format!("; `{near}` is"));
                if document.source.slice(name.clone()) == variable.name {
                    finding.replace(format!("write `{near}`"), name, near);
                }
            }
        }
    }
}

/// Lines that cmd/go passes over without a word: those without `=`, and those that begin with
/// anything but a capital letter. A name with a blank in it is read, and is no variable.
fn skipped_lines(document: &Document, findings: &mut Findings<'_>) {
    for (at, line) in document.source.lines() {
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, _)) = line.split_once('=') else {
            findings.add(at..at + line.len(), "go passes over a line without `=`");
            continue;
        };
        let begins = name.starts_with(|c: char| c.is_ascii_uppercase());
        if begins && !name.contains([' ', '\t']) {
            continue;
        }
        let plain = name.trim();
        let word = plain.trim_start_matches("export ").trim_start_matches("set ").trim();
        if GO_NAMES.contains(&word) {
            let message = match begins {
                true => format!("the blank is part of the name `{}`", shown(name)),
                false => format!("go passes over a line that begins with `{}`", shown(name)),
            };
            let place = at..at + name.len();
            findings.add(place.clone(), message).replace(format!("write `{word}`"), place, word);
        }
    }
}

/// Whether a file of go is read on Windows, judged by its path; `None` when that does not tell it.
fn is_of_windows(document: &Document) -> Option<bool> {
    let path = document.source.path();
    if path.contains("AppData") || path.contains(":/") {
        return Some(true);
    }
    (path.contains("/.config/")
        || path.starts_with(".config/")
        || path.starts_with("/home/")
        || path.starts_with("/root/"))
    .then_some(false)
}

fn go_env_paths(document: &Document, findings: &mut Findings<'_>) {
    let of_windows = match document.kind {
        Kind::Profile => Some(false),
        _ => is_of_windows(document),
    };
    let settings = document.variables.iter().filter(|variable| {
        document.kind == Kind::GoEnv
            || variable.origin == Origin::GoCommand
            || (document.kind == Kind::Profile && variable.origin == Origin::Shell)
            || matches!(variable.origin, Origin::Image(_))
    });
    const PATHS: [&str; 7] =
        ["GOBIN", "GOPATH", "GOMODCACHE", "GOCACHE", "GOTMPDIR", "GOROOT", "GOWORK"];
    for variable in settings.filter(|variable| PATHS.contains(&variable.name.as_str())) {
        let value = variable.value.trim_end_matches('\r').trim_matches('"');
        // `off` is a value of GOWORK and GOCACHE; `...` stands for a path in documents.
        if matches!(value, "" | "off" | "...") {
            continue;
        }
        if value.starts_with(['$', '~', '`', '(', '%']) {
            // Text that a shell expands is unknown here. No shell reads go's own file.
            if document.kind == Kind::GoEnv {
                let message = format!(
                    "`{}` of `{}` stays as it is: nothing expands it here",
                    shown(value),
                    variable.name
                );
                findings.add(variable.range.clone(), message);
            }
            continue;
        }
        if let Some(what) = path_trouble(variable, value, of_windows) {
            findings.add(
                variable.range.clone(),
                format!("`{}` of `{}` {what}", shown(value), variable.name),
            );
        }
    }
}

fn path_trouble(
    variable: &Variable,
    value: &str,
    of_windows: Option<bool>,
) -> Option<&'static str> {
    let list = variable.name == "GOPATH";
    let (windows, linux) = (is_windows_path(value), is_linux_path(value));
    if !windows && !linux {
        return Some("is relative: go refuses it when it needs it");
    }
    if windows && of_windows == Some(false) {
        return Some("is a path of Windows, in a file that Linux reads");
    }
    if linux && of_windows == Some(true) {
        return Some("is a path of Linux, in a file that Windows reads");
    }
    // The order goes from the surest to the least sure: a path of the other system cannot be used
    // at all, a separator may be part of a name.
    if linux && value.contains(';') {
        return Some("has `;` in it, which separates nothing on Linux");
    }
    let second_drive =
        value.get(2..).is_some_and(|rest| rest.contains(":\\") || rest.contains(":/"));
    if windows && second_drive && !value.contains(';') {
        return Some("is one path: `:` separates nothing on Windows");
    }
    if !list && (value.contains(';') && windows || linux && value.contains(':')) {
        return Some("is a list, where one folder is taken");
    }
    None
}

fn profile_line_ends(document: &Document, findings: &mut Findings<'_>) {
    if document.kind != Kind::Profile {
        return;
    }
    let text = document.source.text();
    let Some(first) = text.find("\r\n") else { return };
    let edits = text.match_indices("\r\n").map(|(at, _)| Edit::new(at..at + 1, "")).collect();
    let finding = findings
        .add(first..first + 1, format!("{} lines end in CR LF", text.matches("\r\n").count()));
    finding.edits("end lines in LF", edits);
    let name = document
        .variables
        .iter()
        .find(|variable| text.as_bytes().get(variable.range.end) == Some(&b'\r'));
    if let Some(variable) = name {
        finding.effect_is(format!("`{}` ends in a carriage return.", variable.name));
    }
}

fn wslenv_values(document: &Document) -> impl Iterator<Item = &Variable> {
    document.variables.iter().filter(|variable| variable.name == "WSLENV")
}

fn wslenv_empty(document: &Document, findings: &mut Findings<'_>) {
    // Only a list of all variables shows which are not set. The output of `env` has all variables,
    // so one that is absent is not set. A profile has only those that it sets itself.
    if document.kind != Kind::Environment {
        return;
    }
    for variable in wslenv_values(document) {
        for entry in wslenv::entries(variable.value.as_bytes()) {
            let name = String::from_utf8_lossy(&entry.name).into_owned();
            let set = document.variables.iter().any(|other| other.name == name);
            if set
                || entry.unknown_flag.is_some()
                // An entry that goes neither way, or that WSL drops, does not arrive, and so cannot
                // arrive empty.
                || !(entry.to_linux || entry.to_windows)
                || name.contains(';')
            {
                continue;
            }
            let start = variable.range.start + entry.at;
            let finding = findings.add(
                start..start + name.len(),
                format!("`{}` is not set, and arrives empty", shown(&name)),
            );
            let near = document
                .variables
                .iter()
                .find(|other| other.name.eq_ignore_ascii_case(name.trim()));
            if let Some(near) = near {
                finding.message.push_str(&format!("; `{}` is set", near.name));
            }
        }
    }
}

fn wslenv_entries(document: &Document, findings: &mut Findings<'_>) {
    for variable in wslenv_values(document) {
        for entry in wslenv::entries(variable.value.as_bytes()) {
            let name = String::from_utf8_lossy(&entry.name).into_owned();
            let flags = entry.flags.as_deref().map(String::from_utf8_lossy).unwrap_or_default();
            let start = variable.range.start + entry.at;
            let length = name.len() + entry.flags.as_ref().map_or(0, |flags| flags.len() + 1);
            let range = start..(start + length).min(variable.range.end);
            if name.contains([';', ',']) || flags.contains([';', ',']) {
                findings.add(
                    range,
                    format!(
                        "`{}` is one entry: only `:` separates",
                        shown(document.source.slice(start..start + length))
                    ),
                );
            } else if let Some(flag) = entry.unknown_flag {
                findings.add(
                    range,
                    format!("`/{}` is no flag: `{}` is left out", char::from(flag), shown(&name)),
                );
            } else if !entry.to_linux && !entry.to_windows {
                findings.add(range, format!("`{}` with /u and /w goes neither way", shown(&name)));
            } else if OWN.contains(&name.as_str()) {
                findings.add(range, format!("`{name}` is one system's own"));
            } else if name.contains(' ') {
                findings.add(range, format!("the blank is part of the name `{}`", shown(&name)));
            }
        }
    }
}
