//! A user's own folder below the system's folder for temporary files.

use std::io;
use std::path::PathBuf;

/// Makes this user's own folder for temporary files, or finds it: `twinproof-UID` on Unix, mode 0700,
/// because all users share the parent; `twinproof` on Windows, where the parent belongs to one user.
///
/// # Errors
/// When it cannot be made, or when another user made something of its name.
pub fn own_folder() -> io::Result<PathBuf> {
    #[cfg(unix)]
    return folder_of(&std::env::temp_dir(), rustix::process::getuid().as_raw());
    #[cfg(not(unix))]
    {
        let folder = std::env::temp_dir().join("twinproof");
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }
}

/// Makes or finds the folder of the user `owner` in `parent`.
#[cfg(unix)]
fn folder_of(parent: &std::path::Path, owner: u32) -> io::Result<PathBuf> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};

    let folder = parent.join(format!("twinproof-{owner}"));
    match std::fs::DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(at(&folder, &error)),
        Ok(()) => return Ok(folder),
    }
    // Another user could have made it first, to read or replace what is written there: a link counts
    // as its own owner's, so it is not followed.
    let found = std::fs::symlink_metadata(&folder).map_err(|error| at(&folder, &error))?;
    if found.is_dir() && found.uid() == owner {
        return Ok(folder);
    }
    let why = format!(
        "{} is not a folder of this user; remove it or set TMPDIR to a folder of your own",
        folder.display()
    );
    Err(io::Error::new(io::ErrorKind::PermissionDenied, why))
}

/// An error with the folder's path in front.
#[cfg(unix)]
fn at(folder: &std::path::Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", folder.display()))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    #[test]
    fn own_folder_is_private_and_found_again() {
        let parent = tempfile::tempdir().unwrap();
        let owner = parent.path().metadata().unwrap().uid();
        let folder = folder_of(parent.path(), owner).unwrap();
        assert_eq!(folder, parent.path().join(format!("twinproof-{owner}")));
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(folder_of(parent.path(), owner).unwrap(), folder);
    }

    #[test]
    fn folder_of_another_user_and_links_are_refused() {
        let parent = tempfile::tempdir().unwrap();
        let owner = parent.path().metadata().unwrap().uid();
        // Made by this user under the other's name, as the other could do the other way round.
        std::fs::create_dir(parent.path().join(format!("twinproof-{}", owner + 1))).unwrap();
        let error = folder_of(parent.path(), owner + 1).unwrap_err().to_string();
        assert!(error.contains("is not a folder of this user"), "{error}");
        assert!(error.contains("set TMPDIR"), "{error}");
        std::os::unix::fs::symlink("/", parent.path().join(format!("twinproof-{owner}"))).unwrap();
        assert_eq!(
            folder_of(parent.path(), owner).unwrap_err().kind(),
            io::ErrorKind::PermissionDenied
        );
    }
}
