//! The names of a bundle's files, checked before any file is opened: in a folder and in an archive
//! alike, so that a hostile bundle can name nothing outside itself, nothing that is no regular file,
//! and no terminal control characters.

use std::collections::BTreeMap;
use std::path::Path;

/// Most files of a bundle.
pub const MAX_FILES: usize = 1_000_000;
/// Most bytes of all its files together.
pub const MAX_BYTES: u64 = 4 << 30;
/// Longest name, in bytes.
const MAX_NAME: usize = 512;
/// Deepest folder.
const MAX_DEPTH: usize = 16;

/// A bundle whose names cannot be those of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// A name that Twinproof does not write.
    #[error("{0:?} cannot be a file of a bundle")]
    Name(String),
    /// A name that is there twice.
    #[error("{0} is there twice")]
    Twice(String),
    /// Something that is no regular file.
    #[error("{0} is no regular file")]
    Kind(String),
    /// More than a bundle can have.
    #[error("it has more than {0}")]
    Limit(&'static str),
    /// A folder that cannot be read.
    #[error("{path:?} cannot be read: {error}")]
    Unreadable {
        /// The folder.
        path: String,
        /// The system's error.
        error: String,
    },
}

/// The files of a bundle: name with `/` → size in bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    files: BTreeMap<String, u64>,
    bytes: u64,
}

impl Names {
    /// The files below a folder. Links are not followed.
    ///
    /// # Errors
    /// When something is there that cannot be of a bundle.
    pub fn of(folder: &Path) -> Result<Self, NameError> {
        let mut names = Self::default();
        // One level deeper than allowed, so that a folder that is too deep is seen and refused.
        for entry in walkdir::WalkDir::new(folder).max_depth(MAX_DEPTH + 1) {
            let unreadable = |e: walkdir::Error| NameError::Unreadable {
                path: e.path().unwrap_or(folder).display().to_string(),
                error: e.io_error().map_or_else(|| e.to_string(), ToString::to_string),
            };
            let entry = entry.map_err(unreadable)?;
            if entry.depth() == 0 || entry.file_type().is_dir() && entry.depth() <= MAX_DEPTH {
                continue;
            }
            let name = crate::slashed::slashed(&entry, folder);
            let size = entry.metadata().map_err(unreadable)?.len();
            names.add(name, entry.file_type().is_file(), size)?;
        }
        Ok(names)
    }

    /// Adds a file; `regular` says whether it is one.
    ///
    /// # Errors
    /// When it cannot be of a bundle.
    pub fn add(&mut self, name: String, regular: bool, size: u64) -> Result<(), NameError> {
        if !is_name(&name) {
            return Err(NameError::Name(name));
        }
        if !regular {
            return Err(NameError::Kind(name));
        }
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > MAX_BYTES {
            return Err(NameError::Limit("4 GiB"));
        }
        if self.files.len() >= MAX_FILES {
            return Err(NameError::Limit("a million files"));
        }
        if self.files.insert(name.clone(), size).is_some() {
            return Err(NameError::Twice(name));
        }
        Ok(())
    }

    /// The names, sorted.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }
}

/// Whether Twinproof writes such a name: words of letters, digits, `-`, `_` and `.`, joined by `/`.
#[must_use]
pub fn is_name(name: &str) -> bool {
    // No separator of Windows, no colon (a drive or an alternate stream there), no control
    // character: a name means the same file on every system.
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let word = |w: &str| !matches!(w, "" | "." | "..") && w.bytes().all(fits);
    name.len() <= MAX_NAME && name.split('/').count() <= MAX_DEPTH && name.split('/').all(word)
}

#[cfg(test)]
mod tests {
    use super::{NameError, Names, is_name};
    use rstest::rstest;

    #[rstest]
    #[case("run-manifest.json", true)]
    #[case("records/image_bookworm/path/gobin-unset.json", true)]
    #[case("", false)]
    #[case("a//b", false)]
    #[case("../trav", false)]
    #[case("a/../b", false)]
    #[case("/etc/passwd", false)]
    #[case("C:\\x", false)]
    #[case("a\nOK: 0 changed", false)]
    #[case("a\u{1b}[2J", false)]
    #[case("n\u{e4}me", false)]
    fn only_names_that_twinproof_writes_are_accepted(#[case] name: &str, #[case] want: bool) {
        assert_eq!(is_name(name), want);
    }

    #[test]
    fn duplicates_links_and_excess_are_refused() {
        let mut names = Names::default();
        names.add("a".into(), true, 1).unwrap();
        assert_eq!(names.add("a".into(), true, 1), Err(NameError::Twice("a".into())));
        assert_eq!(names.add("b".into(), false, 1), Err(NameError::Kind("b".into())));
        assert_eq!(names.add("c".into(), true, u64::MAX), Err(NameError::Limit("4 GiB")));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_and_a_socket_in_a_folder_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("run-manifest.json"), "{}").unwrap();
        assert_eq!(
            Names::of(dir.path()).unwrap().iter().collect::<Vec<_>>(),
            ["run-manifest.json"]
        );
        let link = dir.path().join("results.json");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        assert_eq!(Names::of(dir.path()), Err(NameError::Kind("results.json".into())));
        std::fs::remove_file(&link).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("s")).unwrap();
        assert_eq!(Names::of(dir.path()), Err(NameError::Kind("s".into())));
    }
}
