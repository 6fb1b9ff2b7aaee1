//! Names: keys and sections that WSL does not know, the other file's, double ones; names of files.

use super::words::{list, nearest, shown};
use crate::document::Document;
use crate::edit::Edit;
use crate::rule::{Check, Findings, Level, Rule};
use crate::set::Set;
use crate::views::conf::{Assignment, Conf};
use semver::Version;
use std::collections::HashMap;
use twinproof_wslconf::Dialect;
use twinproof_wslconf::keys::{find, keys};
use twinproof_wslconf::warning::Trouble;

/// The rules.
pub const RULES: &[Rule] = &[
    Rule {
        id: "CONF-017",
        level: Level::Error,
        title: "A key that WSL does not know",
        effect: "WSL warns `Unknown key` and does without it.",
        advice: "Spell it as WSL does, or take it out.",
        claims: &[],
        check: Check::File(unknown_key),
        bad: &[(".wslconfig", "[wsl2]\nlocahostForwarding=true\n")],
        good: &[(".wslconfig", "[wsl2]\nlocalhostForwarding=true\n")],
    },
    Rule {
        id: "CONF-018",
        level: Level::Error,
        title: "A key before any section",
        effect: "The key has no section, and WSL knows none without: it warns `Unknown key`.",
        advice: "Put the section's line above it; a section line that is a comment is none.",
        claims: &[],
        check: Check::File(key_without_section),
        bad: &[("wsl.conf", "# [boot]\nsystemd=true\n")],
        good: &[("wsl.conf", "[boot]\nsystemd=true\n")],
    },
    Rule {
        id: "CONF-019",
        level: Level::Error,
        title: "A key of .wslconfig in wsl.conf",
        effect: "WSL warns `Unknown key`; before 2.0 it said nothing.",
        advice: "Put it into %USERPROFILE%\\.wslconfig, which holds for all distributions.",
        claims: &["SRC-54"],
        check: Check::File(wslconfig_key_in_wsl_conf),
        bad: &[(
            "wsl.conf",
            "[wsl2]\nkernelCommandLine = \"systemd.unified_cgroup_hierarchy=1\"\n",
        )],
        good: &[(".wslconfig", "[wsl2]\nkernelCommandLine = \"vsyscall=emulate\"\n")],
    },
    Rule {
        id: "CONF-020",
        level: Level::Error,
        title: "A key of wsl.conf in .wslconfig",
        effect: "WSL warns `Unknown key`: it is a distribution's setting.",
        advice: "Put it into /etc/wsl.conf of each distribution.",
        claims: &[],
        check: Check::File(wsl_conf_key_in_wslconfig),
        bad: &[(".wslconfig", "[boot]\nsystemd=true\n")],
        good: &[("wsl.conf", "[boot]\nsystemd=true\n")],
    },
    Rule {
        id: "CONF-021",
        level: Level::Error,
        title: "A setting of WSLg in .wslconfig or wsl.conf",
        effect: "WSL does not know it, and the hyphens in `[system-distro-env]` are a line that it cannot read.",
        advice: "Put it into %USERPROFILE%\\.wslgconfig.",
        claims: &[],
        check: Check::File(wslg_setting),
        bad: &[(".wslconfig", "[wsl2]\n[system-distro-env]\nWESTON_RDP_HI_DPI_SCALING = true\n")],
        good: &[(".wslconfig", "[wsl2]\nguiApplications=true\n")],
    },
    Rule {
        id: "CONF-022",
        level: Level::Error,
        title: "A key that WSL does not have any more",
        effect: "WSL warns `Unknown key` and does without it.",
        advice: "Take it out, or use what came after it.",
        claims: &[],
        check: Check::File(removed_key),
        bad: &[(".wslconfig", "[wsl2]\npageReporting=false\n")],
        good: &[(".wslconfig", "[experimental]\nautoMemoryReclaim=disabled\n")],
    },
    Rule {
        id: "CONF-023",
        level: Level::Error,
        title: "A key in another section of its file",
        effect: "WSL joins section and key, and knows the key in its own section only.",
        advice: "Move it to its section.",
        claims: &[],
        check: Check::File(other_section),
        bad: &[(".wslconfig", "[wsl2]\nhostAddressLoopback=true\nnetworkingMode=mirrored\n")],
        good: &[(
            ".wslconfig",
            "[wsl2]\nnetworkingMode=mirrored\n[experimental]\nhostAddressLoopback=true\n",
        )],
    },
    Rule {
        id: "CONF-024",
        level: Level::Warning,
        title: "A setting that is made twice",
        effect: "The first holds, even with a value that cannot be read; WSL warns of each later one.",
        advice: "Keep one. `[wsl2]` and `[experimental]` name the same setting for networkingMode, dnsTunneling, firewall and autoProxy.",
        claims: &[],
        check: Check::File(duplicate),
        bad: &[(".wslconfig", "[wsl2]\nfirewall=true\n[experimental]\nfirewall=false\n")],
        good: &[(".wslconfig", "[wsl2]\nfirewall=true\n")],
    },
    Rule {
        id: "CONF-025",
        level: Level::Error,
        title: "A file of WSL under another name or in another place",
        effect: "WSL does not read it.",
        advice: "The machine's file is %USERPROFILE%\\.wslconfig, a distribution's /etc/wsl.conf.",
        claims: &[],
        check: Check::File(wrong_name),
        bad: &[(".wslconf", "[wsl2]\nmemory=4GB\n")],
        good: &[(".wslconfig", "[wsl2]\nmemory=4GB\n")],
    },
    Rule {
        id: "CONF-026",
        level: Level::Note,
        title: "A section that comes again",
        effect: "It goes on where it was: WSL has nothing against it.",
        advice: "Put a section's keys together, where people look for them.",
        claims: &[],
        check: Check::File(section_again),
        bad: &[("wsl.conf", "[boot]\nsystemd=true\n[user]\ndefault=me\n[boot]\ncommand=x\n")],
        good: &[("wsl.conf", "[boot]\nsystemd=true\ncommand=x\n[user]\ndefault=me\n")],
    },
    Rule {
        id: "CONF-041",
        level: Level::Warning,
        title: "A key that is newer than the WSL it is for",
        effect: "A release without it warns `Unknown key` and does without it.",
        advice: "Update WSL (`wsl --update`), or take the key out.",
        claims: &[],
        check: Check::All(newer_key),
        bad: &[(".wslconfig", "[wsl2]\nisolateDistroCgroup=false\n")],
        good: &[(".wslconfig", "[experimental]\nsparseVhd=true\n")],
    },
    Rule {
        id: "CONF-042",
        level: Level::Error,
        title: "A section that WSL does not know, with keys of another",
        effect: "WSL joins section and key: `Unknown key 'net.generateResolvConf'`.",
        advice: "Spell the section as WSL does: `[network]`, `[automount]`, `[wsl2]`.",
        claims: &["SRC-73"],
        check: Check::File(misspelt_section),
        bad: &[("wsl.conf", "[net]\ngenerateResolvConf = false\n")],
        good: &[("wsl.conf", "[network]\ngenerateResolvConf = true\n")],
    },
];

/// Keys that WSL does not have (any more), and the text for each.
// Names that WSL's parser had once and dropped, and names that widely copied guides give.
// `unknown_key` would only look for a near name for them, and so propose a key that does something
// else.
const REMOVED: &[(&str, &str)] = &[
    ("pageReporting", "it went with 1.1.7; `autoMemoryReclaim` in `[experimental]` came after it"),
    ("useWindowsDnsCache", "DNS tunnelling came in its place"),
    ("kernelDebug", "`kernelDebugPort` came in its place"),
    ("autoMemoryReclaimTimeout", "`autoMemoryReclaim` has no timeout"),
];

const fn other(dialect: Dialect) -> Dialect {
    match dialect {
        Dialect::WslConf => Dialect::WslConfig,
        Dialect::WslConfig => Dialect::WslConf,
    }
}

fn sections(dialect: Dialect) -> Vec<&'static str> {
    let mut sections: Vec<&str> = keys(dialect)
        .iter()
        .flat_map(|key| key.names)
        .filter_map(|name| name.split('.').next())
        .collect();
    sections.sort_unstable();
    sections.dedup();
    sections
}

fn has_section(dialect: Dialect, name: &str) -> bool {
    sections(dialect).iter().any(|section| section.eq_ignore_ascii_case(name))
}

/// Whole names of a dialect whose key, without section, is this one.
// networkingMode, dnsTunneling, firewall and autoProxy have two names, one below [wsl2] and one
// below [experimental]; the first that fits is the one that Microsoft's documentation uses.
fn homes(dialect: Dialect, key: &str) -> Vec<&'static str> {
    let is = |name: &&&'static str| {
        name.split_once('.').is_some_and(|(_, k)| k.eq_ignore_ascii_case(key))
    };
    keys(dialect).iter().filter_map(|known| known.names.iter().find(is).copied()).collect()
}

// .wslgconfig is read by WSLg's own system distribution, not by wsl.exe, so its names are in no
// table of this crate: only their prefixes tell them apart from mistakes.
fn is_wslg(entry: &Assignment) -> bool {
    let wslg =
        ["WESTON_", "WSLG_", "WSL2_GUI", "RDP_"].iter().any(|start| entry.key.starts_with(start));
    wslg || entry.section.as_deref().is_some_and(|section| section.starts_with("system-distro"))
}

fn removed(key: &str) -> Option<&'static str> {
    REMOVED.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, what)| *what)
}

/// The reason why WSL does not have a key; each reason has its rule.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    NoSection,
    Wslg,
    Removed,
    OtherFile,
    OtherSection,
    MisspeltSection,
    Unknown,
}

fn why(dialect: Dialect, entry: &Assignment) -> Option<Why> {
    if entry.known.is_some() {
        return None;
    }
    if is_wslg(entry) {
        return Some(Why::Wslg);
    }
    let Some(section) = &entry.section else { return Some(Why::NoSection) };
    if removed(&entry.key).is_some() {
        return Some(Why::Removed);
    }
    // The order of the tests decides which rule speaks: one line gets one finding, and that is the
    // one with the most exact remedy. The whole name in the other file (`boot.systemd` in
    // .wslconfig) is surer evidence than a key that both files have below other sections.
    let here = homes(dialect, &entry.key);
    let there = homes(other(dialect), &entry.key);
    if find(other(dialect), entry.name().as_bytes()).is_some() {
        return Some(Why::OtherFile);
    }
    Some(match (here.is_empty(), there.is_empty()) {
        (false, _) if has_section(dialect, section) => Why::OtherSection,
        (false, _) => Why::MisspeltSection,
        (true, false) => Why::OtherFile,
        _ if !has_section(dialect, section) && has_section(other(dialect), section) => {
            Why::OtherFile
        }
        _ => Why::Unknown,
    })
}

/// The entries that are unknown for one reason.
fn unknown(document: &Document, reason: Why) -> impl Iterator<Item = (&Conf, &Assignment)> {
    let entries =
        document.conf.iter().flat_map(|conf| conf.entries.iter().map(move |entry| (conf, entry)));
    entries.filter(move |(conf, entry)| why(conf.dialect, entry) == Some(reason))
}

fn unknown_key(document: &Document, findings: &mut Findings<'_>) {
    for (conf, entry) in unknown(document, Why::Unknown) {
        let section = entry.section.clone().unwrap_or_default();
        // A near key of the same section is offered as a fix. A near key of another section is only
        // named in the message: moving it would be a second guess on top of the first.
        let near_section = nearest(&section, sections(conf.dialect)).unwrap_or_default();
        let names = || {
            keys(conf.dialect)
                .iter()
                .flat_map(|key| key.names)
                .filter_map(|name| name.split_once('.'))
        };
        let own =
            names().filter(|(of, _)| of.eq_ignore_ascii_case(near_section)).map(|(_, key)| key);
        let same_section = near_section.eq_ignore_ascii_case(&section);
        let finding =
            findings.add(entry.key_range.clone(), format!("`{}` is no key of WSL", entry.name()));
        if let Some(near) = nearest(&entry.key, own).filter(|_| same_section) {
            finding.message.push_str(&format!("; `{near}` is"));
            finding.replace(format!("write `{near}`"), entry.key_range.clone(), near);
        } else if let Some(near) = nearest(&entry.key, names().map(|(_, key)| key)) {
            let homes = homes(conf.dialect, near);
            finding.message.push_str(&format!("; {} is", list(&homes)));
        }
    }
}

fn key_without_section(document: &Document, findings: &mut Findings<'_>) {
    for (conf, entry) in unknown(document, Why::NoSection) {
        let key = &entry.key;
        let finding =
            findings.add(entry.key_range.clone(), format!("`{key}` stands before any section"));
        let mut homes = homes(conf.dialect, key);
        homes.dedup();
        let Some(section) = homes.first().and_then(|name| name.split('.').next()) else { continue };
        // A section line that was made a comment stands above.
        // Default files often come with `#[section]`: people remove the `#` of the keys only.
        // Removing that of the section is then the smaller change, and keeps its place in the file.
        let before = document.source.slice(0..entry.key_range.start);
        let comment = before.rfind(&format!("[{section}]"));
        let line = comment.map(|at| document.source.line_at(at));
        let lead = line.clone().map(|line| document.source.slice(line.start..comment.unwrap_or(0)));
        match (line, lead) {
            (Some(line), Some(lead))
                if !lead.is_empty() && lead.chars().all(|c| "# \t;".contains(c)) =>
            {
                finding.replace(
                    format!("make `[{section}]` a section again"),
                    line.start..line.start + lead.len(),
                    "",
                );
            }
            _ => {
                let at = document.source.line_at(entry.key_range.start).start;
                let with = format!("[{section}]{}", document.source.line_end());
                finding.replace(format!("put `[{section}]` above it"), at..at, with);
            }
        }
    }
}

fn wslconfig_key_in_wsl_conf(document: &Document, findings: &mut Findings<'_>) {
    in_other_file(document, Dialect::WslConf, findings);
}

fn wsl_conf_key_in_wslconfig(document: &Document, findings: &mut Findings<'_>) {
    in_other_file(document, Dialect::WslConfig, findings);
}

fn in_other_file(document: &Document, dialect: Dialect, findings: &mut Findings<'_>) {
    for (_, entry) in unknown(document, Why::OtherFile).filter(|(conf, _)| conf.dialect == dialect)
    {
        let file = match dialect {
            Dialect::WslConf => r"%USERPROFILE%\.wslconfig",
            Dialect::WslConfig => "/etc/wsl.conf",
        };
        let name = homes(other(dialect), &entry.key)
            .first()
            .map_or_else(|| entry.name(), |name| (*name).to_owned());
        findings
            .add(entry.key_range.clone(), format!("`{name}` is a key of {file}"))
            .effect_is(format!("WSL warns `Unknown key '{}'` and does without it.", entry.name()));
    }
}

fn wslg_setting(document: &Document, findings: &mut Findings<'_>) {
    let Some(conf) = &document.conf else { return };
    let sections = conf.sections.iter().filter(|section| section.name.starts_with("system-distro"));
    for section in sections.clone() {
        findings.add(
            section.range.clone(),
            format!("`[{}]` is a section of .wslgconfig", section.name),
        );
    }
    let names = |bad: &&crate::views::conf::BadLine| {
        document.source.slice(bad.range.clone()).starts_with("WESTON_")
    };
    for bad in conf.bad.iter().filter(names) {
        if sections.clone().all(|section| section.range.start > bad.range.start) {
            findings.add(bad.range.clone(), "this is a setting of .wslgconfig");
        }
    }
}

fn removed_key(document: &Document, findings: &mut Findings<'_>) {
    for (_, entry) in unknown(document, Why::Removed) {
        let what = removed(&entry.key).unwrap_or_default();
        let line = document.source.whole_line_at(entry.key_range.start);
        findings
            .add(entry.key_range.clone(), format!("`{}` is no key any more: {what}", entry.key))
            .replace("take the line out", line, "");
    }
}

fn other_section(document: &Document, findings: &mut Findings<'_>) {
    for (conf, entry) in unknown(document, Why::OtherSection) {
        let homes = homes(conf.dialect, &entry.key);
        let Some(home) = homes.first().and_then(|home| home.split('.').next()) else { continue };
        let finding = findings.add(
            entry.key_range.clone(),
            format!(
                "`{}` belongs to `[{home}]`, not to `[{}]`",
                entry.key,
                entry.section.clone().unwrap_or_default()
            ),
        );
        // A snippet is the whole text with its surroundings blanked; moving a line to its end would
        // put it into the prose behind it.
        if document.snippet {
            continue;
        }
        finding.edits(format!("move it to `[{home}]`"), moved(document, conf, entry, home));
    }
}

/// Edits that move an entry's line to another section, which is made where it is missing.
fn moved(document: &Document, conf: &Conf, entry: &Assignment, home: &str) -> Vec<Edit> {
    let source = &document.source;
    let end_of_line = source.line_end();
    let start = source.whole_line_at(entry.key_range.start).start;
    let end = source.whole_line_at(entry.range.end.max(entry.key_range.end)).end;
    let line = source.slice(start..end).trim_end_matches(['\r', '\n']).to_owned();
    // Whole lines are moved, so that a comment at the end of the line goes with its setting.
    let mut edits = vec![Edit::new(start..end, "")];
    match conf
        .sections
        .iter()
        .find(|section| section.good && section.name.eq_ignore_ascii_case(home))
    {
        Some(section) => {
            let after = source.whole_line_at(section.range.start).end;
            let lead = if source.slice(0..after).ends_with('\n') { "" } else { end_of_line };
            edits.push(Edit::new(after..after, format!("{lead}{line}{end_of_line}")));
        }
        None => {
            let last = source.text().len();
            let before = source.text().ends_with('\n') || end == last;
            let lead = if before { "" } else { end_of_line };
            edits.push(Edit::new(
                last..last,
                format!("{lead}[{home}]{end_of_line}{line}{end_of_line}"),
            ));
        }
    }
    edits
}

fn duplicate(document: &Document, findings: &mut Findings<'_>) {
    let Some(conf) = &document.conf else { return };
    for entry in &conf.entries {
        let Some(Trouble::Duplicate { first, .. }) = &entry.trouble else { continue };
        let first = String::from_utf8_lossy(first).into_owned();
        // Compared by the setting, not by the name: `wsl2.firewall` and `experimental.firewall` are
        // one setting with two names.
        let holds = conf.entries.iter().find(|other| other.known == entry.known);
        let line = holds.map_or(0, |other| document.source.position(other.key_range.start).line);
        let value = holds.map(|other| shown(&other.text())).unwrap_or_default();
        let start = document.source.whole_line_at(entry.key_range.start).start;
        let end = document.source.whole_line_at(entry.range.end.max(entry.key_range.end)).end;
        findings
            .add(
                entry.key_range.clone(),
                format!("`{}` was set before, in line {line} as `{first}`", entry.name()),
            )
            .effect_is(format!("The first holds: `{value}`."))
            .replace("take this one out", start..end, "");
    }
}

fn wrong_name(document: &Document, findings: &mut Findings<'_>) {
    let Some(conf) = document.conf.as_ref().filter(|_| !document.snippet) else { return };
    let right = match conf.dialect {
        Dialect::WslConf => "wsl.conf",
        Dialect::WslConfig => ".wslconfig",
    };
    let name = document.source.file_name();
    let path = document.source.path();
    // The content alone says that it is a file of WSL, so its name is wrong. It is named only where
    // the name shows that WSL was meant: a pasted snippet in `notes.ini` is no mistake.
    if document.guessed {
        if !name.is_empty() && name.to_ascii_lowercase().contains("wsl") {
            findings.add(0..0, format!("the file is called `{name}`, WSL looks for `{right}`"));
        }
        return;
    }
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    // init reads /etc/wsl.conf and wsl.exe reads %USERPROFILE%\.wslconfig; neither looks anywhere
    // else, and neither says that a copy in another folder is ignored.
    let below_home = folder.contains("/home/") || folder == "/root" || folder.starts_with("/home");
    match conf.dialect {
        Dialect::WslConfig if below_home || folder == "/etc" || folder.ends_with("/etc") => {
            findings.add(
                0..0,
                format!(
                    "`{name}` in `{folder}` is not read: it belongs into the Windows user's folder"
                ),
            );
        }
        Dialect::WslConf
            if below_home || folder.contains("/Users/") || folder.contains(":/Users") =>
        {
            findings.add(
                0..0,
                format!(
                    "`{name}` in `{folder}` is not read: it belongs into /etc of the distribution"
                ),
            );
        }
        Dialect::WslConf if name != "wsl.conf" => {
            findings.add(0..0, format!("the file is called `{name}`, init looks for `wsl.conf`"));
        }
        _ => {}
    }
}

fn section_again(document: &Document, findings: &mut Findings<'_>) {
    let Some(conf) = &document.conf else { return };
    let mut first: HashMap<String, usize> = HashMap::new();
    for section in &conf.sections {
        let start = section.range.start;
        let before = *first.entry(section.name.to_ascii_lowercase()).or_insert(start);
        if section.good && before != start {
            let line = document.source.position(before).line;
            findings
                .add(section.range.clone(), format!("`[{}]` began in line {line}", section.name));
        }
    }
}

fn newer_key(set: &Set, findings: &mut Findings<'_>) {
    // Without one, the newest release that the keys were taken from.
    let version = set.options.wsl_version.clone().unwrap_or(Version::new(2, 9, 4));
    for document in &set.documents {
        for entry in document.conf.iter().flat_map(|conf| &conf.entries) {
            let since = entry.known.and_then(|key| key.since);
            let Some(since) = since.and_then(|since| Version::parse(since).ok()) else { continue };
            if since > version {
                let finding = findings.add_in(
                    document.file,
                    entry.key_range.clone(),
                    format!(
                        "WSL {version} does not have `{}`, which came with {since}",
                        entry.name()
                    ),
                );
                // Without `--wsl-version` the release in use is unknown, so a key that is too new
                // for the default is worth a note and cannot fail a check.
                if set.options.wsl_version.is_none() {
                    finding.only(Level::Note);
                }
            }
        }
    }
}

fn misspelt_section(document: &Document, findings: &mut Findings<'_>) {
    let Some(conf) = &document.conf else { return };
    for section in &conf.sections {
        let own = |entry: &&(&Conf, &Assignment)| {
            entry.1.section.as_deref() == Some(section.name.as_str())
        };
        let entries: Vec<_> = unknown(document, Why::MisspeltSection).collect();
        let entries: Vec<_> = entries.iter().filter(own).collect();
        let mut meant: Vec<&str> = entries
            .iter()
            .flat_map(|(conf, entry)| homes(conf.dialect, &entry.key))
            .filter_map(|home| home.split('.').next())
            .collect();
        meant.sort_unstable();
        meant.dedup();
        if meant.is_empty() {
            continue;
        }
        let names: Vec<String> = entries.iter().map(|(_, entry)| entry.name()).collect();
        let finding = findings.add(
            section.range.clone(),
            format!(
                "WSL knows no section `[{}]`; {} {} to `[{}]`",
                section.name,
                list(&names),
                if names.len() == 1 { "belongs" } else { "belong" },
                meant.join("]` or `[")
            ),
        );
        finding.effect_is(format!(
            "WSL warns `Unknown key '{}'` and does without it.",
            names.first().cloned().unwrap_or_default()
        ));
        // Renaming takes everything in the section along: nothing may be in it that belongs elsewhere, or
        // that would have WSL refuse the whole file once it is read.
        let in_it = |entry: &&Assignment| entry.section.as_deref() == Some(section.name.as_str());
        let alone = conf.entries.iter().filter(in_it).count() == entries.len();
        let harmless = entries.iter().all(|(_, entry)| entry.trouble != Some(Trouble::Mac));
        if let ([one], true, true) = (meant.as_slice(), alone, harmless) {
            finding.replace(format!("write `[{one}]`"), section.range.clone(), *one);
        }
    }
}
