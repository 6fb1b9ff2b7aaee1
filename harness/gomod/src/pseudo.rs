//! Pseudo-versions: names for commits that have no tag, which sort among those that have.
//!
//! | form | of a commit after |
//! | --- | --- |
//! | `vX.0.0-yyyymmddhhmmss-abcdef123456` | no tag of that major version |
//! | `vX.Y.(Z+1)-0.yyyymmddhhmmss-abcdef123456` | `vX.Y.Z` |
//! | `vX.Y.Z-pre.0.yyyymmddhhmmss-abcdef123456` | `vX.Y.Z-pre` |
//!
//! The last two may end in `+incompatible`, which is then that of the tag too. The time is that of
//! the commit in UTC, the rest the beginning of its hash. A form with all of the time and the hash
//! zero is a placeholder.
//!
//! Source: golang.org/x/mod/module, and "Pseudo-versions" in the Go Modules Reference.

use crate::semver;

/// A pseudo-version taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pseudo<'a> {
    /// The part before the time: `vX.0.0`, `vX.Y.Z-0` or `vX.Y.Z-pre.0`.
    front: &'a str,
    /// Fourteen digits, `yyyymmddhhmmss`. They need not be a time there is: see [`Pseudo::time`].
    pub timestamp: &'a str,
    /// The beginning of the commit's hash.
    pub revision: &'a str,
    /// Build metadata with its plus sign, or nothing.
    pub build: &'a str,
}

/// A moment, as a pseudo-version has it: UTC, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "a field is what its name says")]
pub struct Time {
    pub year: u16,
    pub month: u8,
    pub day: u8,
    pub hour: u8,
    pub minute: u8,
    pub second: u8,
}

impl std::fmt::Display for Time {
    /// As RFC 3339 has it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { year, month, day, hour, minute, second } = self;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// A pseudo-version that names a tag which cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseError {
    /// There is build metadata, but no tag that it could be of.
    #[error("lacks base version, but has build metadata {0:?}")]
    Build(String),
    /// The tag would have a patch number below zero.
    #[error("version before {0} would have negative patch number")]
    NegativePatch(String),
}

/// Whether it is a pseudo-version.
#[must_use]
pub fn is_pseudo(version: &str) -> bool {
    Pseudo::parse(version).is_some()
}

/// The placeholder of a major version, such as `v1`.
#[must_use]
pub fn zero(major: &str) -> String {
    format!("{major}.0.0-00010101000000-000000000000")
}

/// Whether it is the placeholder of its major version.
#[must_use]
pub fn is_zero(version: &str) -> bool {
    semver::major(version).is_some_and(|major| zero(major) == version)
}

impl<'a> Pseudo<'a> {
    /// Takes a pseudo-version apart.
    #[must_use]
    pub fn parse(version: &'a str) -> Option<Self> {
        let build = semver::parts(version)?.build;
        let rest = version.strip_suffix(build)?;
        let (rest, revision) = rest.rsplit_once('-')?;
        // The time is behind the last dash, or behind the last dot behind that.
        let at = rest.rfind(['-', '.'])?;
        let (front, timestamp) = (rest.get(..at)?, rest.get(at + 1..)?);
        let fits = timestamp.len() == 14
            && timestamp.bytes().all(|b| b.is_ascii_digit())
            && revision.bytes().all(|b| b.is_ascii_alphanumeric());
        let front_fits = if rest.get(at..)?.starts_with('-') {
            semver::prerelease(front).is_empty() && front.ends_with(".0.0")
        } else {
            let prerelease = semver::prerelease(front);
            prerelease == "-0" || prerelease.ends_with(".0")
        };
        (fits && front_fits).then_some(Self { front, timestamp, revision, build })
    }

    /// The tag that it comes after, if it comes after one.
    ///
    /// # Errors
    /// When that could not be a tag.
    pub fn base(&self) -> Result<Option<String>, BaseError> {
        let prerelease = semver::prerelease(self.front);
        if prerelease.is_empty() {
            return if self.build.is_empty() {
                Ok(None)
            } else {
                Err(BaseError::Build(self.build.to_owned()))
            };
        }
        if prerelease != "-0" {
            let tag = self.front.strip_suffix(".0").unwrap_or(self.front);
            return Ok(Some(format!("{tag}{}", self.build)));
        }
        let release = self.front.strip_suffix("-0").unwrap_or(self.front);
        release
            .rsplit_once('.')
            .and_then(|(front, patch)| Some(format!("{front}.{}{}", before(patch)?, self.build)))
            .map(Some)
            .ok_or_else(|| BaseError::NegativePatch(release.to_owned()))
    }

    /// The time of the commit; `None` when there is no such day or hour.
    #[must_use]
    pub fn time(&self) -> Option<Time> {
        let field = |from: usize, to: usize| self.timestamp.get(from..to)?.parse::<u8>().ok();
        let time = Time {
            year: self.timestamp.get(..4)?.parse().ok()?,
            month: field(4, 6)?,
            day: field(6, 8)?,
            hour: field(8, 10)?,
            minute: field(10, 12)?,
            second: field(12, 14)?,
        };
        let leap = time.year.is_multiple_of(4)
            && (!time.year.is_multiple_of(100) || time.year.is_multiple_of(400));
        let days = match time.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        // No leap second: Go's `time.Parse` refuses `60`.
        let fits = (1..=days).contains(&time.day)
            && time.hour < 24
            && time.minute < 60
            && time.second < 60;
        fits.then_some(time)
    }
}

/// The number before this one, of any length.
fn before(number: &str) -> Option<String> {
    // Digits are borrowed by hand: a number of a version may be longer than any integer type.
    let kept = number.trim_end_matches('0');
    let last = kept.chars().next_back()?.to_digit(10)?;
    let front = kept.get(..kept.len() - 1)?;
    let nines = "9".repeat(number.len() - kept.len());
    match (front, last) {
        ("", 1) if !nines.is_empty() => Some(nines),
        _ => Some(format!("{front}{}{nines}", last - 1)),
    }
}
