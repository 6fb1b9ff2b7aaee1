//! Commands that do something else than they are there for, in scripts, images and text.

use super::words::shown;
use crate::document::Document;
use crate::kind::Kind;
use crate::rule::{Check, Findings, Level, Rule};

/// The rules.
pub const RULES: &[Rule] = &[
    Rule {
        id: "CONF-080",
        level: Level::Error,
        title: "A mount over GOROOT's bin",
        effect: "It hides `go` and `gofmt`, which are in that folder: no go command is found any more.",
        advice: "Mount over a folder of its own, and set GOBIN to it.",
        claims: &["SRC-61"],
        check: Check::File(mount_over_go),
        bad: &[("mount.sh", "sudo mount --bind --ro /opt/gobin/stable /usr/local/go/bin\n")],
        good: &[("mount.sh", "sudo mount --bind -o ro /opt/gobin/stable /usr/local/gobin\n")],
    },
    Rule {
        id: "CONF-081",
        level: Level::Error,
        title: "`mount --remount`",
        effect: "There is no such option (`-o remount` is what is meant), and none is needed: changes in the source of a bind mount show at once.",
        advice: "Take it out.",
        claims: &["SRC-63"],
        check: Check::File(remount),
        bad: &[("mount.sh", "sudo mount --remount /usr/local/gobin\n")],
        good: &[("mount.sh", "sudo mount -o remount,bind,ro /usr/local/gobin\n")],
    },
    Rule {
        id: "CONF-082",
        level: Level::Error,
        title: "strace of getenv",
        effect: "`invalid system call 'getenv'`: it is none. Go reads its own copy of the environment, which execve's third argument shows.",
        advice: "`strace -f -v -s 4096 -e trace=execve go install …`",
        claims: &["SRC-49", "SRC-50"],
        check: Check::File(traced_getenv),
        bad: &[("trace.sh", "strace -e trace=execve,getenv -f go install ./cmd/hello\n")],
        good: &[("trace.sh", "strace -e trace=execve -v -f go install ./cmd/hello\n")],
    },
    Rule {
        id: "CONF-083",
        level: Level::Error,
        title: "A binfmt rule for Windows' programs with another interpreter than WSL's",
        effect: "WSL's is `:WSLInterop:M::MZ::/init:FP` (flags `P` in WSL 1). A rule with `/init.exe`, which does not exist, makes every Windows program end with 127.",
        advice: "Leave the rule to WSL; lost, it comes back with `wsl --shutdown`.",
        claims: &["SRC-13", "SRC-15"],
        check: Check::File(binfmt_rule),
        bad: &[(
            "binfmt.sh",
            "echo ':windowsexe:M::MZ::/init.exe:' > /proc/sys/fs/binfmt_misc/register\n",
        )],
        good: &[("binfmt.sh", "cat /proc/sys/fs/binfmt_misc/WSLInterop\n")],
    },
    Rule {
        id: "CONF-084",
        level: Level::Error,
        title: "A property of PowerShell's processes that there is not",
        effect: "`ParentId` comes out empty: the property is `Parent`, a process with an `Id` of its own.",
        advice: "`Get-Process -Id $PID | Select-Object Id, Name, @{n='ParentId';e={$_.Parent.Id}}`",
        claims: &["SRC-46"],
        check: Check::File(parent_id),
        bad: &[("chain.sh", "pwsh -c 'Get-Process -Id $PID | Select-Object Id, Name, ParentId'\n")],
        good: &[("chain.sh", "pwsh -c 'Get-Process -Id $PID | Select-Object Id, Name, Parent'\n")],
    },
];

fn mount_over_go(document: &Document, findings: &mut Findings<'_>) {
    for command in &document.commands {
        let program = command.program();
        if program.first() != Some(&"mount")
            || !program.iter().any(|word| matches!(*word, "--bind" | "-B" | "--rbind" | "-R"))
                && !bound_by_option(&program)
        {
            continue;
        }
        let target = command.words.iter().rev().find(|word| !word.text.starts_with('-'));
        if let Some(target) = target.filter(|word| {
            let path = word.text.trim_end_matches('/');
            [
                "/go/bin",
                "$GOROOT/bin",
                "${GOROOT}/bin",
                "$(go env GOROOT)/bin",
                "`go env GOROOT`/bin",
            ]
            .iter()
            .any(|end| path.ends_with(end))
                && !path.contains("/home/")
        }) {
            findings.add(
                target.range.clone(),
                format!("`{}` is where go itself is", shown(&target.text)),
            );
        }
    }
}

/// Whether `-o` has `bind` or `rbind` among its options.
fn bound_by_option(program: &[&str]) -> bool {
    let bound = |list: &str| list.split(',').any(|option| matches!(option, "bind" | "rbind"));
    program.iter().any(|word| word.strip_prefix("-o").is_some_and(bound))
        || program.windows(2).any(|pair| pair[0] == "-o" && bound(pair[1]))
}

fn remount(document: &Document, findings: &mut Findings<'_>) {
    for command in &document.commands {
        if command.program().first() != Some(&"mount") {
            continue;
        }
        if let Some(word) = command.words.iter().find(|word| word.text.starts_with("--remount")) {
            findings.add(word.range.clone(), "mount has no `--remount`");
        }
    }
}

fn traced_getenv(document: &Document, findings: &mut Findings<'_>) {
    for command in &document.commands {
        if command.program().first() != Some(&"strace") {
            continue;
        }
        let is = |text: &str| text.split(['=', ',']).any(|part| part == "getenv");
        if let Some(word) = command.words.iter().find(|word| is(&word.text)) {
            findings.add(word.range.clone(), "`getenv` is no system call");
        }
    }
}

fn binfmt_rule(document: &Document, findings: &mut Findings<'_>) {
    let is = |text: &str| {
        let parts: Vec<&str> = text.trim_matches(['\'', '"']).split(':').collect();
        matches!(parts.as_slice(), ["", _, "M", _, "MZ" | "\\x4d\\x5a", _, interpreter, ..] if *interpreter != "/init")
    };
    for command in &document.commands {
        for word in command.words.iter().filter(|word| is(&word.text)) {
            findings
                .add(word.range.clone(), format!("the rule `{}` is not WSL's", shown(&word.text)));
        }
    }
}

fn parent_id(document: &Document, findings: &mut Findings<'_>) {
    if !matches!(document.kind, Kind::Profile | Kind::Prose | Kind::Dockerfile) {
        return;
    }
    for (at, line) in document.source.lines() {
        // `gps` and `ps` are its short names, and upper and lower case are the same there.
        let lower = line.to_ascii_lowercase();
        let words = || lower.split(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        if !words().any(|word| matches!(word, "get-process" | "gps" | "ps")) {
            continue;
        }
        // A calculated property may well have this name.
        let made = ["n='parentid'", "name='parentid'", "n=\"parentid\"", "name=\"parentid\""];
        let asked = lower.find("parentid").filter(|offset| {
            !made.iter().any(|text| lower.contains(text))
                && (lower[..*offset].contains("select") || lower[..*offset].ends_with('.'))
        });
        if let Some(offset) = asked {
            let start = at + offset;
            findings.add(start..start + 8, "processes have no `ParentId`");
        }
    }
}
