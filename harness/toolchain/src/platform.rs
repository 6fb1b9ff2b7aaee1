//! A GOOS and GOARCH pair, as Go's downloads and toolchain modules name it.
//!
//! It is not a list of what Go supports in which version: it knows the names that a release was
//! ever made for, so that a misspelling is an error and not a 404.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The GOOS names of Go's release downloads.
const OPERATING_SYSTEMS: [&str; 12] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "illumos",
    "linux",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
];

/// The GOARCH names of Go's release downloads; `armv6l` is how 32-bit ARM is released for Linux.
const ARCHITECTURES: [&str; 14] = [
    "386", "amd64", "arm", "arm64", "armv6l", "loong64", "mips", "mips64", "mips64le", "mipsle",
    "ppc64", "ppc64le", "riscv64", "s390x",
];

/// A platform that an SDK runs on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Platform {
    os: &'static str,
    arch: &'static str,
}

/// The text is not a platform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a platform: {reason}; write GOOS/GOARCH, such as linux/amd64 or windows-amd64"
)]
pub struct ParsePlatformError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

impl Platform {
    /// Linux on x86-64.
    pub const LINUX_AMD64: Self = Self { os: "linux", arch: "amd64" };
    /// Windows on x86-64.
    pub const WINDOWS_AMD64: Self = Self { os: "windows", arch: "amd64" };

    /// The platform of GOOS `os` and GOARCH `arch`.
    ///
    /// # Errors
    /// When no release of Go was ever made for one of the names.
    pub fn new(os: &str, arch: &str) -> Result<Self, ParsePlatformError> {
        let unknown = |what: &str, name: &str| ParsePlatformError {
            text: format!("{os}/{arch}"),
            reason: format!("{name:?} is no {what}"),
        };
        Ok(Self {
            os: *OPERATING_SYSTEMS
                .iter()
                .find(|known| **known == os)
                .ok_or_else(|| unknown("GOOS", os))?,
            arch: *ARCHITECTURES
                .iter()
                .find(|known| **known == arch)
                .ok_or_else(|| unknown("GOARCH", arch))?,
        })
    }

    /// The platform that this program runs on, in Go's words.
    ///
    /// # Errors
    /// When Go has no word for it.
    pub fn host() -> Result<Self, ParsePlatformError> {
        let os = match std::env::consts::OS {
            "macos" => "darwin",
            other => other,
        };
        let arch = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
            "loongarch64" => "loong64",
            other => other,
        };
        Self::new(os, arch)
    }

    /// GOOS.
    #[must_use]
    pub fn os(self) -> &'static str {
        self.os
    }

    /// GOARCH.
    #[must_use]
    pub fn arch(self) -> &'static str {
        self.arch
    }

    /// The suffix of executables: `.exe` or nothing.
    #[must_use]
    pub fn exe(self) -> &'static str {
        if self.os == "windows" { ".exe" } else { "" }
    }

    /// `GOOS_GOARCH`, the directory below `pkg/tool`.
    #[must_use]
    pub fn tool_dir(self) -> String {
        format!("{}_{}", self.os, self.arch)
    }

    /// `GOOS-GOARCH`, as toolchain modules and this program's cache write it.
    #[must_use]
    pub fn dashed(self) -> String {
        format!("{}-{}", self.os, self.arch)
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.arch)
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Platform {
    type Err = ParsePlatformError;

    /// Takes `GOOS/GOARCH`, `GOOS-GOARCH` and the `GOOS_GOARCH` of `pkg/tool`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (os, arch) = text.split_once(['/', '-', '_']).ok_or_else(|| ParsePlatformError {
            text: text.to_owned(),
            reason: "it has no separator".to_owned(),
        })?;
        Self::new(os, arch).map_err(|error| ParsePlatformError { text: text.to_owned(), ..error })
    }
}

impl Serialize for Platform {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Platform {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("linux/amd64", "linux/amd64")]
    #[case("windows-amd64", "windows/amd64")]
    #[case("windows_arm64", "windows/arm64")]
    fn each_spelling_of_a_platform_is_read(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(text.parse::<Platform>().unwrap().to_string(), shown);
    }

    #[rstest]
    #[case("linux")]
    #[case("linux/x86_64")]
    #[case("Linux/amd64")]
    #[case("linux/amd64/v1")]
    #[case(" linux/amd64")]
    #[case("../amd64")]
    #[case("")]
    fn text_that_names_no_platform_is_refused(#[case] text: &str) {
        let error = text.parse::<Platform>().unwrap_err();
        assert_eq!(error.text, text);
    }

    #[test]
    fn names_of_windows() {
        let platform = Platform::WINDOWS_AMD64;
        assert_eq!((platform.exe(), platform.tool_dir().as_str()), (".exe", "windows_amd64"));
    }
}
