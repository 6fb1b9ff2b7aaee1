//! Semantic versions as modules have them.

use super::EscapeError;
use super::path::{check_path, split_path_version};

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
fn number(text: &str) -> Option<(&str, &str)> {
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
pub fn version_parts(version: &str) -> Option<Parts<'_>> {
    let (major, rest) = number(version.strip_prefix('v')?)?;
    let mut parts = Parts { major, minor: "0", patch: "0", prerelease: "", build: "" };
    if rest.is_empty() {
        return Some(parts);
    }
    let (minor, rest) = number(rest.strip_prefix('.')?)?;
    parts.minor = minor;
    if rest.is_empty() {
        return Some(parts);
    }
    let (patch, rest) = number(rest.strip_prefix('.')?)?;
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

/// The canonical form of a semantic version: `v1` gives `v1.0.0`, and of build metadata only
/// `+incompatible` stays. `None` when it is not a semantic version.
#[must_use]
pub fn canonical_version(version: &str) -> Option<String> {
    let Parts { major, minor, patch, prerelease, build } = version_parts(version)?;
    let build = if build == "+incompatible" { build } else { "" };
    Some(format!("v{major}.{minor}.{patch}{prerelease}{build}"))
}

/// Whether `version` is a semantic version in canonical form.
#[must_use]
pub fn is_canonical_version(version: &str) -> bool {
    canonical_version(version).as_deref() == Some(version)
}

/// Checks that `path` is a module path, `version` a semantic version, and that they go together:
/// `/v2` with `v2.…`, no suffix with `v0`, `v1` or `+incompatible`.
///
/// # Errors
/// With what is wrong.
pub fn check(path: &str, version: &str) -> Result<(), EscapeError> {
    check_path(path)?;
    let fail = |reason: String| EscapeError::Version { version: version.to_owned(), reason };
    let parts = version_parts(version).ok_or_else(|| fail("not a semantic version".to_owned()))?;
    let (_, suffix) = split_path_version(path).unwrap_or_default();
    let suffix = suffix.strip_suffix("-unstable").unwrap_or(suffix);
    let major = format!("v{}", parts.major);
    // Early pseudo-versions of gopkg.in packages at .v1 began with v0.0.0, and are still required.
    if suffix == ".v1" && version.starts_with("v0.0.0-") {
        return Ok(());
    }
    let should = match suffix.get(1..) {
        None | Some("") if matches!(&*major, "v0" | "v1") || parts.build == "+incompatible" => {
            return Ok(());
        }
        None | Some("") => "v0 or v1",
        Some(wanted) if wanted == major => return Ok(()),
        Some(wanted) => wanted,
    };
    Err(fail(format!("should be {should}, not {major}")))
}
