//! The registry of WSL: `HKCU\Software\Microsoft\Windows\CurrentVersion\Lxss`.

use super::words::{list, shown};
use crate::document::Document;
use crate::kind::Kind;
use crate::rule::{Check, Findings, Level, Rule};
use crate::views::registry::{Key, RegistryValue};
use regashii::Value;

/// Flags of a distribution: interop, Windows' PATH, drives.
pub const INTEROP: u32 = 1;
/// Windows' PATH is appended.
pub const APPEND_PATH: u32 = 2;
/// Drives are mounted.
pub const DRIVES: u32 = 4;

/// The rules.
pub const RULES: &[Rule] = &[
    Rule {
        id: "CONF-069",
        level: Level::Error,
        title: "`Environment` at the root of Lxss",
        effect: "WSL reads it nowhere. What a distribution starts with is `DefaultEnvironment` in its own key, which replaces the defaults.",
        advice: "Share variables by WSLENV, or set them in the distribution (/etc/environment, a profile).",
        claims: &["SRC-58"],
        check: Check::File(root_environment),
        bad: &[(
            "lxss.reg",
            "Windows Registry Editor Version 5.00\n\n[HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Lxss]\n\"Environment\"=hex(7):41,00,3d,00,31,00,00,00,00,00\n",
        )],
        good: &[(
            "lxss.reg",
            "Windows Registry Editor Version 5.00\n\n[HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Lxss]\n\"DefaultVersion\"=dword:00000002\n",
        )],
    },
    Rule {
        id: "CONF-070",
        level: Level::Error,
        title: "A DefaultEnvironment that cannot be used, or has no PATH",
        effect: "It must be REG_MULTI_SZ and replaces HOSTTYPE, LANG, PATH and TERM: without PATH no program is found.",
        advice: "Take it out, or keep PATH, LANG and TERM in it.",
        claims: &[],
        check: Check::File(default_environment),
        bad: &[(
            "lxss.reg",
            "Windows Registry Editor Version 5.00\n\n[HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Lxss\\{12345678-1234-1234-1234-123456789abc}]\n\"BasePath\"=\"C:\\\\d\"\n\"DefaultEnvironment\"=\"A=1\"\n",
        )],
        good: &[(
            "lxss.reg",
            "Windows Registry Editor Version 5.00\n\n[HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Lxss\\{12345678-1234-1234-1234-123456789abc}]\n\"BasePath\"=\"C:\\\\d\"\n",
        )],
    },
    Rule {
        id: "CONF-071",
        level: Level::Warning,
        title: "Flags that switch a distribution's interop off",
        effect: "Flags has a bit for interop (1), Windows' PATH (2) and drives (4), and the machine's DistributionFlags masks it: what is off there stays off whatever wsl.conf says.",
        advice: "`wsl --manage` or wsl.conf's `[interop]` and `[automount]` in place of the registry; Flags 15 is the default.",
        claims: &[],
        check: Check::File(flags),
        bad: &[(
            "lxss.reg",
            "Windows Registry Editor Version 5.00\n\n[HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Lxss\\{12345678-1234-1234-1234-123456789abc}]\n\"BasePath\"=\"C:\\\\d\"\n\"Flags\"=dword:0000000c\n",
        )],
        good: &[(
            "lxss.reg",
            "Windows Registry Editor Version 5.00\n\n[HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Lxss\\{12345678-1234-1234-1234-123456789abc}]\n\"BasePath\"=\"C:\\\\d\"\n\"Flags\"=dword:0000000f\n",
        )],
    },
    Rule {
        id: "CONF-072",
        level: Level::Error,
        title: "A distribution without a folder of its own, or of no version",
        effect: "BasePath is required, and two distributions in one folder open one disk; Version is 1 or 2.",
        advice: "`wsl --export` and `wsl --import` instead of copied keys.",
        claims: &[],
        check: Check::File(base_path),
        bad: &[(
            "lxss.reg",
            "Windows Registry Editor Version 5.00\n\n[HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Lxss\\{12345678-1234-1234-1234-123456789abc}]\n\"DistributionName\"=\"a\"\n\"Version\"=dword:00000003\n",
        )],
        good: &[(
            "lxss.reg",
            "Windows Registry Editor Version 5.00\n\n[HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Lxss\\{12345678-1234-1234-1234-123456789abc}]\n\"DistributionName\"=\"a\"\n\"BasePath\"=\"C:\\\\d\"\n\"Version\"=dword:00000002\n",
        )],
    },
];

fn keys(document: &Document) -> &[Key] {
    document.registry.as_ref().map_or(&[], |registry| &registry.keys)
}

/// The value of a number.
#[must_use]
pub fn number(entry: &RegistryValue) -> Option<u32> {
    match entry.value {
        // WSL reads these with RegGetValue(RRF_RT_REG_DWORD): a number in any other type counts as
        // absent.
        Value::Dword(number) => Some(number),
        _ => None,
    }
}

/// The name of a distribution, or its key's.
#[must_use]
pub fn distribution(key: &Key) -> String {
    match key.get("DistributionName").map(|entry| &entry.value) {
        Some(Value::Sz(name)) => name.clone(),
        _ => key.name.rsplit('\\').next().unwrap_or_default().to_owned(),
    }
}

fn root_environment(document: &Document, findings: &mut Findings<'_>) {
    for key in keys(document).iter().filter(|key| key.is_lxss()) {
        if let Some(entry) = key.get("Environment") {
            findings.add(entry.range.clone(), "WSL reads `Environment` nowhere");
        }
    }
    if document.kind != Kind::Prose || !document.source.text().contains("Lxss") {
        return;
    }
    // `reg add …\Lxss /v Environment` and `Set-ItemProperty …\Lxss -Name Environment`.
    for command in &document.commands {
        let lxss =
            command.words.iter().any(|word| word.text.trim_end_matches('\\').ends_with("Lxss"));
        let named = command.words.windows(2).find(|pair| {
            let option = pair[0].text.to_ascii_lowercase();
            matches!(option.as_str(), "/v" | "-name") && pair[1].text == "Environment"
        });
        if let Some(pair) = named.filter(|_| lxss) {
            findings.add(pair[1].range.clone(), "WSL reads `Environment` of Lxss nowhere");
        }
    }
    // A table's row may be broken over lines.
    let lines: Vec<(usize, &str)> = document.source.lines().collect();
    // A Markdown table copied out of a browser often has its cells on lines of their own, so the
    // name and the type are looked for in two lines together.
    for pair in lines.windows(2) {
        let (at, line) = pair[0];
        let multi = pair.iter().any(|(_, line)| line.contains("REG_MULTI_SZ"));
        let Some(offset) = line.find("Environment").filter(|_| multi) else { continue };
        let part_of_word = line[..offset].ends_with(|c: char| c.is_ascii_alphanumeric());
        if !part_of_word {
            let start = at + offset;
            findings.add(start..start + 11, "WSL reads `Environment` of Lxss nowhere");
        }
    }
}

fn default_environment(document: &Document, findings: &mut Findings<'_>) {
    for key in keys(document).iter().filter(|key| key.is_distribution()) {
        let Some(entry) = key.get("DefaultEnvironment") else { continue };
        let name = distribution(key);
        match &entry.value {
            Value::MultiSz(lines) => {
                let missing: Vec<&str> = ["PATH", "LANG", "TERM"]
                    .into_iter()
                    .filter(|wanted| {
                        !lines.iter().any(|line| line.split('=').next() == Some(*wanted))
                    })
                    .collect();
                // Without LANG and TERM programs run, with defaults. Without PATH not even `ls` is
                // found: only that is an error.
                if missing.contains(&"PATH") {
                    findings.add(
                        entry.range.clone(),
                        format!("DefaultEnvironment of `{name}` has no {}", list(&missing)),
                    );
                }
            }
            _ => {
                findings.add(
                    entry.range.clone(),
                    format!("DefaultEnvironment of `{name}` is not REG_MULTI_SZ"),
                );
            }
        }
    }
}

fn flags(document: &Document, findings: &mut Findings<'_>) {
    let what = |flags: u32| {
        let off = [(INTEROP, "interop"), (APPEND_PATH, "Windows' PATH"), (DRIVES, "the drives")];
        off.into_iter()
            .filter(|(bit, _)| flags & bit == 0)
            .map(|(_, name)| name)
            .collect::<Vec<_>>()
    };
    for key in keys(document) {
        let machine = key.name.to_ascii_lowercase().ends_with(r"\services\lxssmanager");
        let entry = match (key.is_distribution(), machine) {
            (true, _) => key.get("Flags"),
            (_, true) => key.get("DistributionFlags"),
            _ => None,
        };
        let Some((entry, flags)) = entry.and_then(|entry| Some((entry, number(entry)?))) else {
            continue;
        };
        let off = what(flags);
        if !off.is_empty() {
            let whose = if machine {
                "every distribution".to_owned()
            } else {
                format!("`{}`", distribution(key))
            };
            findings.add(
                entry.range.clone(),
                format!("{} {flags} switches {} off for {whose}", entry.name, off.join(" and ")),
            );
        }
    }
}

fn base_path(document: &Document, findings: &mut Findings<'_>) {
    let mut seen: Vec<(String, String)> = Vec::new();
    for key in keys(document).iter().filter(|key| key.is_distribution()) {
        let name = distribution(key);
        match key.get("BasePath").map(|entry| (entry, &entry.value)) {
            Some((entry, Value::Sz(path))) if !path.is_empty() => {
                // WSL writes BasePath with and without `\\?\`, by release; Windows compares paths
                // without case.
                let folder = path.trim_start_matches(r"\\?\").trim_end_matches('\\').to_lowercase();
                if let Some((other, _)) = seen.iter().find(|(_, other)| *other == folder) {
                    findings.add(
                        entry.range.clone(),
                        format!("`{name}` has the folder `{}` of `{other}`", shown(path)),
                    );
                }
                seen.push((name.clone(), folder));
            }
            _ => {
                findings.add(key.range.clone(), format!("`{name}` has no BasePath"));
            }
        }
        if let Some(entry) =
            key.get("Version").filter(|entry| !matches!(number(entry), Some(1 | 2)))
        {
            findings.add(entry.range.clone(), format!("Version of `{name}` is neither 1 nor 2"));
        }
    }
}
