//! Rules about the proxies and the checksum database that go asks, and about differences between
//! twins.

use super::words::shown;
use crate::document::Document;
use crate::kind::Kind;
use crate::rule::{Check, Findings, Level, Rule};
use crate::set::Set;
use crate::views::variables::Variable;

/// The settings that make up go's policy.
pub const POLICY: [&str; 9] = [
    "GOPROXY",
    "GOSUMDB",
    "GONOSUMDB",
    "GOPRIVATE",
    "GONOPROXY",
    "GOINSECURE",
    "GOTOOLCHAIN",
    "GOFLAGS",
    "GOVCS",
];

/// The rules.
pub const RULES: &[Rule] = &[
    Rule {
        id: "CONF-059",
        level: Level::Warning,
        title: "`,` in GOPROXY where the next one is meant for failures",
        effect: "After `,` go goes on at 404 and 410 only: a name that does not resolve, a refused connection, a bad certificate or a 500 ends the command. After `|` it goes on at anything.",
        advice: "Write `|` where the next entry should help when this one is down.",
        claims: &["SRC-69"],
        check: Check::File(comma),
        bad: &[("go.env", "GOPROXY=https://mirror.example,direct\n")],
        good: &[("go.env", "GOPROXY=https://mirror.example|direct\n")],
    },
    Rule {
        id: "CONF-060",
        level: Level::Error,
        title: "A GOPROXY list that go reads otherwise than it looks",
        effect: "Empty entries are dropped, nothing behind `direct` or `off` is asked, a blank is part of an address, and a password in http travels in clear.",
        advice: "Addresses with https, then `direct` or `off` once and last.",
        claims: &["SRC-80"],
        check: Check::File(proxy_list),
        bad: &[("go.env", "GOPROXY=http://u:p@mirror.example,,direct,https://proxy.golang.org\n")],
        good: &[("go.env", "GOPROXY=https://u:p@mirror.example|https://proxy.golang.org|direct\n")],
    },
    Rule {
        id: "CONF-061",
        level: Level::Warning,
        title: "Verification switched off, or not where it is thought to be",
        effect: "GOSUMDB=off verifies nothing new, for all modules; GONOSUMDB is a list of patterns, in which `off` is one like others; GONOSUMDB without GOPRIVATE still tells private names to the proxy.",
        advice: "GOPRIVATE with the patterns of the private modules, and nothing else.",
        claims: &["SRC-83", "SRC-84", "SRC-85"],
        check: Check::File(verification),
        bad: &[("go.env", "GOSUMDB=off\nGONOSUMDB=off\n")],
        good: &[("go.env", "GOSUMDB=sum.golang.org\nGOPRIVATE=*.corp.example\n")],
    },
    Rule {
        id: "CONF-074",
        level: Level::Warning,
        title: "The twins' policies differ",
        effect: "`go env -w` writes a file for each system: one twin asks other proxies, or verifies otherwise, than the other.",
        advice: "Write the same values on both; `twinproof config doctor` shows them side by side.",
        claims: &["SRC-03"],
        check: Check::All(twins_differ),
        bad: &[
            ("home/.config/go/env", "GOPROXY=https://a.example\n"),
            ("AppData/Roaming/go/env", "GOPROXY=https://b.example\n"),
        ],
        good: &[
            ("home/.config/go/env", "GOPROXY=https://a.example\n"),
            ("AppData/Roaming/go/env", "GOPROXY=https://a.example\n"),
        ],
    },
    Rule {
        id: "CONF-085",
        level: Level::Warning,
        title: "git's variable for a certificate that go must trust",
        effect: "GIT_SSL_CAINFO is read by git alone. go trusts the system's certificates, and those of SSL_CERT_FILE on Linux (on Windows since Go 1.27).",
        advice: "Set SSL_CERT_FILE, or add the certificate to the system's.",
        claims: &["SRC-77"],
        check: Check::File(git_certificate),
        bad: &[(
            ".profile",
            "export GOPROXY=https://proxy.corp.example\nexport GIT_SSL_CAINFO=/etc/ca.pem\n",
        )],
        good: &[(
            ".profile",
            "export GOPROXY=https://proxy.corp.example\nexport SSL_CERT_FILE=/etc/ca.pem\n",
        )],
    },
];

fn named<'a>(document: &'a Document, name: &'a str) -> impl Iterator<Item = &'a Variable> {
    document.variables.iter().filter(move |variable| variable.name == name)
}

/// Entries of a GOPROXY list with their offset and the separator behind each.
fn entries(value: &str) -> Vec<(usize, &str, Option<char>)> {
    let mut entries = Vec::new();
    let mut start = 0;
    for (at, separator) in value.match_indices([',', '|']) {
        entries.push((start, &value[start..at], separator.chars().next()));
        start = at + 1;
    }
    entries.push((start, &value[start..], None));
    entries
}

/// The value of a variable as it stands, without quotes, and where that begins.
fn raw<'a>(document: &'a Document, variable: &Variable) -> (&'a str, usize) {
    let text = document.source.slice(variable.range.clone());
    let inner = text.trim_matches(['"', '\'', '\r']);
    (inner, variable.range.start + text.find(inner).unwrap_or(0))
}

fn comma(document: &Document, findings: &mut Findings<'_>) {
    for variable in named(document, "GOPROXY") {
        let (value, at) = raw(document, variable);
        for (start, entry, separator) in entries(value) {
            // `https://proxy.golang.org,direct` is go's own default: the public proxy answers 404
            // for what it may not serve, and going on at other failures would ask the origin for
            // every module.
            let is_public = entry.trim() == "https://proxy.golang.org";
            if separator != Some(',')
                || entry.is_empty()
                || is_public
                || matches!(entry, "direct" | "off")
            {
                continue;
            }
            let comma = at + start + entry.len();
            findings
                .add(comma..comma + 1, format!("when `{}` fails, go does not go on", shown(entry)))
                .replace("write `|`", comma..comma + 1, "|");
        }
    }
}

fn proxy_list(document: &Document, findings: &mut Findings<'_>) {
    for variable in named(document, "GOPROXY") {
        let (value, at) = raw(document, variable);
        let all = entries(value);
        let last = all.len() - 1;
        for (index, (start, entry, _)) in all.iter().enumerate() {
            let range = at + start..at + start + entry.len();
            let trimmed = entry.trim();
            if trimmed.is_empty() && last > 0 {
                findings.add(range, "an empty entry").only(Level::Warning);
                continue;
            }
            if trimmed != *entry {
                findings
                    .add(range.clone(), format!("a blank in `{}`", shown(entry)))
                    .only(Level::Warning);
            }
            if trimmed.contains([' ', '\t', ';']) {
                let message =
                    format!("`{}` is one entry: only `,` and `|` separate", shown(trimmed));
                findings.add(range.clone(), message);
                continue;
            }
            if matches!(trimmed, "direct" | "off") && index != last {
                findings.add(range.clone(), format!("nothing behind `{trimmed}` is asked"));
            }
            if trimmed.starts_with("http://")
                // A `@` behind the first `/` is part of a path or a version.
                && trimmed[7..].split('/').next().is_some_and(|host| host.contains('@'))
            {
                findings.add(range.clone(), "user and password over http");
            }
            let scheme =
                ["https://", "http://", "file://"].iter().any(|scheme| trimmed.starts_with(scheme));
            if !scheme
                && !matches!(trimmed, "direct" | "off" | "")
                && !trimmed.starts_with('$')
                && trimmed.contains("://")
            {
                findings
                    .add(range, format!("`{}` has a scheme that go does not know", shown(trimmed)));
            }
        }
    }
    if document.kind == Kind::Prose {
        for (at, line) in document.source.lines() {
            if let Some(offset) = line.find("GOPROXY=http://").filter(|_| line.contains('@')) {
                findings.add(at + offset..at + line.len(), "user and password over http");
            }
        }
    }
}

fn verification(document: &Document, findings: &mut Findings<'_>) {
    for variable in named(document, "GOSUMDB").filter(|variable| variable.value.trim() == "off") {
        // CONF-056 reports it in images, where it reaches every user of the image.
        if document.image.is_none() {
            findings.add(variable.range.clone(), "`GOSUMDB=off` verifies no new module at all");
        }
    }
    for name in ["GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE"] {
        for variable in named(document, name) {
            patterns(document, variable, findings);
        }
    }
    for variable in named(document, "GONOSUMDB") {
        let value = variable.value.trim();
        if matches_all(value) {
            continue;
        }
        if value == "off" {
            findings
                .add(variable.range.clone(), "`off` is a pattern here: the database is still asked")
                .level = Level::Error;
        } else if !value.is_empty()
            && document.variable("GOPRIVATE").is_none()
            && document.variable("GONOPROXY").is_none()
        {
            findings.add(
                variable.range.clone(),
                format!(
                    "the names of `{}` still go to the proxy: GOPRIVATE is not set",
                    shown(value)
                ),
            );
        }
    }
    if document.kind == Kind::Prose {
        for (at, line) in document.source.lines() {
            for (text, what) in [
                ("GOSUMDB=off", "`GOSUMDB=off` verifies no new module at all"),
                ("GONOSUMDB=off", "`off` is a pattern here: the database is still asked"),
            ] {
                for (offset, _) in line.match_indices(text) {
                    let named = line[..offset].ends_with(|c: char| c.is_ascii_alphanumeric());
                    // Snippets of the same prose are documents of their own and have reported the
                    // place already; `off` is the last three bytes of the text.
                    let seen = document
                        .variables
                        .iter()
                        .any(|v| v.range.start == at + offset + text.len() - 3);
                    if !named && !seen {
                        findings.add(at + offset..at + offset + text.len(), what);
                    }
                }
            }
        }
    }
}

/// Whether a list of patterns has one that every module matches.
fn matches_all(list: &str) -> bool {
    // A pattern is compared with as many elements of the path as it has itself: `*` is the first
    // one, whatever it is.
    list.split(',').any(|pattern| pattern.trim() == "*")
}

/// Patterns of module paths that match no module, or all.
fn patterns(document: &Document, variable: &Variable, findings: &mut Findings<'_>) {
    let (range, name) = (variable.range.clone(), variable.name.as_str());
    if variable.value.contains("://") {
        findings.add(
            range.clone(),
            format!("a pattern of `{name}` is a prefix of module paths: none begins with a scheme"),
        );
    }
    // CONF-056 reports GOINSECURE in images.
    if !matches_all(&variable.value) || document.image.is_some() {
        return;
    }
    let message = match name {
        "GOPRIVATE" | "GONOSUMDB" => "matches every module: nothing new is verified",
        "GOINSECURE" => "matches every module: http and unverified certificates are taken for all",
        _ => return,
    };
    findings.add(range, format!("`*` of `{name}` {message}"));
}

/// Defaults of go's settings.
// As in GOROOT/go.env of the releases from 1.21 on.
const DEFAULTS: [(&str, &str); 3] = [
    ("GOPROXY", "https://proxy.golang.org,direct"),
    ("GOSUMDB", "sum.golang.org"),
    ("GOTOOLCHAIN", "auto"),
];

/// A setting as go has it: where it is not made, its default.
pub fn effective(value: Option<&str>, name: &str) -> String {
    let default = DEFAULTS.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text);
    value.map(str::trim).filter(|value| !value.is_empty()).unwrap_or(default).to_owned()
}

/// The documents that each hold the policy of a twin. GOROOT/go.env holds the defaults of one that
/// has a file of its own.
pub fn twins(set: &Set) -> Vec<&Document> {
    let policy = |document: &Document| {
        document.variables.iter().any(|variable| POLICY.contains(&variable.name.as_str()))
    };
    set.documents
        .iter()
        .filter(|document| match document.kind {
            Kind::GoEnv => !document.source.path().ends_with("go/go.env"),
            Kind::Environment | Kind::Profile => policy(document),
            Kind::Dockerfile => true,
            _ => false,
        })
        .collect()
}

fn twins_differ(set: &Set, findings: &mut Findings<'_>) {
    // A profile is of the same twin as the go/env file beside it. All are compared with the first,
    // not each with each: N twins give at most N-1 findings for a setting. An image is a twin of
    // its builder's machine, and no two images are each other's.
    let (images, sides): (Vec<&Document>, Vec<&Document>) = twins(set)
        .into_iter()
        .filter(|document| document.kind != Kind::Profile)
        .partition(|document| document.kind == Kind::Dockerfile);
    let Some((first, rest)) = sides.split_first() else { return };
    let rest: Vec<&Document> = rest.iter().copied().chain(images).collect();
    for name in POLICY {
        let value = |document: &Document| document.variable(name).map(|found| found.value.clone());
        let wanted = effective(value(first).as_deref(), name);
        for &document in &rest {
            // A setting that an image does not make is left to those who run it.
            if document.kind == Kind::Dockerfile && value(document).is_none() {
                continue;
            }
            let here = effective(value(document).as_deref(), name);
            if here == wanted {
                continue;
            }
            let range = document.variable(name).map_or(0..0, |variable| variable.range.clone());
            let said = |value: &str| match value {
                "" => "not set".to_owned(),
                value => format!("`{}`", shown(value)),
            };
            let other = first.source.name();
            let message =
                format!("`{name}` is {} here, and {} in {other}", said(&here), said(&wanted));
            findings.add_in(document.file, range, message);
        }
    }
}

fn git_certificate(document: &Document, findings: &mut Findings<'_>) {
    let about_go = document.variables.iter().any(|variable| variable.name == "GOPROXY")
        || document.source.text().contains("GOPROXY");
    if !about_go {
        return;
    }
    for variable in named(document, "GIT_SSL_CAINFO") {
        findings.add(variable.range.clone(), "go does not read `GIT_SSL_CAINFO`");
    }
    if document.kind == Kind::Prose
        && let Some(at) = document.source.text().find("GIT_SSL_CAINFO")
    {
        findings.add(at..at + 14, "go does not read `GIT_SSL_CAINFO`");
    }
}
