//! The manifest of a bundle: the SHA-256 of every file in it, in the format of `sha256sum`.
//!
//! ```text
//! 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae  run-manifest.json
//! ```
//! Lines are sorted by path and there is no other spelling of a manifest, so any changed byte, of a
//! file or of the manifest, is found; `sha256sum -c MANIFEST.sha256` finds changed files too.

use crate::bundle_names::{NameError, Names, is_name};
use std::collections::BTreeMap;
use std::path::Path;

/// Name of the manifest in a bundle.
pub const NAME: &str = "MANIFEST.sha256";

/// The hashes of a bundle's files by path, with `/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    files: BTreeMap<String, String>,
}

/// A defect of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestProblem {
    /// The manifest is not as it was written.
    #[error("{NAME}, line {0}: not as Twinproof writes it")]
    Malformed(usize),
    /// A file is not as it was written.
    #[error("{path}: changed (SHA-256 is {actual}, the manifest says {expected})")]
    Changed {
        /// The file.
        path: String,
        /// SHA-256 in the manifest.
        expected: String,
        /// SHA-256 of the file.
        actual: String,
    },
    /// A file is gone.
    #[error("{0}: missing")]
    Missing(String),
    /// A file was not there.
    #[error("{0}: not in the manifest")]
    Added(String),
    /// Something is there that cannot be of a bundle.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A file cannot be read.
    #[error("{path}: cannot be read: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// The system's error.
        error: String,
    },
}

impl Manifest {
    /// Hashes every file below the folder but the manifest itself.
    ///
    /// # Errors
    /// When a file cannot be read, or is no regular file.
    pub fn of(bundle: &Path) -> Result<Self, ManifestProblem> {
        let mut files = BTreeMap::new();
        for name in Names::of(bundle)?.iter().filter(|name| *name != NAME) {
            let unreadable = |error: std::io::Error| ManifestProblem::Unreadable {
                path: name.to_owned(),
                error: error.to_string(),
            };
            let mut file = std::fs::File::open(bundle.join(name)).map_err(unreadable)?;
            let hash = twinproof_base::hash::sha256(&mut file).map_err(unreadable)?;
            files.insert(name.to_owned(), hash);
        }
        Ok(Self { files })
    }

    /// Number of files in the manifest.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether it lists none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The one spelling of it.
    #[must_use]
    pub fn render(&self) -> String {
        self.files.iter().map(|(path, hash)| format!("{hash}  {path}\n")).collect()
    }

    /// Reads the one spelling of it.
    ///
    /// # Errors
    /// When it is spelled in any other way.
    pub fn parse(text: &str) -> Result<Self, ManifestProblem> {
        let mut files = BTreeMap::new();
        for (number, line) in text.lines().enumerate() {
            let malformed = || ManifestProblem::Malformed(number + 1);
            let (hash, path) = line.split_once("  ").ok_or_else(malformed)?;
            let fits = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            if hash.len() != 64 || !hash.chars().all(fits) || !is_name(path) {
                return Err(malformed());
            }
            if files.insert(path.to_owned(), hash.to_owned()).is_some() {
                return Err(malformed());
            }
        }
        let manifest = Self { files };
        let rendered = manifest.render();
        if rendered != text {
            let same = rendered.lines().zip(text.lines()).take_while(|(a, b)| a == b).count();
            return Err(ManifestProblem::Malformed(same + 1));
        }
        Ok(manifest)
    }

    /// Everything in which the bundle differs from this manifest.
    #[must_use]
    pub fn problems(&self, bundle: &Path) -> Vec<ManifestProblem> {
        let there = match Self::of(bundle) {
            Ok(there) => there.files,
            Err(problem) => return vec![problem],
        };
        let mut problems = Vec::new();
        for (path, expected) in &self.files {
            match there.get(path) {
                None => problems.push(ManifestProblem::Missing(path.clone())),
                Some(actual) if actual != expected => problems.push(ManifestProblem::Changed {
                    path: path.clone(),
                    expected: expected.clone(),
                    actual: actual.clone(),
                }),
                Some(_) => {}
            }
        }
        let added = there.keys().filter(|path| !self.files.contains_key(*path));
        problems.extend(added.map(|path| ManifestProblem::Added(path.clone())));
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::{Manifest, ManifestProblem, NAME};

    fn bundle() -> (tempfile::TempDir, Manifest) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("d")).unwrap();
        std::fs::write(dir.path().join("d/a"), "one").unwrap();
        std::fs::write(dir.path().join("b"), "two").unwrap();
        let manifest = Manifest::of(dir.path()).unwrap();
        std::fs::write(dir.path().join(NAME), manifest.render()).unwrap();
        (dir, manifest)
    }

    #[test]
    fn any_changed_byte_of_the_manifest_is_found() {
        let (dir, manifest) = bundle();
        let text = manifest.render();
        assert_eq!(Manifest::parse(&text).unwrap(), manifest);
        for at in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= 1;
            let found = match String::from_utf8(bytes).map(|t| Manifest::parse(&t)) {
                Ok(Ok(other)) => !other.problems(dir.path()).is_empty(),
                _ => true,
            };
            assert!(found, "byte {at}");
        }
    }

    #[test]
    fn changed_missing_and_added_files_are_found() {
        let (dir, manifest) = bundle();
        assert_eq!(manifest.problems(dir.path()), []);
        std::fs::write(dir.path().join("b"), "twO").unwrap();
        std::fs::remove_file(dir.path().join("d/a")).unwrap();
        std::fs::write(dir.path().join("c"), "").unwrap();
        let problems = manifest.problems(dir.path());
        assert!(matches!(&problems[0], ManifestProblem::Changed { path, .. } if path == "b"));
        assert_eq!(problems[1], ManifestProblem::Missing("d/a".into()));
        assert_eq!(problems[2], ManifestProblem::Added("c".into()));
    }
}
