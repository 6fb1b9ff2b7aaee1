//! A store with room for so many bytes: a file system in memory, mounted over the store's folder in a mount
//! namespace of the calling thread's own (Linux, with the privilege to mount).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Whether a store can be given a limited size here.
#[must_use]
pub fn limits_stores() -> bool {
    static FOUND: LazyLock<bool> = LazyLock::new(|| {
        // The thread ends, and its namespace with it.
        let tried = std::thread::spawn(|| {
            let folder = tempfile::tempdir()?;
            Room::mount(folder.path(), 4096).map(drop)
        });
        tried.join().is_ok_and(|mounted| mounted.is_ok())
    });
    *FOUND
}

/// The file system over a store. When this is dropped it is gone, with everything in it.
#[derive(Debug)]
#[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "there is none but on Linux"))]
pub(crate) struct Room(PathBuf);

impl Room {
    /// Mounts one with room for so many bytes, in whole pages. Only the calling thread, and
    /// programs that it starts later, see it.
    #[cfg(target_os = "linux")]
    pub(crate) fn mount(folder: &Path, bytes: u64) -> io::Result<Self> {
        use nix::mount::{MsFlags, mount};
        use nix::sched::{CloneFlags, unshare};
        const NONE: Option<&str> = None;
        unshare(CloneFlags::CLONE_NEWNS)?;
        // With shared propagation, systemd's default, the mount would appear on the host.
        mount(NONE, "/", NONE, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NONE)?;
        let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
        let size = format!("size={bytes},mode=0755");
        mount(Some("tmpfs"), folder, Some("tmpfs"), flags, Some(size.as_str()))?;
        Ok(Self(folder.to_owned()))
    }

    #[cfg(not(target_os = "linux"))]
    pub(crate) fn mount(_: &Path, _: u64) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(target_os = "linux")]
impl Drop for Room {
    fn drop(&mut self) {
        // A program with an open file of it keeps it alive; the folder is free all the same.
        let _ = nix::mount::umount2(&self.0, nix::mount::MntFlags::MNT_DETACH);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{Room, limits_stores};
    use std::io::ErrorKind;

    #[test]
    fn file_beyond_the_size_is_refused_and_the_mount_is_private() {
        if !limits_stores() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_owned();
        let within = std::thread::spawn(move || {
            let room = Room::mount(&path, 4096).unwrap();
            std::fs::write(path.join("fits"), [0; 4096]).unwrap();
            let refused = std::fs::write(path.join("more"), [0; 1]).unwrap_err().kind();
            drop(room);
            (refused, path.join("fits").exists())
        });
        assert_eq!(within.join().unwrap(), (ErrorKind::StorageFull, false));
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
