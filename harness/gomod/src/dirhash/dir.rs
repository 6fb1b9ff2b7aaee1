//! The hash of a directory tree.

use std::fs::File;
use std::path::{Component, Path, PathBuf};

use walkdir::WalkDir;

use super::h1::{DirHashError, FileHash, H1, hash_files, hash_reader};
use super::pool;

/// The `h1:` hash of the tree at `dir`, whose files are named `prefix/…` in it.
///
/// For a module unpacked from its zip the prefix is `path@version`. Symbolic links to files count
/// as those files; directories behind symbolic links are an error.
///
/// # Errors
/// When the tree cannot be read, or a name has a newline or is not UTF-8.
pub fn hash_dir(dir: &Path, prefix: &str) -> Result<H1, DirHashError> {
    hash_files(&dir_files(dir, prefix)?)
}

/// The files of the tree at `dir` with their hashes, sorted by name. See [`hash_dir`].
///
/// # Errors
/// When the tree cannot be read, or a name has a newline or is not UTF-8.
pub fn dir_files(dir: &Path, prefix: &str) -> Result<Vec<FileHash>, DirHashError> {
    let prefix = prefix.trim_end_matches('/');
    let mut files: Vec<(String, PathBuf)> = Vec::new();
    // As Go's `filepath.Walk`, which `dirhash.DirFiles` uses: a link at the root is no directory.
    for entry in WalkDir::new(dir).follow_root_links(false) {
        let entry = entry.map_err(|e| DirHashError::Read {
            path: e.path().unwrap_or(dir).to_path_buf(),
            source: e.into(),
        })?;
        if entry.file_type().is_dir() {
            continue;
        }
        if entry.depth() == 0 {
            return Err(DirHashError::NotADirectory(dir.to_path_buf()));
        }
        let relative = entry.path().strip_prefix(dir).unwrap_or(entry.path());
        let mut name = prefix.to_owned();
        for component in relative.components() {
            let Component::Normal(part) = component else { continue };
            let part = part
                .to_str()
                .ok_or_else(|| DirHashError::NotUtf8(relative.to_string_lossy().into_owned()))?;
            if !name.is_empty() {
                name.push('/');
            }
            name.push_str(part);
        }
        if name.contains('\n') {
            return Err(DirHashError::Newline(name));
        }
        files.push((name, entry.into_path()));
    }
    let work = |(): &mut (), i: usize| -> Result<FileHash, DirHashError> {
        let Some((name, path)) = files.get(i) else {
            return Err(DirHashError::NotADirectory(dir.to_path_buf()));
        };
        let (sha256, _) = File::open(path)
            .and_then(hash_reader)
            .map_err(|source| DirHashError::Read { path: path.clone(), source })?;
        Ok(FileHash { name: name.clone(), sha256 })
    };
    let mut hashed = pool::run(files.len(), || (), work)?;
    hashed.sort();
    Ok(hashed)
}
