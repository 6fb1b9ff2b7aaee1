//! Removes a directory with all its contents, read-only files included.

use std::io;
use std::path::Path;
use std::time::Duration;

/// Tries, and the pause between them: on Windows a file stays for a moment after its last user ended.
const TRIES: (u32, Duration) = (5, Duration::from_millis(40));

/// Removes `root` and everything in it, without following links.
///
/// # Errors
/// When something could not be removed.
pub(crate) fn remove(root: &Path) -> io::Result<()> {
    let mut tries = 0;
    loop {
        match std::fs::remove_dir_all(root) {
            Ok(()) => return Ok(()),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(e) if tries == TRIES.0 => return Err(e),
            Err(_) => {
                if tries > 0 {
                    std::thread::sleep(TRIES.1);
                }
                unlock(root);
                tries += 1;
            }
        }
    }
}

/// Makes directories (and on Windows files) removable; what fails here fails again at the removal,
/// which then says why.
fn unlock(path: &Path) {
    let Ok(metadata) = path.symlink_metadata() else { return };
    if metadata.is_symlink() {
        return;
    }
    make_writable(path);
    if metadata.is_dir()
        && let Ok(children) = std::fs::read_dir(path)
    {
        children.flatten().for_each(|child| unlock(&child.path()));
    }
}

#[cfg(unix)]
fn make_writable(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    if path.is_dir() {
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700));
    }
}

/// Takes the read-only attribute away.
#[cfg(not(unix))]
#[expect(clippy::permissions_set_readonly_false, reason = "an attribute, where there are no bits")]
pub(super) fn make_writable(path: &Path) {
    if let Ok(metadata) = path.symlink_metadata() {
        let mut permissions = metadata.permissions();
        permissions.set_readonly(false);
        let _ = std::fs::set_permissions(path, permissions);
    }
}
