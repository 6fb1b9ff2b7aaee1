//! The lock file: which versions are pinned, and the hashes that they must have.
//!
//! It is no authority beside the checksum database but a second one above it: a zip must have the
//! database's hash *and*, where it is pinned, the lock's. A made SDK has no zip; for it the lock
//! names the hash of the finished tree.
//!
//! ```toml
//! pinned = ["1.22.5"]
//!
//! [sdk."1.22.5"."linux/amd64"]
//! zip = "h1:…"      # of the toolchain zip, as in go.sum
//! tree = "h1:…"     # of the GOROOT: the same hash over names relative to it
//! ```

use std::collections::BTreeMap;

use serde::Deserialize;
use twinproof_gomod::H1;

use crate::error::Error;
use crate::platform::Platform;
use crate::version::Version;

/// The hashes of one SDK. At least one is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Locked {
    /// The `h1:` hash of the toolchain zip.
    pub zip: Option<H1>,
    /// The `h1:` hash of the GOROOT tree, names relative to it.
    pub tree: Option<H1>,
}

/// The lock file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The versions that the suites are written for, oldest first.
    pub pinned: Vec<Version>,
    #[serde(default)]
    sdk: BTreeMap<Version, BTreeMap<Platform, Locked>>,
}

impl Lock {
    /// The lock file that this program was built with.
    ///
    /// # Errors
    /// [`Error::Lock`] when it breaks a rule; a test of this crate keeps that from happening.
    pub fn embedded() -> Result<Self, Error> {
        Self::parse(include_str!("../sdk.lock.toml"))
    }

    /// Parses a lock file.
    ///
    /// # Errors
    /// [`Error::Lock`] with line and column when it is no TOML or has unknown keys, and when an SDK
    /// has no hash.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let lock: Self = toml::from_str(text).map_err(|error| Error::Lock(error.to_string()))?;
        for (version, platforms) in &lock.sdk {
            for (platform, locked) in platforms {
                if locked.zip.is_none() && locked.tree.is_none() {
                    return Err(Error::Lock(format!(
                        "go{version} for {platform} has neither zip nor tree"
                    )));
                }
            }
        }
        Ok(lock)
    }

    /// The locked hashes of this SDK.
    #[must_use]
    pub fn get(&self, version: Version, platform: Platform) -> Option<Locked> {
        self.sdk.get(&version)?.get(&platform).copied()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn embedded_lock_covers_what_is_pinned() {
        let lock = Lock::embedded().unwrap();
        assert_eq!(lock.pinned, [Version::release(22, 5), Version::release(27, 3)]);
        for version in &lock.pinned {
            let linux = lock.get(*version, Platform::LINUX_AMD64).unwrap();
            assert!(linux.zip.is_some() && linux.tree.is_some(), "go{version}");
            assert!(
                lock.get(*version, Platform::WINDOWS_AMD64).unwrap().tree.is_some(),
                "go{version}"
            );
        }
    }

    #[rstest]
    #[case("pinned = []\n[sdk.\"1.22.5\".\"linux/amd64\"]\n", "neither zip nor tree")]
    #[case("pinned = []\n[sdk.\"1.22.5\".\"linux/amd64\"]\nzip = \"h2:x\"\n", "line 3")]
    #[case("pinned = [\"1.22\"]\n", "three numbers")]
    #[case("pinned = []\nextra = 1\n", "unknown field")]
    fn mistakes_in_the_lock_are_refused(#[case] text: &str, #[case] part: &str) {
        let message = Lock::parse(text).unwrap_err().to_string();
        assert!(message.contains(part), "{message}");
    }
}
