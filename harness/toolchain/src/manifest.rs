//! The files of a GOROOT and their hashes.
//!
//! A tree's hash is the `h1:` of [`twinproof_gomod::dirhash`] over names relative to the GOROOT.
//! Toolchain zips cannot hold a `go.mod` below their root, so it is called `_go.mod` there; a
//! GOROOT has its right name. Times and modes do not count.

use std::collections::BTreeMap;
use std::path::Path;

use twinproof_gomod::H1;
use twinproof_gomod::dirhash::{
    DirHashError, FileHash, HashLimits, dir_files, hash_files, zip_files,
};

use crate::error::Error;
use crate::platform::Platform;
use crate::version::{TOOLCHAIN_MODULE, Version};

/// Limits of a toolchain zip and a GOROOT: releases have 76 MB, 230 MB, 12 100 files.
pub(crate) const LIMITS: HashLimits =
    HashLimits { compressed: 400 << 20, uncompressed: 1 << 30, entries: 60_000 };

/// Files by name (relative, with slashes) with the SHA-256 of their contents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The files.
    pub files: BTreeMap<String, [u8; 32]>,
}

/// The prefix of every name in a toolchain zip.
pub(crate) fn zip_prefix(version: Version, platform: Platform) -> String {
    format!("{TOOLCHAIN_MODULE}@{}/", version.module_version(platform))
}

/// The name in a GOROOT of the file `name` in a toolchain zip, both without prefix.
pub(crate) fn restored(name: &str) -> String {
    match name.strip_suffix("_go.mod") {
        Some(dir) if dir.ends_with('/') => format!("{dir}go.mod"),
        _ => name.to_owned(),
    }
}

fn hash_error(path: &Path) -> impl FnOnce(DirHashError) -> Error + '_ {
    move |error| match error {
        DirHashError::Read { path, source } => Error::Io { action: "read", path, source },
        other => Error::BadZip { zip: path.to_path_buf(), reason: other.to_string() },
    }
}

impl Manifest {
    /// The files of the GOROOT at `dir`.
    ///
    /// # Errors
    /// When a file cannot be read or has a name that is not UTF-8.
    pub fn of_dir(dir: &Path) -> Result<Self, Error> {
        dir_files(dir, "").map(Self::from_hashes).map_err(hash_error(dir))
    }

    /// The files of the toolchain zip at `path`: its own hash, and the GOROOT it unpacks to.
    ///
    /// # Errors
    /// When it is no zip, passes the limits, or has a name outside its prefix.
    pub fn of_zip(path: &Path, version: Version, platform: Platform) -> Result<(H1, Self), Error> {
        let files = zip_files(path, LIMITS).map_err(hash_error(path))?;
        let zip = hash_files(&files).map_err(hash_error(path))?;
        let prefix = zip_prefix(version, platform);
        let mut manifest = Self::default();
        for file in files {
            let bad = |reason: &str| Error::BadZip {
                zip: path.to_path_buf(),
                reason: format!("{:?} {reason}", file.name),
            };
            let name = file
                .name
                .strip_prefix(&prefix)
                .ok_or_else(|| bad("is outside the module's prefix"))?;
            if name.is_empty() || name.ends_with('/') {
                continue;
            }
            // A module's zip cannot hold a go.mod of another module, so releases carry it as
            // `_go.mod`.
            if manifest.files.insert(restored(name), file.sha256).is_some() {
                return Err(bad("stands twice once go.mod has its name"));
            }
        }
        Ok((zip, manifest))
    }

    fn from_hashes(files: Vec<FileHash>) -> Self {
        Self { files: files.into_iter().map(|file| (file.name, file.sha256)).collect() }
    }

    /// The hash of the tree.
    ///
    /// # Errors
    /// When a name has a newline.
    pub fn tree_hash(&self) -> Result<H1, Error> {
        self.hash_with(|name| name.to_owned())
    }

    /// The hash that the toolchain zip of this GOROOT has.
    ///
    /// # Errors
    /// When a name has a newline.
    pub fn zip_hash(&self, version: Version, platform: Platform) -> Result<H1, Error> {
        let prefix = zip_prefix(version, platform);
        self.hash_with(|name| match name.strip_suffix("go.mod") {
            Some(dir) if dir.ends_with('/') => format!("{prefix}{dir}_go.mod"),
            _ => format!("{prefix}{name}"),
        })
    }

    fn hash_with(&self, rename: impl Fn(&str) -> String) -> Result<H1, Error> {
        let files: Vec<FileHash> = self
            .files
            .iter()
            .map(|(name, sha256)| FileHash { name: rename(name), sha256: *sha256 })
            .collect();
        hash_files(&files).map_err(hash_error(Path::new("the file list")))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("src/_go.mod", "src/go.mod")]
    #[case("src/cmd/_go.mod", "src/cmd/go.mod")]
    #[case("src/x_go.mod", "src/x_go.mod")]
    #[case("_go.mod", "_go.mod")]
    #[case("src/_go.mod/x", "src/_go.mod/x")]
    fn an_escaped_go_mod_gets_its_name_back(#[case] zipped: &str, #[case] name: &str) {
        assert_eq!(restored(zipped), name);
    }
}
