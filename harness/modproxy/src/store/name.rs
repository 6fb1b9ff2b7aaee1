//! Names of files in the store: relative, with slashes, and never leading out of it.

use std::fmt;
use std::path::{Path, PathBuf};

/// The longest element of a name, in bytes: what file systems take, less room for a temporary name.
const MAX_ELEMENT: usize = 240;

/// The longest name, in bytes.
const MAX_NAME: usize = 1024;

/// A file's place in the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name(String);

/// A name that no file can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name is too long, or no file can have it")]
pub(crate) struct NoName;

impl Name {
    /// A name made of escaped paths and versions.
    pub(crate) fn new(name: impl Into<String>) -> Result<Self, NoName> {
        let name = name.into();
        let plain = |element: &str| {
            !matches!(element, "" | "." | "..")
                && element.len() <= MAX_ELEMENT
                && !element.contains(|c: char| {
                    c.is_control() || matches!(c, '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
                })
        };
        if name.len() <= MAX_NAME && name.split('/').all(plain) {
            Ok(Self(name))
        } else {
            Err(NoName)
        }
    }

    /// The file of a version: `ext` is `info`, `mod`, `zip` or `ziphash`.
    pub(crate) fn version(module: &str, version: &str, ext: &str) -> Result<Self, NoName> {
        Self::new(format!("{module}/@v/{version}.{ext}"))
    }

    /// The list of a module's versions.
    pub(crate) fn list(module: &str) -> Result<Self, NoName> {
        Self::new(format!("{module}/@v/list"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder it is in and its last element.
    pub(crate) fn split(&self) -> (&str, &str) {
        self.0.rsplit_once('/').unwrap_or(("", &self.0))
    }

    pub(crate) fn under(&self, root: &Path) -> PathBuf {
        self.0.split('/').fold(root.to_path_buf(), |path, element| path.join(element))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn names_lead_nowhere_else() {
        for bad in ["", "/a", "a/", "a//b", "../a", "a/../b", "a/.", "c:a", "a\\b", "a\0", "a\n"] {
            assert!(Name::new(bad).is_err(), "{bad:?}");
        }
        assert!(Name::new("a".repeat(241)).is_err());
        assert!(Name::new("github.com/!azure/x/@v/v1.0.0+incompatible.zip").is_ok());
    }
}
