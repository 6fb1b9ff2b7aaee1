//! Module paths and versions: what they may be, and how they are written in URLs and file names.
//!
//! # Escaping
//!
//! File systems may fold case, so an uppercase letter is written as an exclamation mark and its
//! lowercase: `github.com/Azure/azure-sdk-for-go` is `github.com/!azure/azure-sdk-for-go`, and the
//! version `v1.0.0-RC1` is `v1.0.0-!r!c1`. A raw uppercase letter, a `!` that no lowercase letter
//! follows and anything beyond ASCII are refused on the way back, so that there is one spelling.
//!
//! # Module paths
//!
//! Elements parted by slashes, of ASCII letters, digits and `-._~`. The first is lowercase, has a
//! dot and no leading dash. No element begins or ends with a dot, is a name that Windows reserves
//! (`con`, `aux.h`), or ends in a tilde and digits as Windows' short names do. A last element `vN` has N ≥ 2 without
//! leading zero or dot; under `gopkg.in/` the path ends in `.vN` or `.vN-unstable` instead.
//!
//! # Versions
//!
//! A version is canonical when it is `vMAJOR.MINOR.PATCH[-PRERELEASE]`, all numbers without leading
//! zeros, with no build metadata but `+incompatible`. In a URL a version need not be that (a branch
//! may be asked for); it must be one element of a file path, without an exclamation mark.
//!
//! Source: golang.org/x/mod/module and golang.org/x/mod/semver.

mod encode;
mod path;
mod version;

pub use encode::{escape_path, escape_version, unescape_path, unescape_version};
pub use path::{check_file_path, check_path, split_path_version};
pub use version::{canonical_version, check, is_canonical_version};

/// A path or version is not valid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EscapeError {
    /// A module path breaks a rule.
    #[error("malformed module path {path:?}: {reason}")]
    Path {
        /// The path.
        path: String,
        /// The rule.
        reason: String,
    },
    /// The path of a file breaks a rule.
    #[error("malformed file path {path:?}: {reason}")]
    FilePath {
        /// The path.
        path: String,
        /// The rule.
        reason: String,
    },
    /// A version breaks a rule.
    #[error("version {version:?} invalid: {reason}")]
    Version {
        /// The version.
        version: String,
        /// The rule.
        reason: String,
    },
    /// The escaped form is not one.
    #[error("invalid escaped form {0:?}: uppercase letters are written !x, and nothing else is")]
    Escape(String),
}
