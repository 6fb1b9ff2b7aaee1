//! Capabilities: facts of an environment that cases may require.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Prefix of the capabilities that subjects declare.
const FEATURE: &str = "feature:";

/// One fact of an environment. The names are those of suite files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Programs see Linux.
    Linux,
    /// Programs see Windows (real or Wine).
    Windows,
    /// Programs see macOS.
    Macos,
    /// Real Windows, not Wine.
    RealWindows,
    /// Paths start at `/`.
    PosixPaths,
    /// Paths start at a drive letter.
    WindowsPaths,
    /// `A` and `a` are two files in the work directory.
    CaseSensitive,
    /// `A` and `a` are one file in the work directory.
    CaseInsensitive,
    /// Symbolic links can be made in the work directory.
    Symlink,
    /// Permission bits are kept and shown.
    ModeBits,
    /// Programs run as an administrator, whom permission bits do not stop.
    Root,
    /// Programs run as an ordinary user.
    Unprivileged,
    /// A Go SDK is there.
    Go,
    /// A C compiler that Go can use is there.
    Cgo,
    /// MinGW's C compiler for Windows on amd64 is there.
    Mingw,
    /// zig, a C compiler for every platform and version of glibc, is there.
    Zig,
    /// The C compiler for musl is there.
    MuslGcc,
    /// git is there.
    Git,
    /// QEMU's programs are there that run programs of other processors.
    QemuUser,
    /// The C library is glibc.
    Glibc,
    /// The C library is musl.
    Musl,
    /// The real `wslpath` is there.
    Wslpath,
    /// The distribution is one of WSL 2, whose Windows programs are started over sockets.
    Wsl2,
    /// Programs reach the harness's own servers on the loopback interface.
    Loopback,
    /// Private namespaces of users, mounts and networks can be made: a lab.
    Lab,
    /// binfmt_misc can be mounted in such a namespace, apart from the host's.
    Binfmt,
    /// The root of a Linux system with Wine is there, for programs of Linux to enter.
    WineHere,
    /// The store of a subject can be given a limited size.
    StoreRoom,
    /// PowerShell is there.
    Pwsh,
    /// strace is there.
    Strace,
    /// Cases can have an origin: in the host, and where the subject's upstream is one of ours.
    Origin,
    /// The subject has this feature, as its declaration says.
    Feature(String),
}

impl Capability {
    /// All capabilities but features.
    pub const ALL: [Self; 31] = [
        Self::Linux,
        Self::Windows,
        Self::Macos,
        Self::RealWindows,
        Self::PosixPaths,
        Self::WindowsPaths,
        Self::CaseSensitive,
        Self::CaseInsensitive,
        Self::Symlink,
        Self::ModeBits,
        Self::Root,
        Self::Unprivileged,
        Self::Go,
        Self::Cgo,
        Self::Mingw,
        Self::Zig,
        Self::MuslGcc,
        Self::QemuUser,
        Self::Git,
        Self::Glibc,
        Self::Musl,
        Self::Wslpath,
        Self::Wsl2,
        Self::Loopback,
        Self::Lab,
        Self::Binfmt,
        Self::WineHere,
        Self::StoreRoom,
        Self::Pwsh,
        Self::Strace,
        Self::Origin,
    ];

    /// The name used in suite files, without `feature:`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Linux => "os:linux",
            Self::Windows => "os:windows",
            Self::Macos => "os:macos",
            Self::RealWindows => "real-windows",
            Self::PosixPaths => "paths:posix",
            Self::WindowsPaths => "paths:windows",
            Self::CaseSensitive => "case-sensitive",
            Self::CaseInsensitive => "case-insensitive",
            Self::Symlink => "symlink",
            Self::ModeBits => "mode-bits",
            Self::Root => "root",
            Self::Unprivileged => "unprivileged",
            Self::Go => "go",
            Self::Cgo => "cgo",
            Self::Mingw => "mingw",
            Self::Zig => "zig",
            Self::MuslGcc => "musl-gcc",
            Self::QemuUser => "qemu-user",
            Self::Git => "git",
            Self::Glibc => "libc:glibc",
            Self::Musl => "libc:musl",
            Self::Wslpath => "wslpath",
            Self::Wsl2 => "wsl2",
            Self::Loopback => "loopback",
            Self::Lab => "lab",
            Self::Binfmt => "binfmt",
            Self::WineHere => "wine-here",
            Self::StoreRoom => "store-room",
            Self::Pwsh => "pwsh",
            Self::Strace => "strace",
            Self::Origin => "origin",
            Self::Feature(name) => name,
        }
    }

    /// Why it is absent where it could be, and what would provide it, for those that can be provided.
    #[must_use]
    pub const fn absence(&self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::Lab => (
                "no private user, mount and network namespaces can be made here",
                "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (or run as root)",
            ),
            Self::Binfmt => (
                "binfmt_misc cannot be mounted apart from the host's: that needs user namespaces, \
                 Linux 6.7 or newer and its module",
                "modprobe binfmt_misc, on Linux 6.7 or newer",
            ),
            Self::StoreRoom => (
                "no file system of a limited size can be mounted for a subject's store",
                "run as root, on Linux",
            ),
            Self::WineHere => (
                "the files of the image `wine` are not beside those of the host",
                "cargo xtask images wine",
            ),
            Self::Pwsh => (
                "no PowerShell is here",
                "dotnet tool install --global PowerShell (it needs the SDK of .NET)",
            ),
            Self::Strace => {
                ("no strace is here, or it may trace nothing", "apt-get install strace")
            }
            Self::Mingw => ("no MinGW for amd64 is here", "apt-get install gcc-mingw-w64-x86-64"),
            Self::Zig => ("no zig is here", "cargo xtask ci --only tools"),
            Self::MuslGcc => ("no C compiler for musl is here", "apt-get install musl-tools"),
            Self::Git => ("no git is here", "apt-get install git"),
            Self::QemuUser => ("QEMU's programs are not here", "apt-get install qemu-user"),
            _ => return None,
        })
    }

    /// The capability of that name. Of a feature only the form is known here: words of lower-case
    /// letters and digits, joined by `-`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name.strip_prefix(FEATURE) {
            Some(feature) => is_feature(feature).then(|| Self::Feature(feature.to_owned())),
            None => Self::ALL.into_iter().find(|c| c.as_str() == name),
        }
    }
}

/// Whether a feature, or a setting of a subject, can have that name.
fn is_feature(name: &str) -> bool {
    let word =
        |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    name.len() <= 100 && name.split(['-', '_']).all(word)
}

impl std::fmt::Display for Capability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Feature(name) => f.pad(&format!("{FEATURE}{name}")),
            other => f.pad(other.as_str()),
        }
    }
}

impl Serialize for Capability {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Capability {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = String::deserialize(d)?;
        Self::parse(&name).ok_or_else(|| serde::de::Error::custom(RequirementError::Unknown(name)))
    }
}

impl JsonSchema for Capability {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Capability".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<_> = Self::ALL.iter().map(ToString::to_string).collect();
        schemars::json_schema!({
            "description": "a fact of an environment, or a feature that a subject declares",
            "anyOf": [
                { "enum": names },
                { "type": "string", "pattern": "^feature:[a-z0-9]+([-_][a-z0-9]+)*$" }
            ]
        })
    }
}

/// A case's requirement of its environment: a capability, its absence (`!root`), or a range of Go
/// versions (`go>=1.23`, `go<1.27`; major and minor only).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Requirement {
    /// The capability is there.
    Has(Capability),
    /// The capability is not there.
    Lacks(Capability),
    /// Go is at least this (major, minor).
    GoAtLeast(u32, u32),
    /// Go is older than this (major, minor).
    GoBefore(u32, u32),
}

/// A requirement that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequirementError {
    /// No such capability.
    #[error("unknown capability `{0}`")]
    Unknown(String),
    /// The version after `go>=` or `go<` is not `MAJOR.MINOR`.
    #[error("`{0}` is no Go version range: write `go>=1.23` or `go<1.27`")]
    Version(String),
}

impl std::str::FromStr for Requirement {
    type Err = RequirementError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let version = |v: &str| {
            let (major, minor) = v.split_once('.')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        };
        let bad = || RequirementError::Version(text.to_owned());
        if let Some(v) = text.strip_prefix("go>=") {
            return version(v).map(|(a, b)| Self::GoAtLeast(a, b)).ok_or_else(bad);
        }
        if let Some(v) = text.strip_prefix("go<") {
            return version(v).map(|(a, b)| Self::GoBefore(a, b)).ok_or_else(bad);
        }
        let (name, make): (_, fn(Capability) -> Self) = match text.strip_prefix('!') {
            Some(name) => (name, Self::Lacks),
            None => (text, Self::Has),
        };
        Capability::parse(name).map(make).ok_or_else(|| RequirementError::Unknown(name.to_owned()))
    }
}

impl std::fmt::Display for Requirement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Has(c) => write!(f, "{c}"),
            Self::Lacks(c) => write!(f, "!{c}"),
            Self::GoAtLeast(a, b) => write!(f, "go>={a}.{b}"),
            Self::GoBefore(a, b) => write!(f, "go<{a}.{b}"),
        }
    }
}

impl Serialize for Requirement {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Requirement {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Requirement {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Requirement".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names: Vec<_> =
            Capability::ALL.iter().flat_map(|c| [c.as_str().to_owned(), format!("!{c}")]).collect();
        schemars::json_schema!({
            "description": "a capability, its absence (`!root`), or a range of Go versions",
            "anyOf": [
                { "enum": names },
                { "type": "string", "pattern": "^!?feature:[a-z0-9]+([-_][a-z0-9]+)*$" },
                { "type": "string", "pattern": r"^go(>=|<)[0-9]+\.[0-9]+$" }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Capability, Requirement};
    use rstest::rstest;

    #[rstest]
    #[case("root", Some(Requirement::Has(Capability::Root)))]
    #[case("!os:windows", Some(Requirement::Lacks(Capability::Windows)))]
    #[case("go>=1.23", Some(Requirement::GoAtLeast(1, 23)))]
    #[case("go<1.27", Some(Requirement::GoBefore(1, 27)))]
    #[case("go>1.27", None)]
    #[case("go>=1", None)]
    #[case("feature:list-ttl", Some(Requirement::Has(Capability::Feature("list-ttl".into()))))]
    #[case("!feature:sumdb", Some(Requirement::Lacks(Capability::Feature("sumdb".into()))))]
    #[case("feature:", None)]
    #[case("feature:A", None)]
    #[case("Root", None)]
    #[case("", None)]
    fn requirements_are_strict(#[case] text: &str, #[case] want: Option<Requirement>) {
        let got = text.parse::<Requirement>().ok();
        assert_eq!(got, want);
        if let Some(r) = got {
            assert_eq!(r.to_string(), text);
        }
    }

    #[test]
    fn names_are_those_of_serde() {
        for c in Capability::ALL {
            assert_eq!(serde_json::to_string(&c).unwrap(), format!("\"{c}\""));
        }
    }
}
