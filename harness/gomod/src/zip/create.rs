//! A module zip from the files of a tree.

use std::collections::HashSet;
use std::io;

use super::limits::ZipLimits;
use super::names::{Names, Tree, check_path, check_special, special};
use super::vendor::is_vendored;
use super::violation::{Reason, Refusal, Violation};
use super::write::{Raw, write};
use crate::gomodfile::GoMod;

/// A module zip, and what was left out of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The zip.
    pub zip: Vec<u8>,
    /// Files that do not belong in it, by path, and why.
    pub omitted: Vec<(String, Omission)>,
}

/// The reason why a file does not belong in a module's zip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Omission {
    /// The file is in a vendor directory.
    #[error("file is in vendor directory")]
    Vendored,
    /// The file is in another module: a directory above it, below the root, has a go.mod.
    #[error("file is in another module")]
    Submodule,
    /// `hg archive` adds this file to every archive.
    #[error("file is inserted by 'hg archive' and is always omitted")]
    HgArchive,
}

/// There is no module zip of these files.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// The files cannot be those of a module version.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The zip cannot be written.
    #[error("writing the zip")]
    Write(#[from] io::Error),
}

/// Makes the zip of a module version from paths relative to its root, with slashes, and contents.
///
/// The same files in the same order give the same bytes. Files that do not belong in a module's zip
/// are left out, as golang.org/x/mod/zip leaves them out. A path that begins with `..` is refused
/// always; x/mod leaves it out when there is a go.mod beside it.
///
/// # Errors
/// When a path, a size or a collision breaks a rule of module zips.
pub fn create<P: AsRef<str>, D: AsRef<[u8]>>(
    module: &str,
    version: &str,
    files: &[(P, D)],
) -> Result<Created, CreateError> {
    let limits = ZipLimits::default();
    Names::new(module, version).map_err(Refusal::from)?;
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(path, data)| (path.as_ref(), data.as_ref())).collect();
    let modules = modules(&files);
    let modern = files
        .iter()
        .rfind(|(path, _)| *path == "go.mod")
        .is_some_and(|(_, data)| GoMod::parse(data).is_ok_and(|go_mod| go_mod.go_at_least(1, 24)));
    let mut tree = Tree::default();
    let mut created = Created { zip: Vec::new(), omitted: Vec::new() };
    let mut entries = Vec::new();
    let mut violations = Vec::new();
    let mut total: u64 = 0;
    for (path, data) in files {
        match judge(path, data, &modules, modern, &mut tree, limits) {
            Ok(None) => {
                total = total.saturating_add(data.len() as u64);
                entries.push(Raw::new(format!("{module}@{version}/{path}"), data));
            }
            Ok(Some(omission)) => created.omitted.push((path.to_owned(), omission)),
            Err(reason) => violations.push(Violation::of(path.as_bytes(), reason)),
        }
    }
    if total > limits.uncompressed {
        let reason = Reason::ContentSize { limit: limits.uncompressed };
        violations.insert(0, Violation::whole(reason));
    }
    violations.truncate(Refusal::MAX);
    if !violations.is_empty() {
        return Err(Refusal { violations }.into());
    }
    created.zip = write(&entries)?;
    Ok(created)
}

fn judge(
    path: &str,
    data: &[u8],
    modules: &HashSet<&str>,
    modern: bool,
    tree: &mut Tree,
    limits: ZipLimits,
) -> Result<Option<Omission>, Reason> {
    if path.split('/').any(|element| matches!(element, "" | "." | "..")) {
        return Err(Reason::NotClean);
    }
    if is_vendored(path, modern) {
        return Ok(Some(Omission::Vendored));
    }
    if path.match_indices('/').any(|(at, _)| path.get(..at).is_some_and(|d| modules.contains(d))) {
        return Ok(Some(Omission::Submodule));
    }
    if path == ".hg_archival.txt" {
        return Ok(Some(Omission::HgArchive));
    }
    check_path(path)?;
    if path != "go.mod" && path.to_lowercase() == "go.mod" {
        return Err(Reason::GoModCase);
    }
    tree.add(path, false)?;
    check_special(special(path), data.len() as u64, limits)?;
    Ok(None)
}

/// The directories below the root that have a go.mod in whatever case.
fn modules<'a>(files: &[(&'a str, &[u8])]) -> HashSet<&'a str> {
    files
        .iter()
        .filter_map(|(path, _)| path.rsplit_once('/'))
        .filter(|(_, base)| base.eq_ignore_ascii_case("go.mod"))
        .map(|(directory, _)| directory)
        .collect()
}
