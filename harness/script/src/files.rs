//! Removing trees that a module cache has made read-only.

use std::fs;
use std::io;
use std::path::Path;

/// Most folders in one another that are gone through.
// A script writes the tree, and this is recursive.
const DEEPEST: usize = 256;

/// Removes a file or a folder with all that is in it; nothing there is no error.
pub(crate) fn remove_all(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
        Ok(found) if found.is_dir() => {
            // Removing a name needs write permission for its folder; go makes the folders of its
            // module cache 0555.
            writable(path, DEEPEST);
            fs::remove_dir_all(path)
        }
        Ok(_) => {
            #[cfg(windows)]
            unlock(path);
            remove_file(path)
        }
    }
}

/// Windows keeps links to folders apart from those to files.
fn remove_file(path: &Path) -> io::Result<()> {
    fs::remove_file(path).or_else(|e| if cfg!(windows) { fs::remove_dir(path) } else { Err(e) })
}

/// Gives all folders below and including this the right to change; errors show when it is removed.
fn writable(dir: &Path, depth: usize) {
    unlock(dir);
    let Some(depth) = depth.checked_sub(1) else { return };
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => writable(&entry.path(), depth),
            #[cfg(windows)]
            Ok(kind) if kind.is_file() => unlock(&entry.path()),
            _ => {}
        }
    }
}

#[cfg(unix)]
fn unlock(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o777));
}

#[cfg(windows)]
#[expect(
    clippy::permissions_set_readonly_false,
    reason = "Windows has no mode that it would widen"
)]
fn unlock(path: &Path) {
    if let Ok(found) = fs::metadata(path) {
        let mut permissions = found.permissions();
        permissions.set_readonly(false);
        let _ = fs::set_permissions(path, permissions);
    }
}

#[cfg(not(any(unix, windows)))]
fn unlock(_path: &Path) {}

#[cfg(test)]
mod tests {
    use super::remove_all;

    #[test]
    fn read_only_files_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("a/b");
        std::fs::create_dir_all(&inner).unwrap();
        let file = inner.join("f");
        std::fs::write(&file, "x").unwrap();
        for path in [file, inner, dir.path().join("a")] {
            let mut permissions = std::fs::metadata(&path).unwrap().permissions();
            permissions.set_readonly(true);
            std::fs::set_permissions(&path, permissions).unwrap();
        }
        remove_all(&dir.path().join("a")).unwrap();
        assert!(!dir.path().join("a").exists());
        remove_all(&dir.path().join("a")).unwrap();
    }
}
