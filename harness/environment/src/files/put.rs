//! Putting a file, a directory or a link in place.

use crate::driver::Put;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

const FILE_MODE: u32 = 0o644;
const DIR_MODE: u32 = 0o755;

/// An error in putting a file, a directory or a link in place.
#[derive(Debug)]
pub(crate) enum PutError {
    /// The file system refused.
    Io(io::Error),
    /// The path is not in the work directory.
    Outside,
    /// Links cannot be made there.
    NoLinks(io::Error),
}

impl From<io::Error> for PutError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Puts `what` at `path`, which must be in `root`, also after following the links on its way: a case
/// never writes anywhere else on this machine. A file or link that is there already is replaced, not
/// written through. Permission bits are set only where `keeps_modes`: elsewhere the attempt fails.
///
/// # Errors
/// See [`PutError`].
pub(crate) fn put(root: &Path, path: &Path, what: &Put, keeps_modes: bool) -> Result<(), PutError> {
    let set_mode = |path: &Path, mode| if keeps_modes { set_mode(path, mode) } else { Ok(()) };
    let path = inside(root, path, &set_mode)?;
    let existing = path.symlink_metadata().ok();
    match what {
        Put::Dir { mode } => {
            if !existing.is_some_and(|m| m.is_dir()) {
                std::fs::create_dir(&path)?;
            }
            set_mode(&path, mode.unwrap_or(DIR_MODE))?;
        }
        Put::File { bytes, mode } => {
            // Removed first: writing through a link would change a file elsewhere, and a read-only
            // file would refuse.
            if existing.is_some() {
                replace(&path)?;
            }
            // `create_new` fails if something takes the name in between, rather than following it.
            let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
            file.write_all(bytes)?;
            drop(file);
            set_mode(&path, mode.unwrap_or(FILE_MODE))?;
        }
        Put::Symlink { target } => {
            if existing.is_some() {
                replace(&path)?;
            }
            // Windows asks for a right or the developer mode.
            symlink(Path::new(target), &path).map_err(PutError::NoLinks)?;
        }
    }
    Ok(())
}

/// `path` with the links of its parent followed and missing parents made, if it stays in `root`.
fn inside(
    root: &Path,
    path: &Path,
    set_mode: &dyn Fn(&Path, u32) -> io::Result<()>,
) -> Result<PathBuf, PutError> {
    let path = root.join(path);
    let relative = path.strip_prefix(root).map_err(|_| PutError::Outside)?;
    let mut parts = Vec::new();
    for part in relative.components() {
        match part {
            Component::Normal(name) => parts.push(name),
            Component::CurDir => {}
            Component::ParentDir if parts.pop().is_some() => {}
            _ => return Err(PutError::Outside),
        }
    }
    let Some((last, parents)) = parts.split_last() else { return Ok(root.to_path_buf()) };
    let mut at = root.to_path_buf();
    for parent in parents {
        at.push(parent);
        // Each parent by itself: a link among them must be followed and looked at before anything
        // is made below it.
        if at.symlink_metadata().is_err() {
            std::fs::create_dir(&at)?;
            set_mode(&at, DIR_MODE)?;
        }
        at = dunce::canonicalize(&at)?;
        if !at.starts_with(root) {
            return Err(PutError::Outside);
        }
    }
    Ok(at.join(last))
}

fn replace(path: &Path) -> io::Result<()> {
    #[cfg(windows)]
    // Windows deletes no file that is read-only.
    super::remove::make_writable(path);
    std::fs::remove_file(path)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

/// There are no permission bits here; capabilities say so.
#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

/// On Windows a link records whether its target is a directory.
#[cfg(windows)]
fn symlink(target: &Path, path: &Path) -> io::Result<()> {
    let leads_to = path.parent().map_or_else(|| target.to_path_buf(), |p| p.join(target));
    if leads_to.is_dir() {
        std::os::windows::fs::symlink_dir(target, path)
    } else {
        std::os::windows::fs::symlink_file(target, path)
    }
}
