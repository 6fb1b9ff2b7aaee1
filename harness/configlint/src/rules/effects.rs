//! Settings of .wslconfig that have no effect beside others, as `Config::Initialize` of
//! microsoft/WSL's `WslCoreConfig.cpp` sets them back.

use crate::document::Document;
use crate::rule::{Check, Findings, Level, Rule};
use crate::views::conf::Conf;
use twinproof_wslconf::Dialect;

/// The rules.
pub const RULES: &[Rule] = &[Rule {
    id: "CONF-039",
    level: Level::Warning,
    title: "A setting without effect beside another",
    effect: "WSL sets it back to its default, most often without a word.",
    advice: "Take it out, or change the other setting.",
    claims: &[],
    check: Check::File(without_effect),
    bad: &[(
        ".wslconfig",
        "[wsl2]\nnetworkingMode=nat\nvirtio9p=true\n[experimental]\nignoredPorts=3000\n",
    )],
    good: &[(".wslconfig", "[wsl2]\nnetworkingMode=mirrored\n[experimental]\nignoredPorts=3000\n")],
}];

/// A setting that has no effect, and beside what.
struct Idle {
    setting: &'static str,
    /// Only where it has this value; any where `None`.
    value: Option<&'static str>,
    because: fn(&Conf) -> Option<String>,
}

fn mode(conf: &Conf) -> String {
    conf.value("wsl2.networkingMode").unwrap_or_else(|| "Nat".to_owned())
}

fn not_mirrored(conf: &Conf) -> Option<String> {
    (mode(conf) != "Mirrored")
        .then(|| format!("networkingMode is {}: it is for Mirrored", mode(conf)))
}

fn not_bridged(conf: &Conf) -> Option<String> {
    (mode(conf) != "Bridged")
        .then(|| format!("networkingMode is {}: it is for Bridged", mode(conf)))
}

fn not_tunnelled(conf: &Conf) -> Option<String> {
    let off = !conf.is_on("wsl2.dnsTunneling", true);
    let none = no_tunnel(conf);
    off.then(|| "DNS tunnelling is off".to_owned()).or(none)
}

fn no_tunnel(conf: &Conf) -> Option<String> {
    let mode = mode(conf);
    let can = matches!(mode.as_str(), "Nat" | "Mirrored" | "Consomme");
    (!can).then(|| format!("networkingMode is {mode}, in which there is no DNS tunnel"))
}

fn mirrored(conf: &Conf) -> Option<String> {
    (mode(conf) == "Mirrored")
        .then(|| "networkingMode is Mirrored, where it is always on".to_owned())
}

fn forwarded(conf: &Conf) -> Option<String> {
    let without = matches!(mode(conf).as_str(), "Mirrored" | "None" | "Bridged");
    without.then(|| format!("networkingMode is {}: it is for Nat", mode(conf)))
}

fn no_firewall(conf: &Conf) -> Option<String> {
    let mode = mode(conf);
    let without = matches!(mode.as_str(), "None" | "Bridged");
    without.then(|| format!("networkingMode is {mode}: it is for Nat and Mirrored"))
}

fn no_network(conf: &Conf) -> Option<String> {
    (mode(conf) == "None").then(|| "networkingMode is None: there is no network".to_owned())
}

fn not_nat(conf: &Conf) -> Option<String> {
    (mode(conf) != "Nat").then(|| format!("networkingMode is {}: it is for Nat", mode(conf)))
}

fn safe(conf: &Conf) -> Option<String> {
    conf.is_on("wsl2.safeMode", false).then(|| "safeMode switches it off".to_owned())
}

fn no_swap(conf: &Conf) -> Option<String> {
    (conf.value("wsl2.swap").as_deref() == Some("0")).then(|| "swap is 0".to_owned())
}

fn no_virtio(conf: &Conf) -> Option<String> {
    (!conf.is_on("wsl2.virtio", true)).then(|| "virtio is off".to_owned())
}

fn no_proxy(conf: &Conf) -> Option<String> {
    (!conf.is_on("wsl2.autoProxy", true)).then(|| "autoProxy is off".to_owned())
}

fn always(_: &Conf) -> Option<String> {
    Some("the present WSL warns and falls back to 9p".to_owned())
}

// From WslCoreConfig.cpp, WslCoreVm.cpp and the networks' own sources. A setting that is written with
// its default value is not listed: nothing would change without it.
const IDLE: &[Idle] = &[
    Idle { setting: "experimental.ignoredPorts", value: None, because: not_mirrored },
    Idle {
        setting: "experimental.hostAddressLoopback",
        value: Some("true"),
        because: not_mirrored,
    },
    Idle {
        setting: "experimental.bestEffortDnsParsing",
        value: Some("true"),
        because: not_tunnelled,
    },
    Idle { setting: "experimental.dnsTunnelingIpAddress", value: None, because: not_tunnelled },
    Idle { setting: "experimental.initialAutoProxyTimeout", value: None, because: no_proxy },
    Idle { setting: "wsl2.dnsTunneling", value: Some("true"), because: no_tunnel },
    Idle { setting: "wsl2.firewall", value: Some("false"), because: mirrored },
    Idle { setting: "wsl2.firewall", value: None, because: no_firewall },
    Idle { setting: "wsl2.autoProxy", value: Some("true"), because: no_network },
    Idle { setting: "experimental.initialAutoProxyTimeout", value: None, because: no_network },
    Idle { setting: "wsl2.ipv6", value: Some("true"), because: no_network },
    Idle { setting: "wsl2.dnsProxy", value: None, because: not_nat },
    Idle { setting: "wsl2.localhostForwarding", value: None, because: forwarded },
    Idle { setting: "wsl2.vmSwitch", value: None, because: not_bridged },
    Idle { setting: "wsl2.macAddress", value: None, because: not_bridged },
    Idle { setting: "wsl2.dhcp", value: None, because: not_bridged },
    Idle { setting: "wsl2.dhcpTimeout", value: None, because: no_network },
    Idle { setting: "wsl2.swapFile", value: None, because: no_swap },
    Idle { setting: "wsl2.virtiofs", value: Some("true"), because: no_virtio },
    Idle { setting: "experimental.swiotlb", value: None, because: no_virtio },
    Idle { setting: "wsl2.virtio9p", value: Some("true"), because: always },
    Idle { setting: "wsl2.kernel", value: None, because: safe },
    Idle { setting: "wsl2.kernelModules", value: None, because: safe },
    Idle { setting: "wsl2.networkingMode", value: None, because: safe },
    Idle { setting: "wsl2.dnsTunneling", value: Some("true"), because: safe },
    Idle { setting: "wsl2.autoProxy", value: Some("true"), because: safe },
    Idle { setting: "wsl2.swap", value: None, because: safe },
    Idle { setting: "wsl2.gpuSupport", value: Some("true"), because: safe },
    Idle { setting: "wsl2.guiApplications", value: Some("true"), because: safe },
    Idle { setting: "wsl2.nestedVirtualization", value: Some("true"), because: safe },
    Idle { setting: "wsl2.hostFileSystemAccess", value: Some("true"), because: safe },
    Idle { setting: "wsl2.hardwarePerformanceCounters", value: Some("true"), because: safe },
    Idle { setting: "wsl2.virtio", value: Some("true"), because: safe },
];

fn without_effect(document: &Document, findings: &mut Findings<'_>) {
    let Some(conf) = document.conf.as_ref().filter(|conf| conf.dialect == Dialect::WslConfig)
    else {
        return;
    };
    // Not without effect, but more than it is there for: modules are of one kernel.
    if let Some(entry) = conf.entry("wsl2.kernelModules")
        && conf.value("wsl2.kernelModules").is_some_and(|path| !path.is_empty())
        && conf.value("wsl2.kernel").is_none_or(|path| path.is_empty())
        && safe(conf).is_none()
    {
        findings
            .add(entry.key_range.clone(), "`wsl2.kernelModules` stands without `wsl2.kernel`")
            .effect_is("WSL refuses modules for its own kernel, and starts no distribution.")
            .level = Level::Error;
    }
    if let Some(entry) = conf.entry("wsl2.networkingMode")
        && mode(conf) == "Bridged"
        && conf.value("wsl2.vmSwitch").is_none_or(|name| name.is_empty())
        && safe(conf).is_none()
    {
        findings
            .add(entry.range.clone(), "networkingMode is Bridged, and `wsl2.vmSwitch` is not set")
            .effect_is("WSL warns that the network cannot be made, and starts without one.")
            .level = Level::Error;
    }
    for idle in IDLE {
        // An invalid value has a finding already, and is not what WSL uses.
        let Some(entry) = conf.entry(idle.setting).filter(|entry| entry.trouble.is_none()) else {
            continue;
        };
        let value = conf.value(idle.setting);
        if idle.value.is_some() && idle.value != value.as_deref() {
            continue;
        }
        if let Some(because) = (idle.because)(conf) {
            findings.add(
                entry.key_range.clone(),
                format!("`{}` has no effect: {because}", entry.name()),
            );
        }
    }
}
