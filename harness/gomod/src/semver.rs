//! Semantic versions as Go has them: with a `v`, and `v1` and `v1.2` for short.
//!
//! | version | canonical | major | prerelease | build |
//! | --- | --- | --- | --- | --- |
//! | `v1.2.3-pre+meta` | `v1.2.3-pre` | `v1` | `-pre` | `+meta` |
//! | `v1.2` | `v1.2.0` | `v1` | | |
//! | `v2.0.0+incompatible` | `v2.0.0` | `v2` | | `+incompatible` |
//! | `1.2.3`, `v01.2.3`, `v1.2-pre` | invalid | | | |
//!
//! Order is that of semver.org: numbers by value, a prerelease before its release, its parts one
//! by one (numbers by value and before words, words by their bytes, fewer before more). Build
//! metadata does not count. All invalid versions are equal, and come first.
//!
//! The canonical form here drops all build metadata. That of a module's version keeps
//! `+incompatible`: [`crate::escape::canonical_version`].
//!
//! Source: golang.org/x/mod/semver.

use std::cmp::Ordering;

/// The parts of `vMAJOR[.MINOR[.PATCH[-PRERELEASE][+BUILD]]]`, as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts<'a> {
    /// The major number, without `v`. Numbers have as many digits as they like.
    pub major: &'a str,
    /// The minor number; `0` when it is not there.
    pub minor: &'a str,
    /// The patch number; `0` when it is not there.
    pub patch: &'a str,
    /// The prerelease with its dash, or nothing.
    pub prerelease: &'a str,
    /// The build metadata with its plus sign, or nothing.
    pub build: &'a str,
}

/// Takes a number without leading zeros off the front.
fn take_number(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let canonical = digits == "0" || (!digits.is_empty() && !digits.starts_with('0'));
    canonical.then_some((digits, rest))
}

/// Whether `text` is dot-separated identifiers; numeric ones without leading zeros if `strict`.
fn identifiers(text: &str, strict: bool) -> bool {
    text.split('.').all(|part| {
        let numeric = part.bytes().all(|b| b.is_ascii_digit());
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !(strict && numeric && part.len() > 1 && part.starts_with('0'))
    })
}

/// Takes a semantic version apart; `None` when it is none.
#[must_use]
pub fn parts(version: &str) -> Option<Parts<'_>> {
    let (major, rest) = take_number(version.strip_prefix('v')?)?;
    let mut parts = Parts { major, minor: "0", patch: "0", prerelease: "", build: "" };
    if rest.is_empty() {
        return Some(parts);
    }
    let (minor, rest) = take_number(rest.strip_prefix('.')?)?;
    parts.minor = minor;
    if rest.is_empty() {
        return Some(parts);
    }
    let (patch, rest) = take_number(rest.strip_prefix('.')?)?;
    parts.patch = patch;
    let (rest, build) = match rest.find('+') {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    (parts.prerelease, parts.build) = (rest, build);
    let prerelease_fits =
        rest.is_empty() || rest.strip_prefix('-').is_some_and(|p| identifiers(p, true));
    let build_fits =
        build.is_empty() || build.strip_prefix('+').is_some_and(|b| identifiers(b, false));
    (prerelease_fits && build_fits).then_some(parts)
}

/// Whether it is a semantic version.
#[must_use]
pub fn is_valid(version: &str) -> bool {
    parts(version).is_some()
}

/// The version with all three numbers and without build metadata.
#[must_use]
pub fn canonical(version: &str) -> Option<String> {
    let Parts { major, minor, patch, prerelease, .. } = parts(version)?;
    Some(format!("v{major}.{minor}.{patch}{prerelease}"))
}

/// `v` and the major number.
#[must_use]
pub fn major(version: &str) -> Option<&str> {
    version.get(..=parts(version)?.major.len())
}

/// `v`, the major and the minor number.
#[must_use]
pub fn major_minor(version: &str) -> Option<String> {
    let Parts { major, minor, .. } = parts(version)?;
    Some(format!("v{major}.{minor}"))
}

/// The prerelease with its dash; nothing where there is none, or no version.
#[must_use]
pub fn prerelease(version: &str) -> &str {
    parts(version).map_or("", |parts| parts.prerelease)
}

/// The build metadata with its plus sign; nothing where there is none, or no version.
#[must_use]
pub fn build(version: &str) -> &str {
    parts(version).map_or("", |parts| parts.build)
}

/// Orders two versions by precedence. Invalid ones are equal, and before all valid ones.
#[must_use]
pub fn compare(one: &str, other: &str) -> Ordering {
    match (parts(one), parts(other)) {
        (Some(one), Some(other)) => number(one.major, other.major)
            .then_with(|| number(one.minor, other.minor))
            .then_with(|| number(one.patch, other.patch))
            .then_with(|| prereleases(one.prerelease, other.prerelease)),
        (one, other) => one.is_some().cmp(&other.is_some()),
    }
}

/// Orders two versions by precedence, then by the bytes of their text: the order in which Go sorts
/// lists.
#[must_use]
pub fn compare_strictly(one: &str, other: &str) -> Ordering {
    compare(one, other).then_with(|| one.cmp(other))
}

/// Numbers without leading zeros, of any length.
fn number(one: &str, other: &str) -> Ordering {
    // Without leading zeros the longer number is the greater one.
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

fn prereleases(one: &str, other: &str) -> Ordering {
    match (one.strip_prefix('-'), other.strip_prefix('-')) {
        (Some(one), Some(other)) => {
            let (mut one, mut other) = (one.split('.'), other.split('.'));
            loop {
                let order = match (one.next(), other.next()) {
                    (Some(one), Some(other)) => identifier(one, other),
                    (None, None) => return Ordering::Equal,
                    // Semantic Versioning, rule 11: with equal identifiers so far the longer list
                    // is the greater.
                    (one, other) => return one.is_some().cmp(&other.is_some()),
                };
                if order.is_ne() {
                    return order;
                }
            }
        }
        // The one without is the release.
        (one, other) => other.is_some().cmp(&one.is_some()),
    }
}

fn identifier(one: &str, other: &str) -> Ordering {
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    match (is_number(one), is_number(other)) {
        (true, true) => number(one, other),
        (false, false) => one.cmp(other),
        // Semantic Versioning, rule 11: numbers come before words.
        (one, other) => other.cmp(&one),
    }
}
