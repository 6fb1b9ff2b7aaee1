//! Settings of several files, and of one, that contradict each other.

use super::registry::{APPEND_PATH, DRIVES, INTEROP, distribution, number};
use super::words::{shown, whole};
use crate::document::Document;
use crate::edit::Edit;
use crate::kind::Kind;
use crate::rule::{Check, Findings, Level, Rule};
use crate::set::Set;
use crate::views::commands::{assignment, commands, last};
use twinproof_wslconf::Dialect;

/// The rules.
pub const RULES: &[Rule] = &[
    Rule {
        id: "CONF-073",
        level: Level::Warning,
        title: "Registry, wsl.conf and .wslconfig contradict each other",
        effect: "The registry's Flags and the machine's settings come first: what is off there, a distribution's wsl.conf does not switch on. Systemd, kernelCommandLine and the networking modes are WSL 2's.",
        advice: "Set it in one place.",
        claims: &["SRC-59"],
        check: Check::All(contradictions),
        bad: &[
            ("wsl.conf", "[general]\nguiApplications=true\n"),
            (".wslconfig", "[wsl2]\nguiApplications=false\n"),
        ],
        good: &[
            ("wsl.conf", "[general]\nguiApplications=true\n"),
            (".wslconfig", "[wsl2]\nguiApplications=true\n"),
        ],
    },
    Rule {
        id: "CONF-077",
        level: Level::Warning,
        title: "A boot.command that does not do what it would in a shell",
        effect: "init runs it once, as root, by `/bin/sh -c` without a terminal, before any login: `~` is root's, no profile is read, and WSL does not wait for it.",
        advice: "Absolute paths, no sudo, words of sh, `\\\"` for quotes of the shell; with systemd a unit instead, variables in /etc/environment.",
        claims: &["SRC-53", "SRC-55"],
        check: Check::File(boot_command),
        bad: &[("wsl.conf", "[boot]\nsystemd=true\ncommand=sudo service docker start\n")],
        good: &[("wsl.conf", "[boot]\ncommand=/usr/local/sbin/prepare\n")],
    },
    Rule {
        id: "CONF-078",
        level: Level::Warning,
        title: "boot.protectBinfmt=false",
        effect: "systemd-binfmt of one distribution wipes the rule for Windows' programs, for all distributions: the registry of binfmt_misc is one for the whole machine.",
        advice: "Leave it on.",
        claims: &[],
        check: Check::File(unprotected_binfmt),
        bad: &[("wsl.conf", "[boot]\nsystemd=true\nprotectBinfmt=false\n")],
        good: &[("wsl.conf", "[boot]\nsystemd=true\n")],
    },
    Rule {
        id: "CONF-086",
        level: Level::Note,
        title: "A kernelCommandLine for cgroup v2",
        effect: "v2 is the default of present releases; `systemd.unified_cgroup_hierarchy` changes nothing there.",
        advice: "Take it out; for v1 there is `[automount] cgroups=v1` in wsl.conf from 2.6.2 on.",
        claims: &["SRC-57"],
        check: Check::File(cgroup_command_line),
        bad: &[(".wslconfig", "[wsl2]\nkernelCommandLine = systemd.unified_cgroup_hierarchy=1\n")],
        good: &[(".wslconfig", "[wsl2]\nkernelCommandLine = vsyscall=emulate\n")],
    },
];

fn contradictions(set: &Set, findings: &mut Findings<'_>) {
    let config = set.of_kind(Kind::WslConfig).find_map(|document| document.conf.as_ref());
    let keys: Vec<_> = set
        .documents
        .iter()
        .flat_map(|document| {
            document
                .registry
                .iter()
                .flat_map(move |registry| registry.keys.iter().map(move |key| (document, key)))
        })
        .filter(|(_, key)| key.is_distribution())
        .collect();
    for document in set.of_kind(Kind::WslConf) {
        let Some(conf) = &document.conf else { continue };
        let gui_off = config.is_some_and(|config| !config.is_on("wsl2.guiApplications", true));
        if let Some(entry) = conf
            .entry("general.guiApplications")
            .filter(|_| gui_off && conf.is_on("general.guiApplications", false))
        {
            findings.add_in(
                document.file,
                entry.range.clone(),
                "`guiApplications` is off in .wslconfig, for all distributions",
            );
        }
        let off = conf.entry("interop.enabled").filter(|_| !conf.is_on("interop.enabled", true));
        let append = conf
            .entry("interop.appendWindowsPath")
            .filter(|_| conf.is_on("interop.appendWindowsPath", true));
        if let (Some(_), Some(append)) = (off, append) {
            findings.add_in(document.file, append.range.clone(), "`interop.enabled` is false: Windows' PATH leads to programs that cannot be started");
        }
        // With one distribution in the export it is this wsl.conf's.
        // A wsl.conf does not say which distribution it is of. With several in the export,
        // comparing it with each of them would report contradictions that do not exist.
        if let [(_, key)] = keys.as_slice() {
            let name = distribution(key);
            // 15 is what WSL uses where the value is absent: interop, Windows' PATH, drives and WSL
            // 2.
            let flags = key.get("Flags").and_then(number).unwrap_or(15);
            for (bit, setting) in [
                (INTEROP, "interop.enabled"),
                (APPEND_PATH, "interop.appendWindowsPath"),
                (DRIVES, "automount.enabled"),
            ] {
                let on =
                    conf.entry(setting).filter(|_| conf.is_on(setting, true) && flags & bit == 0);
                if let Some(entry) = on {
                    findings.add_in(
                        document.file,
                        entry.range.clone(),
                        format!("`{setting}` is off in Flags {flags} of `{name}` in the registry"),
                    );
                }
            }
            let first = key.get("Version").and_then(number) == Some(1);
            if let Some(entry) =
                conf.entry("boot.systemd").filter(|_| first && conf.is_on("boot.systemd", false))
            {
                findings.add_in(
                    document.file,
                    entry.range.clone(),
                    format!("`{name}` is WSL 1, which has no systemd"),
                );
            }
        }
    }
    for (document, key) in keys {
        let line =
            key.get("KernelCommandLine").filter(|_| key.get("Version").and_then(number) == Some(2));
        if let Some(entry) = line.filter(|_| {
            config.is_some_and(|config| config.value("wsl2.kernelCommandLine").is_some())
        }) {
            findings.add_in(
                document.file,
                entry.range.clone(),
                format!(
                    "KernelCommandLine of `{}` is WSL 1's; WSL 2 has .wslconfig's",
                    distribution(key)
                ),
            );
        }
    }
}

fn boot_command(document: &Document, findings: &mut Findings<'_>) {
    let Some(conf) = document.conf.as_ref().filter(|conf| conf.dialect == Dialect::WslConf) else {
        return;
    };
    let Some(entry) = conf.entries.iter().find(|entry| entry.is("boot.command")) else { return };
    let text = entry.text();
    let range = entry.range.clone();
    if text.trim().is_empty() {
        findings.add(entry.key_range.clone(), "the command is empty");
        return;
    }
    let first = text.split_whitespace().next().unwrap_or_default();
    if first == "sudo" {
        findings.add(range.clone(), "`sudo` asks nobody: the command is root's already");
    }
    if matches!(first, "sh" | "/bin/sh") && text.contains(" -c ") {
        findings
            .add(range.clone(), "`sh -c` in `sh -c`: WSL puts the command into one already")
            .only(Level::Note);
    }
    if text.contains('~') || text.contains("$HOME") || text.contains("$USER") {
        findings.add(range.clone(), "`~`, `$HOME` and `$USER` are root's here");
    }
    let services =
        ["service ", "/etc/init.d/", "rc-service "].iter().any(|word| text.contains(word));
    if conf.is_on("boot.systemd", false) && services {
        findings.add(range.clone(), "with systemd a service is a unit: `systemctl enable` it once");
    } else if !conf.is_on("boot.systemd", false) && text.contains("systemctl ") {
        findings.add(range.clone(), "there is no systemd: `boot.systemd` is off");
    }
    // init mounts the drives and runs the command without waiting for either.
    if text.contains("/mnt/") && conf.is_on("automount.enabled", true) {
        findings.add(range.clone(), "drives may not be mounted yet when it runs").only(Level::Note);
    }
    if text.contains('\n') || text.contains('\t') {
        findings.add(
            range.clone(),
            format!("the command has control characters in it: `{}`", shown(&text)),
        );
    }
    let raw = document.source.slice(range.clone());
    if let Some(quoted) = lost_quotes(raw) {
        let start = range.start + quoted.start;
        let end = range.start + quoted.end;
        findings
            .add(
                start..end,
                format!(
                    "the quotes around `{}` are WSL's, and gone",
                    shown(document.source.slice(start + 1..end - 1))
                ),
            )
            .effect_is(format!("The shell gets `{}`.", whole(&text)))
            .edits(
                "escape the quotes",
                raw.match_indices('"')
                    .map(|(at, _)| Edit::new(range.start + at..range.start + at, "\\"))
                    .collect(),
            );
    }
    for (what, message) in shell_pitfalls(&text) {
        let start = raw
            .find(&what)
            .map_or(range.clone(), |at| range.start + at..range.start + at + what.len());
        findings.add(start, message);
    }
}

/// Quotes inside of a value, around more than one word: WSL takes them for its own.
fn lost_quotes(raw: &str) -> Option<std::ops::Range<usize>> {
    // An escaped quote reaches the shell, and a value that is quoted as a whole loses nothing.
    let open = raw.find('"')?;
    let close = open + 1 + raw[open + 1..].find('"')?;
    if raw.contains('\\') || open == 0 && close + 1 == raw.len() {
        return None;
    }
    let shell = |c: char| c.is_whitespace() || "|&;<>()*?$".contains(c);
    raw[open + 1..close].contains(shell).then_some(open..close + 1)
}

/// Words of the command that /bin/sh does not have, or that end with it.
fn shell_pitfalls(text: &str) -> Vec<(String, String)> {
    let all = commands(text, 0);
    let end = last(&all);
    let mut found = Vec::new();
    for command in &all {
        let program = command.program();
        let (Some(first), Some(word)) = (
            program.first().copied(),
            command.words.iter().find(|word| assignment(&word.text).is_none()),
        ) else {
            continue;
        };
        // The shell ends with its last command; what changes the shell alone is gone with it.
        let last = end.is_some_and(|end| end.range() == command.range());
        let message = match first {
            "export" | "alias" | "cd" | "umask" | "ulimit" | "set" | "unset" if last => {
                format!("`{first}` changes this shell alone, which ends with the command")
            }
            "source" | "[[" | "shopt" | "declare" | "typeset" | "pushd" | "popd" | "function"
            | "let" => {
                format!("`{first}` is bash's: /bin/sh of Debian and Ubuntu does not have it")
            }
            "alias" => "a shell without a terminal expands no alias".to_owned(),
            _ => continue,
        };
        found.push((word.text.clone(), message));
    }
    // Assignments alone are a command without a program.
    if let Some(last) = end
        && last.program().is_empty()
        && let Some(word) = last.words.first()
    {
        found.push((
            word.text.clone(),
            "a variable of this shell alone, which ends with the command".to_owned(),
        ));
    }
    for mark in ["&>", "<(", "<<<", "|&"] {
        if text.contains(mark) {
            let message =
                format!("`{mark}` is bash's: /bin/sh of Debian and Ubuntu does not have it");
            found.push((mark.to_owned(), message));
        }
    }
    found
}

fn unprotected_binfmt(document: &Document, findings: &mut Findings<'_>) {
    let Some(conf) = document.conf.as_ref().filter(|conf| conf.dialect == Dialect::WslConf) else {
        return;
    };
    if let Some(entry) =
        conf.entry("boot.protectBinfmt").filter(|_| !conf.is_on("boot.protectBinfmt", true))
    {
        let systemd = conf.is_on("boot.systemd", false);
        let finding =
            findings.add(entry.range.clone(), "nothing keeps the rule for Windows' programs");
        if !systemd {
            finding.only(Level::Note);
        }
        let start = document.source.whole_line_at(entry.key_range.start).start;
        let end = document.source.whole_line_at(entry.range.end).end;
        finding.replace("take the line out", start..end, "");
    }
}

fn cgroup_command_line(document: &Document, findings: &mut Findings<'_>) {
    for entry in document.conf.iter().flat_map(|conf| &conf.entries) {
        if entry.key.eq_ignore_ascii_case("kernelCommandLine")
            && ["systemd.unified_cgroup_hierarchy", "cgroup_no_v1="]
                .iter()
                .any(|parameter| entry.text().contains(parameter))
        {
            findings.add(entry.range.clone(), "cgroup v2 is the default");
        }
    }
}
