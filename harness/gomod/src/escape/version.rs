//! The versions of modules.

use super::EscapeError;
use super::path::{check_path, split_path_version};
use crate::semver::{Parts, parts};

/// The canonical form of a semantic version: `v1` gives `v1.0.0`, and of build metadata only
/// `+incompatible` stays. `None` when it is not a semantic version.
#[must_use]
pub fn canonical_version(version: &str) -> Option<String> {
    let Parts { major, minor, patch, prerelease, build } = parts(version)?;
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
    let parts = parts(version).ok_or_else(|| fail("not a semantic version".to_owned()))?;
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
