//! Values of WSL's settings.

use super::words::{is_linux_path, is_windows_path, list, nearest, shown, whole};
use crate::document::Document;
use crate::edit::Edit;
use crate::rule::{Check, Findings, Level, Rule};
use crate::views::conf::{Assignment, Conf};
use twinproof_wslconf::Dialect;
use twinproof_wslconf::keys::Kind;
use twinproof_wslconf::value::{ByteSize, hostname, ports, size};
use twinproof_wslconf::warning::Trouble;

/// The rules.
pub const RULES: &[Rule] = &[
    Rule {
        id: "CONF-029",
        level: Level::Error,
        title: "A boolean that WSL does not know",
        effect: "Only `true` and `false` (in any case), `1` and `0` are booleans; WSL warns and keeps the default.",
        advice: "Write `true` or `false`.",
        claims: &[],
        check: Check::File(boolean),
        bad: &[("wsl.conf", "[boot]\nsystemd=yes\n[interop]\nenabled=off\n")],
        good: &[("wsl.conf", "[boot]\nsystemd=true\n[interop]\nenabled=0\n")],
    },
    Rule {
        id: "CONF-030",
        level: Level::Error,
        title: "A number that is none, or that is octal by intention only",
        effect: "Numbers are whole, with C's prefixes and no unit; WSL warns and keeps the default. `umask=22` is decimal, which is 026.",
        advice: "Write the number alone; times are milliseconds; a umask begins with 0.",
        claims: &[],
        check: Check::File(integer),
        bad: &[("wsl.conf", "[filesystem]\numask=22\n[boot]\ninitTimeout=10s\n")],
        good: &[("wsl.conf", "[filesystem]\numask=022\n[boot]\ninitTimeout=10000\n")],
    },
    Rule {
        id: "CONF-031",
        level: Level::Warning,
        title: "A number of .wslconfig over 32 bits",
        effect: "Windows makes the largest or smallest number of it and says nothing.",
        advice: "Write a number from -2147483648 to 2147483647.",
        claims: &[],
        check: Check::File(saturating),
        bad: &[(".wslconfig", "[wsl2]\nvmIdleTimeout=99999999999\n")],
        good: &[(".wslconfig", "[wsl2]\nvmIdleTimeout=2147483647\n")],
    },
    Rule {
        id: "CONF-032",
        level: Level::Error,
        title: "A size that WSL cannot read",
        effect: "A size is digits, then nothing or B, K, KB, M, MB, G, GB, T or TB in capitals, without blank or fraction; WSL warns and keeps the default.",
        advice: "Write `8GB`.",
        claims: &[],
        check: Check::File(bad_size),
        bad: &[(".wslconfig", "[wsl2]\nmemory=8 GB\nswap=1.5gb\n")],
        good: &[(".wslconfig", "[wsl2]\nmemory=8GB\nswap=1536MB\n")],
    },
    Rule {
        id: "CONF-033",
        level: Level::Error,
        title: "A value that is none of those there are",
        effect: "WSL warns, names the values there are, and keeps the default.",
        advice: "Take one of them; leave the line out for the default.",
        claims: &[],
        check: Check::File(enumeration),
        bad: &[(
            ".wslconfig",
            "[wsl2]\nnetworkingMode=bridge\n[experimental]\nautoMemoryReclaim=true\n",
        )],
        good: &[(
            ".wslconfig",
            "[wsl2]\nnetworkingMode=bridged\nvmSwitch=x\n[experimental]\nautoMemoryReclaim=gradual\n",
        )],
    },
    Rule {
        id: "CONF-034",
        level: Level::Warning,
        title: "A size that wraps, or zero with a unit",
        effect: "A negative size and one over 64 bits wrap to another; `memory=0` means the default of half the memory, `swap=0` none, and zero with a unit is refused by older releases.",
        advice: "Write the size that is meant; `0` without a unit.",
        claims: &[],
        check: Check::File(wrapping_size),
        bad: &[(".wslconfig", "[wsl2]\nmemory=-1\nswap=0GB\n")],
        good: &[(".wslconfig", "[wsl2]\nmemory=8GB\nswap=0\n")],
    },
    Rule {
        id: "CONF-035",
        level: Level::Error,
        title: "A MAC address that is none",
        effect: "WSL refuses the whole .wslconfig and does not start.",
        advice: "Write six pairs of hexadecimal digits with `:` or `-` between all of them.",
        claims: &[],
        check: Check::File(mac_address),
        bad: &[(
            ".wslconfig",
            "[wsl2]\nnetworkingMode=bridged\nvmSwitch=x\nmacAddress=5cbb.f69e.eefa\n",
        )],
        good: &[(
            ".wslconfig",
            "[wsl2]\nnetworkingMode=bridged\nvmSwitch=x\nmacAddress=5c:bb:f6:9e:ee:fa\n",
        )],
    },
    Rule {
        id: "CONF-036",
        level: Level::Error,
        title: "Ports that are none",
        effect: "Ports are numbers from 1 to 65535 with commas between them. WSL reads each up to what is no digit, so that a range is its first port; a bad one is left out with a warning.",
        advice: "List each port.",
        claims: &[],
        check: Check::File(ignored_ports),
        bad: &[(
            ".wslconfig",
            "[wsl2]\nnetworkingMode=mirrored\n[experimental]\nignoredPorts=3000-3010,0\n",
        )],
        good: &[(
            ".wslconfig",
            "[wsl2]\nnetworkingMode=mirrored\n[experimental]\nignoredPorts=3000,3001\n",
        )],
    },
    Rule {
        id: "CONF-037",
        level: Level::Error,
        title: "A path that WSL does not find",
        effect: "Paths are taken as they stand: no variable is expanded, a relative one begins somewhere, and one of the other system is not found.",
        advice: "Write an absolute path of the system that opens it: Windows for .wslconfig, Linux for wsl.conf.",
        claims: &[],
        check: Check::File(path),
        bad: &[(
            ".wslconfig",
            "[wsl2]\nkernel=%USERPROFILE%/bzImage\nswapFile=/mnt/c/swap.vhdx\nkernelModules=modules.vhdx\n",
        )],
        good: &[(".wslconfig", "[wsl2]\nkernel=C:\\\\wsl\\\\bzImage\nswapFile=C:/wsl/swap.vhdx\n")],
    },
    Rule {
        id: "CONF-038",
        level: Level::Error,
        title: "An address of the DNS tunnel that is none",
        effect: "WSL warns, and switches DNS tunnelling off altogether.",
        advice: "Write an IPv4 address: four decimal numbers without leading zeros.",
        claims: &[],
        check: Check::File(tunnel_address),
        bad: &[(".wslconfig", "[experimental]\ndnsTunnelingIpAddress=::1\n")],
        good: &[(".wslconfig", "[experimental]\ndnsTunnelingIpAddress=10.255.255.253\n")],
    },
    Rule {
        id: "CONF-040",
        level: Level::Warning,
        title: "A host name that WSL rewrites",
        effect: "Only letters, digits, one dot and single hyphens are kept, 64 characters at most.",
        advice: "Write the name that is meant in the characters a host name has.",
        claims: &[],
        check: Check::File(rewritten_hostname),
        bad: &[("wsl.conf", "[network]\nhostname=my_dev_box\n")],
        good: &[("wsl.conf", "[network]\nhostname=my-dev-box\n")],
    },
    Rule {
        id: "CONF-093",
        level: Level::Error,
        title: "An option of the drives' mounts, or a default user, that is none",
        effect: "Options are `name=value` with commas between them, without blanks: a drive whose options the kernel does not take is not mounted. A default user that the distribution does not have leaves root.",
        advice: "`options=\"metadata,uid=1000,gid=1000,umask=022\"`; the user's name as `id -un` prints it.",
        claims: &[],
        check: Check::File(mount_options),
        bad: &[(
            "wsl.conf",
            "[automount]\noptions=\"metdata, uid=me;umask=8,case=yes\"\n[user]\ndefault=my user\n",
        )],
        good: &[(
            "wsl.conf",
            "[automount]\noptions=\"metadata,uid=1000,umask=022,case=off\"\n[user]\ndefault=me\n",
        )],
    },
];

/// Entries that WSL warns of in one way, those in `'` apart, which another rule has.
// A value in `'` is invalid because of its quotes, and CONF-009 offers to replace them. A second
// finding about the same value would suggest that two mistakes have to be mended.
fn troubled(
    document: &Document,
    is: fn(&Trouble) -> bool,
) -> impl Iterator<Item = (&Conf, &Assignment)> {
    let entries =
        document.conf.iter().flat_map(|conf| conf.entries.iter().map(move |entry| (conf, entry)));
    entries.filter(move |(_, entry)| {
        entry.trouble.as_ref().is_some_and(is) && !entry.value.starts_with(b"'")
    })
}

/// Entries whose value WSL reads, of one kind of setting.
fn readable(document: &Document, kind: Kind) -> impl Iterator<Item = (&Conf, &Assignment)> {
    let entries =
        document.conf.iter().flat_map(|conf| conf.entries.iter().map(move |entry| (conf, entry)));
    entries.filter(move |(_, entry)| {
        entry.meant.is_some_and(|key| key.kind == kind) && entry.trouble.is_none()
    })
}

fn says(conf: &Conf, entry: &Assignment) -> String {
    let message = conf.message(entry).unwrap_or_default();
    // WSL prints no warning for a line that it never reads, and another one for a key below a
    // broken section. The message must not promise a warning that nobody will see.
    let where_it_is = if entry.lost {
        "WSL does not come to this line; once it does it "
    } else if entry.known.is_none() || entry.mangled.is_some() {
        "WSL does not know the key in this place; in its own section it "
    } else {
        "WSL "
    };
    format!("{where_it_is}warns `{}`", whole(&message))
}

fn boolean(document: &Document, findings: &mut Findings<'_>) {
    for (conf, entry) in troubled(document, |trouble| *trouble == Trouble::Bool) {
        let text = entry.text();
        let finding = findings.add(
            entry.range.clone(),
            format!("`{}` is no boolean for `{}`", shown(&text), entry.name()),
        );
        finding.effect_is(format!("{} and keeps the default.", says(conf, entry)));
        let trimmed = text.trim_matches(|c: char| c.is_whitespace() || c == ';').to_lowercase();
        let meant = match trimmed.as_str() {
            // WSL accepts `true`, `false`, `1` and `0` and nothing else. `true` stands in this list
            // for `true;` and ` true`, which the line above has trimmed.
            "yes" | "y" | "on" | "enabled" | "enable" | "t" | "01" | "+1" | "true" | "ture"
            | "treu" => "true",
            "no" | "n" | "off" | "disabled" | "disable" | "f" | "00" | "false" | "flase"
            | "none" => "false",
            _ => continue,
        };
        finding.replace(format!("write `{meant}`"), entry.range.clone(), meant);
    }
}

fn integer(document: &Document, findings: &mut Findings<'_>) {
    for (conf, entry) in troubled(document, |trouble| *trouble == Trouble::Int) {
        let text = entry.text();
        let finding = findings.add(
            entry.range.clone(),
            format!("`{}` is no whole number for `{}`", shown(&text), entry.name()),
        );
        finding.effect_is(format!("{} and keeps the default.", says(conf, entry)));
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
        let Ok(number) = digits.parse::<i64>() else { continue };
        // All time limits of .wslconfig are in milliseconds. A unit behind any other number is not
        // understood well enough for a fix.
        let timed = entry.key.to_ascii_lowercase().ends_with("timeout");
        let factor = match text[digits.len()..].trim().to_ascii_lowercase().as_str() {
            "s" | "sec" | "seconds" if timed => 1000,
            "ms" if timed => 1,
            "m" | "min" | "minutes" if timed => 60_000,
            _ => continue,
        };
        let value = number.saturating_mul(factor);
        finding.replace(format!("write `{value}`"), entry.range.clone(), value.to_string());
    }
    for (_, entry) in
        readable(document, Kind::Int).filter(|(_, entry)| entry.is("filesystem.umask"))
    {
        let text = entry.text();
        // strtol with base 0 reads `022` as octal and `22` as decimal, and 22 is 026 in octal.
        // Digits 8 and 9 show that decimal was meant.
        let octal = text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        let value = text.parse::<u32>().ok().filter(|value| !octal && *value > 0o777);
        if let Some(value) = value {
            findings
                .add(entry.range.clone(), format!("`umask={text}` is decimal, and no mask"))
                .effect_is(format!("The umask is the lower bits of {value:o}."));
        }
        if !octal || text.starts_with('0') || text.is_empty() {
            continue;
        }
        let value: u32 = text.parse().unwrap_or(0);
        findings
            .add(entry.range.clone(), format!("`umask={text}` is decimal"))
            .effect_is(format!("The umask is {value:03o}, not {text}."))
            .replace(format!("write `0{text}`"), entry.range.clone(), format!("0{text}"));
    }
}

fn saturating(document: &Document, findings: &mut Findings<'_>) {
    for (conf, entry) in readable(document, Kind::Int) {
        let text = entry.text();
        let number = text.trim().trim_start_matches(['-', '+']);
        let too_large = number.bytes().all(|byte| byte.is_ascii_digit())
            // i32::MAX has ten digits. Shorter numbers that do not parse are octal or hexadecimal,
            // and fit.
            && number.trim_start_matches('0').len() >= 10
            && text.trim().parse::<i32>().is_err();
        // `long` has 32 bits on Windows, where strtol saturates without an error that WSL looks at.
        // init on Linux has 64 bits, notices the overflow and warns: that is an invalid integer.
        if too_large && conf.dialect == Dialect::WslConfig {
            let limit = if text.trim().starts_with('-') { i32::MIN } else { i32::MAX };
            findings
                .add(
                    entry.range.clone(),
                    format!("`{text}` is over 32 bits for `{}`", entry.name()),
                )
                .effect_is(format!("WSL takes {limit} without a word."));
        }
    }
}

fn bad_size(document: &Document, findings: &mut Findings<'_>) {
    small_size(document, findings);
    for (conf, entry) in troubled(document, |trouble| *trouble == Trouble::Size) {
        let text = entry.text();
        let finding = findings.add(
            entry.range.clone(),
            format!("`{}` is no size for `{}`", shown(&text), entry.name()),
        );
        finding.effect_is(format!("{} and keeps the default.", says(conf, entry)));
        if let Some(size) = meant_size(&text) {
            finding.replace(format!("write `{size}`"), entry.range.clone(), size);
        }
    }
}

/// Sizes under this are of no use: a unit is missing.
// 1 MiB. No virtual machine starts with less memory, and no swap of that size is of use, so that a
// smaller number was typed without its unit.
const LEAST: u64 = 1 << 20;

fn small_size(document: &Document, findings: &mut Findings<'_>) {
    for (_, entry) in readable(document, Kind::Size) {
        let text = entry.text();
        let bytes = size(text.as_bytes()).map_or(0, |ByteSize(bytes)| bytes);
        if (1..LEAST).contains(&bytes) {
            findings
                .add(
                    entry.range.clone(),
                    format!("`{text}` of `{}` is {bytes} bytes", entry.name()),
                )
                .effect_is("A number without a unit is bytes; memory is then raised to 256 MB.");
        }
    }
}

/// The size that is meant by a text that WSL cannot read.
fn meant_size(text: &str) -> Option<String> {
    let text = text.trim().replace([' ', '_'], "").to_ascii_uppercase();
    let at = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    const UNITS: [&str; 5] = ["B", "KB", "MB", "GB", "TB"];
    let index = match unit {
        "B" | "BYTE" | "BYTES" => 0,
        "K" | "KB" | "KIB" => 1,
        "M" | "MB" | "MIB" => 2,
        "G" | "GB" | "GIB" => 3,
        "T" | "TB" | "TIB" => 4,
        _ => return None,
    };
    if number.bytes().all(|byte| byte.is_ascii_digit()) && !number.is_empty() {
        return Some(format!("{}{}", number, UNITS[index]));
    }
    // `1.5GB` is 1536MB, exactly. A number that is whole in no smaller unit gets no fix: rounding
    // would change the size.
    let value: f64 = number.replace(',', ".").parse().ok()?;
    let smaller = value * 1024.0;
    let whole = smaller.fract() == 0.0 && (1.0..1e9).contains(&smaller) && index > 0;
    whole.then(|| format!("{smaller:.0}{}", UNITS[index - 1]))
}

fn enumeration(document: &Document, findings: &mut Findings<'_>) {
    for (_, entry) in troubled(document, |trouble| matches!(trouble, Trouble::Name(_))) {
        let Some(Trouble::Name(names)) = &entry.trouble else { continue };
        let names: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        let text = entry.text();
        let what =
            if text.is_empty() { "nothing".to_owned() } else { format!("`{}`", shown(&text)) };
        let finding = findings.add(
            entry.range.clone(),
            format!("{what} is no value of `{}`; there are {}", entry.name(), list(&names)),
        );
        let near = nearest(&text, names).or_else(|| {
            match (entry.key.to_ascii_lowercase().as_str(), text.to_ascii_lowercase().as_str()) {
                ("automemoryreclaim", "true" | "1" | "on" | "yes") => Some("DropCache"),
                ("automemoryreclaim", "false" | "0" | "off" | "no") => Some("Disabled"),
                ("cgroups", "1") => Some("v1"),
                ("cgroups", "2") => Some("v2"),
                _ => None,
            }
        });
        if let Some(near) = near {
            finding.replace(format!("write `{near}`"), entry.range.clone(), near);
        }
    }
}

fn wrapping_size(document: &Document, findings: &mut Findings<'_>) {
    for (_, entry) in readable(document, Kind::Size) {
        let text = entry.text();
        let Some(ByteSize(bytes)) = size(text.as_bytes()) else { continue };
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let unit = text.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        let power = match unit.chars().next() {
            Some('K') => 1,
            Some('M') => 2,
            Some('G') => 3,
            Some('T') => 4,
            _ => 0,
        };
        // WSL multiplies in 64 bits without a check. The same product in 128 bits shows whether it
        // wrapped.
        let exact = digits.parse::<u128>().ok().and_then(|n| n.checked_mul(1u128 << (10 * power)));
        let key = entry.name();
        if text.trim_start().starts_with('-') || exact != Some(u128::from(bytes)) {
            findings
                .add(entry.range.clone(), format!("`{}` wraps for `{key}`", shown(&text)))
                .effect_is(format!("WSL takes {bytes} bytes."));
        // Releases differ in whether they take `0GB`; all of them take `0`.
        } else if bytes == 0 && !unit.is_empty() {
            findings.add(entry.range.clone(), format!("zero with a unit for `{key}`")).replace(
                "write `0`",
                entry.range.clone(),
                "0",
            );
        }
    }
}

fn mac_address(document: &Document, findings: &mut Findings<'_>) {
    for (conf, entry) in troubled(document, |trouble| *trouble == Trouble::Mac) {
        let text = entry.text();
        let finding =
            findings.add(entry.range.clone(), format!("`{}` is no MAC address", shown(&text)));
        finding.effect_is(format!(
            // A bad MAC address is the one value for which WSL throws instead of warning.
            "{}, refuses the whole file and does not start.",
            says(conf, entry)
        ));
        let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
        let only = text.chars().all(|c| c.is_ascii_hexdigit() || ":-. ".contains(c));
        if digits.len() == 12 && only {
            let pairs: Vec<&str> = (0..6).map(|index| &digits[index * 2..index * 2 + 2]).collect();
            let mac = pairs.join(":");
            finding.replace(format!("write `{mac}`"), entry.range.clone(), mac);
        }
    }
}

fn ignored_ports(document: &Document, findings: &mut Findings<'_>) {
    let entries = document.conf.iter().flat_map(|conf| &conf.entries);
    for entry in entries.filter(|entry| entry.is("experimental.ignoredPorts")) {
        let text = entry.text();
        for item in text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
            let port = ports(item.as_bytes()).next();
            let what = match port {
                // std::stoi stops at the first character that is no digit and reports nothing, so
                // that a range `3000-3010` ignores one port.
                Some(Ok(port)) if !item.bytes().all(|byte| byte.is_ascii_digit()) => {
                    format!("`{}` is read as {port} alone", shown(item))
                }
                Some(Err(_)) => format!("`{}` is no port", shown(item)),
                _ => continue,
            };
            let raw = document.source.slice(entry.range.clone());
            let start = entry.range.start + raw.find(item).unwrap_or(0);
            let finding = findings.add(start..start + item.len(), what);
            let bounds = item
                .split_once('-')
                .map(|(a, b)| (a.trim().parse::<u16>(), b.trim().parse::<u16>()));
            if let Some((Ok(first), Ok(last))) = bounds
                && first < last
                // A longer range would make a line that nobody can read; ports over 32 are better
                // listed by hand.
                && last - first < 32
            {
                let all: Vec<String> = (first..=last).map(|port| port.to_string()).collect();
                finding.replace("list each port", start..start + item.len(), all.join(","));
            }
        }
    }
}

fn path(document: &Document, findings: &mut Findings<'_>) {
    for (_, entry) in readable(document, Kind::Path) {
        let text = entry.text();
        // CONF-015 reports paths with control characters and shows which escape made them.
        if text.is_empty() || text.bytes().any(|byte| matches!(byte, b'\n' | b'\t' | 8)) {
            continue;
        }
        let key = entry.name();
        let range = entry.range.clone();
        // wsl.exe passes the text to the file functions of Windows as it is: no variable of
        // cmd.exe, PowerShell or a shell is replaced.
        if text.contains('%')
            || text.contains("$env:")
            || text.contains("$HOME")
            || text.starts_with('~')
        {
            findings.add(range, format!("`{}` of `{key}` is not expanded", shown(&text)));
        } else if let Some((drive, rest)) = text
            .strip_prefix("/mnt/")
            .and_then(|rest| rest.split_once('/'))
            .filter(|(drive, _)| drive.len() == 1)
        {
            let windows = format!("{}:/{rest}", drive.to_ascii_uppercase());
            findings
                .add(range.clone(), format!("`{}` of `{key}` is a path of Linux", shown(&text)))
                .replace(format!("write `{windows}`"), range, windows);
        } else if is_linux_path(&text) {
            findings.add(range, format!("`{}` of `{key}` is a path of Linux", shown(&text)));
        } else if !is_windows_path(&text) {
            findings.add(range, format!("`{}` of `{key}` is relative", shown(&text)));
        }
    }
    let paths = ["automount.root", "fileServer.logFile"];
    for (_, entry) in
        readable(document, Kind::Text).filter(|(_, entry)| paths.iter().any(|path| entry.is(path)))
    {
        let text = entry.text();
        if !text.is_empty() && !text.starts_with('/') {
            let what = if is_windows_path(&text) { "a path of Windows" } else { "relative" };
            findings.add(
                entry.range.clone(),
                format!("`{}` of `{}` is {what}", shown(&text), entry.name()),
            );
        }
    }
}

fn tunnel_address(document: &Document, findings: &mut Findings<'_>) {
    for (conf, entry) in troubled(document, |trouble| *trouble == Trouble::Address) {
        findings
            .add(entry.range.clone(), format!("`{}` is no IPv4 address", shown(&entry.text())))
            .effect_is(format!("{} and switches DNS tunnelling off.", says(conf, entry)));
    }
}

fn rewritten_hostname(document: &Document, findings: &mut Findings<'_>) {
    let entries = document.conf.iter().flat_map(|conf| &conf.entries);
    for entry in entries.filter(|entry| entry.is("network.hostname")) {
        let made = hostname(&entry.value);
        if made.as_bytes() == entry.value {
            continue;
        }
        findings
            .add(entry.range.clone(), format!("`{}` is no host name", shown(&entry.text())))
            .effect_is(format!("The host is called `{made}`."))
            .edits(format!("write `{made}`"), vec![Edit::new(entry.range.clone(), made.clone())]);
    }
}

/// Options of drvfs.
// From microsoft/WSL's drvfs.cpp and the documentation of `automount`.
const DRIVE_OPTIONS: [&str; 7] = ["metadata", "uid", "gid", "umask", "fmask", "dmask", "case"];

fn mount_options(document: &Document, findings: &mut Findings<'_>) {
    let entries = document.conf.iter().flat_map(|conf| &conf.entries);
    for entry in entries.clone().filter(|entry| entry.is("automount.options")) {
        let raw = document.source.slice(entry.range.clone());
        // Escapes are no part of options; with them places would be wrong.
        let inner = raw.trim_matches('"');
        if inner.contains(['"', '\\', '\'']) {
            continue;
        }
        let mut start = entry.range.start + raw.find(inner).unwrap_or(0);
        for option in inner.split(',') {
            let range = start..start + option.len();
            start = range.end + 1;
            if let Some(message) = option_trouble(option) {
                let finding = findings.add(range.clone(), message);
                if option.trim() != option && option_trouble(option.trim()).is_none() {
                    finding.replace("take the blank away", range, option.trim());
                }
            }
        }
    }
    for entry in entries.filter(|entry| entry.is("user.default")) {
        let text = entry.text();
        let good = |c: char| c.is_alphanumeric() || "._-$@+".contains(c);
        let message = match text.as_str() {
            "" => "the default user has no name".to_owned(),
            _ if text.starts_with('\'') => continue,
            _ if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                format!("`{}` is a number: WSL looks for a user of this name", shown(&text))
            }
            _ if !text.chars().all(good) => format!("`{}` is no name of a user", shown(&text)),
            _ => continue,
        };
        let range = if text.is_empty() { &entry.key_range } else { &entry.range };
        findings.add(range.clone(), message).only(Level::Warning);
    }
}

/// The mistake in an option of the drives' mounts, if it is not a valid one.
fn option_trouble(option: &str) -> Option<String> {
    if option.is_empty() {
        return Some("an empty option".to_owned());
    }
    if option.contains([';', ' ', '\t']) {
        return Some(format!("`{}` is one option: commas without blanks separate", shown(option)));
    }
    let (name, value) = option.split_once('=').unwrap_or((option, ""));
    let all = |good: fn(&u8) -> bool| !value.is_empty() && value.bytes().all(|byte| good(&byte));
    match name {
        "uid" | "gid" if !all(u8::is_ascii_digit) => {
            Some(format!("`{}` is no number for `{name}`", shown(value)))
        }
        "umask" | "fmask" | "dmask" if !all(|byte| (b'0'..=b'7').contains(byte)) => {
            Some(format!("`{}` is no octal number for `{name}`", shown(value)))
        }
        "case" if !matches!(value, "dir" | "off" | "force") => Some(format!(
            "`{}` is no value of `case`; there are `dir`, `off` and `force`",
            shown(value)
        )),
        // Options of the file system and of mount itself are many: only a near miss of one of these
        // is a mistake for sure.
        _ if !DRIVE_OPTIONS.contains(&name) => {
            let near = nearest(name, DRIVE_OPTIONS).filter(|_| name.len() > 3)?;
            Some(format!("`{}` is no option; `{near}` is", shown(name)))
        }
        _ => None,
    }
}
