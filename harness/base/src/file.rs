//! Atomic and durable file writes: a reader sees the old file or the whole new one, and a finished
//! write survives a power failure.
//!
//! A file is written in its folder under a temporary name, synced, and renamed; then the folder is
//! synced, because the rename itself is lost otherwise. [`write`] does all of it for bytes in memory,
//! [`Pending`] for files that are written piece by piece, [`publish`] for files and folders that
//! another program has made.
//!
//! Many files that become visible together (a folder that is renamed when it is finished) need not
//! be synced one by one: write them with [`write_unsynced`], then [`sync_tree`] the folder once.
//!
//! New files have the rights that the process gives to any file (`0666` less its umask), except
//! with [`Pending::private`]. On Windows they have the rights of their folder.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use tempfile::{NamedTempFile, TempPath};

/// A file that is being written. Dropping it without [`commit`](Self::commit) removes it.
#[derive(Debug)]
pub struct Pending {
    file: File,
    temporary: TempPath,
    place: PathBuf,
}

impl Pending {
    /// Begins a file that will be at `place`. Its folder must be there.
    ///
    /// # Errors
    /// When no file can be created in that folder.
    pub fn new(place: &Path) -> io::Result<Self> {
        Self::with_prefix(place, ".tmp")
    }

    /// The same, with a temporary name that begins with `prefix`, so that files left by a killed
    /// process can be recognised and removed.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_prefix(place: &Path, prefix: &str) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(prefix);
        // tempfile makes 0600. The final file should have what any program's file has: the umask
        // takes its bits away.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        Ok(Self::of(builder.tempfile_in(folder_of(place))?, place))
    }

    /// The same, readable by its owner only (mode 0600) on systems with such permissions.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn private(place: &Path) -> io::Result<Self> {
        Ok(Self::of(NamedTempFile::new_in(folder_of(place))?, place))
    }

    fn of(file: NamedTempFile, place: &Path) -> Self {
        let (file, temporary) = file.into_parts();
        Self { file, temporary, place: place.to_owned() }
    }

    /// The file, to be written to and read back.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Syncs the file, renames it to its name (replacing a file of that name), and syncs the folder.
    ///
    /// # Errors
    /// When it cannot be synced or renamed. A file of that name is unchanged then.
    pub fn commit(self) -> io::Result<()> {
        self.file.sync_all()?;
        let folder = folder_of(&self.place).to_owned();
        self.commit_unsynced()?;
        sync_folder(&folder);
        Ok(())
    }

    /// Syncs the file and renames it, and not the folder: after a power failure the name may be missing,
    /// or what had it before may be there again, and never a part of the file.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub fn commit_contents(self) -> io::Result<()> {
        self.file.sync_all()?;
        self.commit_unsynced()
    }

    /// Renames it without syncing: after a power failure the file may be missing or empty.
    ///
    /// # Errors
    /// As [`commit`](Self::commit).
    pub fn commit_unsynced(self) -> io::Result<()> {
        let Self { file, temporary, place } = self;
        // Windows does not rename a file that this process has open for writing.
        drop(file);
        let temporary = temporary.keep().map_err(|e| e.error)?;
        rename(&temporary, &place).inspect_err(|_| {
            let _ = fs::remove_file(&temporary);
        })
    }

    /// [`commit`](Self::commit), unless something has the name already.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] when it has, or as [`commit`](Self::commit).
    pub fn commit_new(self) -> io::Result<()> {
        self.file.sync_all()?;
        // link(2) and unlink(2) on Unix: unlike a check before renaming, it cannot lose a race.
        self.temporary.persist_noclobber(&self.place).map_err(|e| e.error)?;
        sync_folder(folder_of(&self.place));
        Ok(())
    }
}

/// Writes a file atomically and durably; a missing folder is created.
///
/// # Errors
/// When it cannot be written. A file that was there is unchanged then.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    written(path, bytes)?.commit()
}

/// The same without syncing. Call [`sync_tree`] before relying on the file.
///
/// # Errors
/// As [`write`].
pub fn write_unsynced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    written(path, bytes)?.commit_unsynced()
}

fn written(path: &Path, bytes: &[u8]) -> io::Result<Pending> {
    fs::create_dir_all(folder_of(path))?;
    let mut pending = Pending::new(path)?;
    pending.file().write_all(bytes)?;
    Ok(pending)
}

/// Syncs a finished file or folder and moves it to its place on the same file system.
///
/// # Errors
/// When it cannot be synced or renamed. It stays where it was then.
pub fn publish(finished: &Path, place: &Path) -> io::Result<()> {
    sync_tree(finished)?;
    rename(finished, place)?;
    sync_folder(folder_of(place));
    Ok(())
}

/// Renames, replacing a file of that name.
///
/// # Errors
/// When it cannot be renamed. Both files are unchanged then.
#[cfg(not(windows))]
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)
}

/// Renames, replacing a file of that name. Windows can refuse that while another process reads the
/// file to be replaced, so it is retried for one second.
///
/// # Errors
/// When it cannot be renamed. Both files are unchanged then.
#[cfg(windows)]
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    // Scanners and readers hold a file for milliseconds; one that is held for a second is in use.
    let mut tries = 200;
    loop {
        match fs::rename(from, to) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied && tries > 0 => {
                tries -= 1;
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            result => return result,
        }
    }
}

/// Waits until a file, or a folder with all below it, is on the medium. On Linux this syncs the
/// whole file system, which for thousands of files takes a tenth of the time or less.
///
/// # Errors
/// When a file may not be on the medium.
#[cfg(target_os = "linux")]
pub fn sync_tree(path: &Path) -> io::Result<()> {
    let file = File::open(path)?;
    // One journal commit for all files instead of one for each.
    if file.metadata()?.is_dir() { Ok(rustix::fs::syncfs(file)?) } else { file.sync_all() }
}

/// Waits until a file, or a folder with all below it, is on the medium.
///
/// # Errors
/// When a file may not be on the medium.
#[cfg(not(target_os = "linux"))]
pub fn sync_tree(path: &Path) -> io::Result<()> {
    for entry in walkdir::WalkDir::new(path).contents_first(true) {
        let entry = entry?;
        if entry.file_type().is_file() {
            // FlushFileBuffers needs a handle with write access.
            File::options().read(true).write(cfg!(windows)).open(entry.path())?.sync_all()?;
        } else if entry.file_type().is_dir() {
            sync_folder(entry.path());
        }
    }
    Ok(())
}

/// Syncs the names in a folder. Errors are ignored: some file systems cannot sync folders, and the
/// files themselves are synced already.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Windows has no handle to sync a folder through; its file systems log changes of names in order.
#[cfg(not(unix))]
pub fn sync_folder(_: &Path) {}

/// Refuses what is there and is no regular file. To open a pipe can wait for ever, and to read a device
/// can have no end.
///
/// # Errors
/// When there is something else, or it cannot be seen.
pub fn regular(path: &Path) -> io::Result<()> {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_file() => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
        }
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Opens a regular file for reading.
///
/// # Errors
/// When it cannot be opened, or is no regular file.
pub fn open(path: &Path) -> io::Result<File> {
    regular(path)?;
    File::open(path)
}

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
/// When it cannot be read, is no regular file, or is larger.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let text = format!("it is larger than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(bytes)
}

/// The reason why a file with a secret is not safe: its permissions let others read or replace it.
#[must_use]
pub fn exposure(path: &Path) -> Option<&'static str> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).ok()?.permissions().mode();
        match mode & 0o777 {
            // Reading by the group is let pass: secrets are often handed to a service by its group.
            mode if mode & 0o022 != 0 => Some("others than its owner can change it"),
            mode if mode & 0o004 != 0 => Some("everybody can read it"),
            _ => None,
        }
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn writing_replaces_what_is_there_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/a");
        write(&path, b"one").unwrap();
        write_unsynced(&path, b"two").unwrap();
        sync_tree(folder.path()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(path.parent().unwrap()), ["a"]);
    }

    #[test]
    fn only_regular_files_within_the_limit_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        write(&path, b"four").unwrap();
        assert_eq!(read(&path, 4).unwrap(), b"four");
        assert_eq!(read(&path, 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(folder.path(), 9).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        #[cfg(unix)]
        assert_eq!(
            read(Path::new("/dev/zero"), 9).unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
    }

    #[test]
    fn uncommitted_file_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut pending = Pending::new(&folder.path().join("a")).unwrap();
        pending.file().write_all(b"half").unwrap();
        drop(pending);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn a_failed_rename_leaves_the_old_and_no_temporary_file() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a");
        fs::create_dir_all(place.join("full")).unwrap();
        assert!(write(&place, b"x").is_err());
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn commit_new_never_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        Pending::private(&path).unwrap().commit_new().unwrap();
        let again = Pending::private(&path).unwrap().commit_new();
        assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(names(folder.path()), ["key"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[cfg(unix)]
    #[test]
    fn secrets_that_others_can_read_or_change_are_noticed() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "x").unwrap();
        for (mode, want) in [
            (0o600, None),
            (0o640, None),
            (0o644, Some("everybody can read it")),
            (0o620, Some("others than its owner can change it")),
            (0o602, Some("others than its owner can change it")),
        ] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(exposure(&path), want, "{mode:o}");
        }
        assert_eq!(exposure(&folder.path().join("absent")), None);
    }

    #[test]
    fn publish_moves_files_and_folders() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("made/sub")).unwrap();
        fs::write(at("made/sub/f"), "x").unwrap();
        publish(&at("made"), &at("place")).unwrap();
        publish(&at("place/sub/f"), &at("f")).unwrap();
        assert_eq!(fs::read(at("f")).unwrap(), b"x");
        assert!(!at("made").exists());
    }
}
