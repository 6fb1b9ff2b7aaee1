//! The keys that WSL has in each file: names, kinds of value, defaults.
//!
//! From microsoft/WSL at 3e27a6a: `WslDistributionConfig.cpp` and `WslCoreConfig.cpp`.

use crate::units::Dialect;
use crate::value::{ByteSize, Value};

/// The values of an enumeration: as spelt, and the name it then has.
pub type Names = &'static [(&'static str, &'static str)];

/// The type of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false` in any case, `1` or `0`.
    Bool,
    /// A number as C's `strtol` reads it with base 0.
    Int,
    /// Bytes, with a unit or without.
    Size,
    /// Any text.
    Text,
    /// A path of Windows, not looked at by the parser.
    Path,
    /// A name from a list, in any case. The list has the order of WSL's message.
    Enum(Names),
    /// Port numbers with commas between them.
    Ports,
    /// An IPv4 address.
    Address,
    /// A MAC address.
    Mac,
}

/// A value without which the setting has this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// A boolean.
    Bool(bool),
    /// A number.
    Int(i32),
    /// Bytes.
    Size(u64),
    /// A text that is there; in `.wslconfig` an empty one is none.
    Text(&'static str),
    /// A name of an enumeration.
    Name(&'static str),
    /// Nothing.
    None,
}

/// A setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name with the section in front; more where the setting was moved.
    pub names: &'static [&'static str],
    /// The type of its value.
    pub kind: Kind,
    /// Its default.
    pub preset: Preset,
    /// The first release that has it, where that is known and later than the first in the Store.
    /// From the tags of microsoft/WSL (2.5.8 to 2.9.4; `2.9.5` stands for keys that none of them
    /// has) and, before those, its release notes.
    pub since: Option<&'static str>,
}

impl Key {
    /// Its first name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.names[0]
    }

    /// Whether a value is the setting's default.
    #[must_use]
    pub fn is_preset(&self, value: &Value) -> bool {
        match (self.preset, value) {
            (Preset::Bool(preset), Value::Bool(value)) => preset == *value,
            (Preset::Int(preset), Value::Int(value)) => preset == *value,
            (Preset::Size(preset), Value::Size(ByteSize(value))) => preset == *value,
            (Preset::Text(preset), Value::Text(value)) => preset.as_bytes() == value,
            (Preset::Text(preset), Value::Address(value)) => preset == value.to_string(),
            (Preset::Name(preset), Value::Name(value)) => preset == *value,
            (Preset::None, Value::Ports(ports)) => ports.is_empty(),
            _ => false,
        }
    }
}

/// The keys of a file.
#[must_use]
pub const fn keys(dialect: Dialect) -> &'static [Key] {
    match dialect {
        Dialect::WslConf => WSL_CONF,
        Dialect::WslConfig => WSL_CONFIG,
    }
}

/// The key that a name means; case is no difference.
#[must_use]
pub fn find(dialect: Dialect, name: &[u8]) -> Option<&'static Key> {
    let is = |known: &&str| known.as_bytes().eq_ignore_ascii_case(name);
    keys(dialect).iter().find(|key| key.names.iter().any(is))
}

const fn key(names: &'static [&'static str], kind: Kind, preset: Preset) -> Key {
    Key { names, kind, preset, since: None }
}

const fn flag(names: &'static [&'static str], preset: bool) -> Key {
    key(names, Kind::Bool, Preset::Bool(preset))
}

const fn int(names: &'static [&'static str], preset: i32) -> Key {
    key(names, Kind::Int, Preset::Int(preset))
}

const fn text(names: &'static [&'static str], preset: Preset) -> Key {
    key(names, Kind::Text, preset)
}

const fn path(names: &'static [&'static str]) -> Key {
    key(names, Kind::Path, Preset::Text(""))
}

const fn size(names: &'static [&'static str], preset: u64) -> Key {
    key(names, Kind::Size, Preset::Size(preset))
}

impl Key {
    const fn since(mut self, release: &'static str) -> Self {
        self.since = Some(release);
        self
    }
}

const CGROUPS: Names = &[("v1", "v1"), ("v2", "v2")];

/// In the order of WSL's message, which is that of the names without case.
// `VirtioProxy` is the former name of the mode Consomme. It is accepted, and reported under the new
// name.
const NETWORKING: Names = &[
    ("Bridged", "Bridged"),
    ("Consomme", "Consomme"),
    ("Mirrored", "Mirrored"),
    ("Nat", "Nat"),
    ("None", "None"),
    ("VirtioProxy", "Consomme"),
];

const RECLAIM: Names =
    &[("Disabled", "Disabled"), ("DropCache", "DropCache"), ("Gradual", "Gradual")];

const WSL_CONF: &[Key] = &[
    flag(&["automount.enabled"], true),
    text(&["automount.root"], Preset::Text("/mnt/")),
    text(&["automount.options"], Preset::None),
    flag(&["automount.mountFsTab"], true),
    flag(&["automount.ldconfig"], true),
    key(&["automount.cgroups"], Kind::Enum(CGROUPS), Preset::Name("v2")).since("2.6.2"),
    int(&["filesystem.umask"], 0o022),
    flag(&["interop.appendWindowsPath"], true),
    flag(&["interop.enabled"], true),
    flag(&["network.generateHosts"], true),
    flag(&["network.generateResolvConf"], true),
    text(&["network.hostname"], Preset::None),
    flag(&["time.useWindowsTimezone"], true),
    flag(&["fileServer.enabled"], true),
    text(&["fileServer.logFile"], Preset::None),
    int(&["fileServer.logLevel"], 4),
    flag(&["fileServer.logTruncate"], true),
    flag(&["gpu.enabled"], true),
    flag(&["gpu.appendLibPath"], true),
    text(&["user.default"], Preset::None),
    text(&["boot.command"], Preset::None),
    flag(&["boot.systemd"], false).since("0.67.6"),
    int(&["boot.initTimeout"], 10_000),
    flag(&["boot.protectBinfmt"], true),
    flag(&["general.guiApplications"], false),
];

const WSL_CONFIG: &[Key] = &[
    path(&["wsl2.kernel"]),
    text(&["wsl2.kernelCommandLine"], Preset::Text("")),
    path(&["wsl2.kernelModules"]),
    size(&["wsl2.memory"], 0),
    int(&["wsl2.processors"], 0),
    flag(&["wsl2.debugConsole"], false),
    flag(&["wsl2.earlyBootLogging"], false),
    // The default is a quarter of memory, worked out at start. The largest number stands for "not
    // set", as it does in WSL's code.
    size(&["wsl2.swap"], u64::MAX),
    path(&["wsl2.swapFile"]),
    flag(&["wsl2.localhostForwarding"], true),
    flag(&["wsl2.nestedVirtualization"], true),
    flag(&["wsl2.virtio9p"], false),
    flag(&["wsl2.virtiofs"], false),
    int(&["wsl2.kernelDebugPort"], 0),
    flag(&["wsl2.gpuSupport"], true),
    flag(&["wsl2.guiApplications"], true),
    path(&["wsl2.systemDistro"]),
    flag(&["wsl2.telemetry"], true),
    int(&["wsl2.vmIdleTimeout"], 60_000),
    path(&["wsl2.debugConsoleLogFile"]),
    int(&["wsl2.kernelBootTimeout"], 30_000),
    int(&["wsl2.distributionStartTimeout"], 60_000),
    flag(&["wsl2.virtio"], true),
    flag(&["wsl2.hostFileSystemAccess"], true),
    int(&["wsl2.mountDeviceTimeout"], 5_000),
    flag(&["wsl2.hardwarePerformanceCounters"], true),
    text(&["wsl2.vmSwitch"], Preset::Text("")),
    key(&["wsl2.macAddress"], Kind::Mac, Preset::None),
    flag(&["wsl2.dhcp"], true),
    int(&["wsl2.dhcpTimeout"], 5_000),
    flag(&["wsl2.ipv6"], false),
    flag(&["wsl2.dnsProxy"], true),
    flag(&["wsl2.safeMode"], false),
    size(&["wsl2.defaultVhdSize"], 1 << 40),
    path(&["wsl2.crashDumpFolder"]),
    int(&["wsl2.maxCrashDumpCount"], 10),
    path(&["general.distributionInstallPath"]),
    int(&["general.instanceIdleTimeout"], 15_000),
    flag(&["wsl2.loadDefaultKernelModules"], true),
    text(&["wsl2.loadKernelModules"], Preset::Text("")),
    flag(&["wsl2.isolateDistroCgroup"], true).since("2.9.5"),
    key(
        &["wsl2.networkingMode", "experimental.networkingMode"],
        Kind::Enum(NETWORKING),
        Preset::Name("Nat"),
    ),
    flag(&["wsl2.dnsTunneling", "experimental.dnsTunneling"], true).since("2.0.0"),
    flag(&["wsl2.firewall", "experimental.firewall"], true).since("2.0.0"),
    flag(&["wsl2.autoProxy", "experimental.autoProxy"], true).since("2.0.0"),
    key(&["experimental.autoMemoryReclaim"], Kind::Enum(RECLAIM), Preset::Name("DropCache"))
        .since("2.0.0"),
    flag(&["experimental.sparseVhd"], false).since("2.0.0"),
    flag(&["experimental.bestEffortDnsParsing"], false).since("2.0.0"),
    key(&["experimental.dnsTunnelingIpAddress"], Kind::Address, Preset::Text("10.255.255.254"))
        .since("2.0.0"),
    int(&["experimental.initialAutoProxyTimeout"], 1_000).since("2.0.0"),
    key(&["experimental.ignoredPorts"], Kind::Ports, Preset::None).since("2.0.0"),
    flag(&["experimental.hostAddressLoopback"], false).since("2.0.0"),
    flag(&["experimental.setVersionDebug"], false),
    size(&["experimental.swiotlb"], 0).since("2.8.9"),
    flag(&["experimental.virtioFsAggregateShares"], true).since("2.9.5"),
];
