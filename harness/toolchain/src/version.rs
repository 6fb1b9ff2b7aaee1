//! A version of Go, parsed strictly and ordered as Go orders its releases.
//!
//! It is not a semantic version: `1.22rc1` has no dash, comes before `1.22.0`, and `1.20` (before
//! Go 1.21 a release had no `.0`) is its own name. Development builds (`devel go1.28-…`) have none.
//!
//! Source: `internal/gover` of every Go distribution.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::platform::Platform;

/// The module whose versions are Go's toolchains.
pub const TOOLCHAIN_MODULE: &str = "golang.org/toolchain";

/// Beta, release candidate or release: in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Stage {
    Beta(u32),
    Candidate(u32),
    Release(u32),
}

/// A version of Go, such as 1.22.5 or 1.27rc1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    minor: u32,
    stage: Stage,
}

/// The text is not a version of Go.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a version of Go: {reason}; write 1.22.5, go1.22.5 or 1.27rc1")]
pub struct ParseVersionError {
    /// The text.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Version {
    /// The release `1.minor.patch`.
    #[must_use]
    pub const fn release(minor: u32, patch: u32) -> Self {
        Self { minor, stage: Stage::Release(patch) }
    }

    /// The number after `1.`.
    #[must_use]
    pub fn minor(self) -> u32 {
        self.minor
    }

    /// The name that `VERSION` and `go version` have: `go1.22.5`.
    #[must_use]
    pub fn go_name(self) -> String {
        format!("go{self}")
    }

    /// The version of [`TOOLCHAIN_MODULE`] for this version and `platform`:
    /// `v0.0.1-go1.22.5.linux-amd64`. There are such modules from Go 1.21 on.
    #[must_use]
    pub fn module_version(self, platform: Platform) -> String {
        format!("v0.0.1-{}.{}", self.go_name(), platform.dashed())
    }

    /// Whether Go publishes this version as a module.
    #[must_use]
    pub fn has_module(self) -> bool {
        self.minor >= 21
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor)?;
        match self.stage {
            Stage::Beta(n) => write!(f, "beta{n}"),
            Stage::Candidate(n) => write!(f, "rc{n}"),
            // Go's own names: `go1.20` was the first of its releases, `go1.21.0` is.
            Stage::Release(0) if self.minor < 21 => Ok(()),
            Stage::Release(n) => write!(f, ".{n}"),
        }
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A decimal number without sign or leading zero.
fn number(text: &str) -> Option<u32> {
    // `1.021` would be another spelling of a release, and another name in the cache.
    let canonical = text == "0" || !text.starts_with('0');
    (canonical && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

impl FromStr for Version {
    type Err = ParseVersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = |reason| ParseVersionError { text: text.to_owned(), reason };
        if text.starts_with("devel") {
            return Err(error("a development build is no release"));
        }
        let rest = text.strip_prefix("go").unwrap_or(text);
        let rest = rest.strip_prefix("1.").ok_or_else(|| error("it does not begin with 1."))?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (minor, rest) = rest.split_at(digits);
        let minor = number(minor).ok_or_else(|| error("the number after 1. is not one"))?;
        let bad = || error("what follows 1.N is neither .P, rcN nor betaN");
        let stage = if let Some(patch) = rest.strip_prefix('.') {
            Stage::Release(number(patch).ok_or_else(bad)?)
        } else if let Some(n) = rest.strip_prefix("rc") {
            Stage::Candidate(number(n).ok_or_else(bad)?)
        } else if let Some(n) = rest.strip_prefix("beta") {
            Stage::Beta(number(n).ok_or_else(bad)?)
        } else if rest.is_empty() && minor < 21 {
            Stage::Release(0)
        } else if rest.is_empty() {
            return Err(error("from 1.21 on a release has three numbers"));
        } else {
            return Err(bad());
        };
        Ok(Self { minor, stage })
    }
}

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("1.22.5", "go1.22.5")]
    #[case("go1.27.3", "go1.27.3")]
    #[case("1.20", "go1.20")]
    #[case("1.21rc2", "go1.21rc2")]
    fn each_spelling_of_a_release_is_read(#[case] text: &str, #[case] name: &str) {
        assert_eq!(text.parse::<Version>().unwrap().go_name(), name);
    }

    #[rstest]
    #[case("1.22")]
    #[case("v1.22.5")]
    #[case("1.022.5")]
    #[case("1.22.05")]
    #[case("1.22.5-X:nocoverageredesign")]
    #[case("devel go1.28-abcdef")]
    #[case("gogo1.22.5")]
    #[case("1.22.5\r")]
    #[case("2.0.0")]
    #[case("1.99999999999.1")]
    #[case("")]
    fn text_that_names_no_release_is_refused(#[case] text: &str) {
        assert_eq!(text.parse::<Version>().unwrap_err().text, text);
    }

    #[test]
    fn order_is_that_of_time() {
        let names = [
            "1.20",
            "1.21beta1",
            "1.21rc2",
            "1.21rc10",
            "1.21.0",
            "1.21.13",
            "1.22.5",
            "1.22.10",
            "1.27.3",
        ];
        let versions: Vec<Version> = names.iter().map(|name| name.parse().unwrap()).collect();
        let mut sorted = versions.clone();
        sorted.sort();
        assert_eq!(versions, sorted);
    }

    #[test]
    fn module_version_names_version_and_platform() {
        let version = Version::release(22, 5);
        assert_eq!(
            version.module_version(Platform::WINDOWS_AMD64),
            "v0.0.1-go1.22.5.windows-amd64"
        );
    }

    proptest! {
        #[test]
        fn text_round_trips(minor in 0u32..200, patch in 0u32..200) {
            let version = Version::release(minor, patch);
            prop_assert_eq!(version.to_string().parse::<Version>().unwrap(), version);
        }
    }
}
