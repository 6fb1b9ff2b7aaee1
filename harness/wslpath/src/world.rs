//! The interface between the translation and a machine: mounts, environment, current
//! directory, symbolic links. Files are never opened.

use crate::drives::MountTable;

/// Longest path the kernel takes, in bytes, its final NUL included.
pub const PATH_MAX: usize = 4096;

/// Longest file name, in bytes.
pub const NAME_MAX: usize = 255;

/// Directory in which WSL keeps a link from each virtiofs tag to its Windows path.
pub const VIRTIOFS_TAGS: &[u8] = b"/run/wsl/virtiofs/";

/// The error of reading a link. The program treats [`Errno::NoEntry`] (fall back to the text) and
/// [`Errno::Invalid`] (it exists and is no link) differently from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errno {
    /// ENOENT: no entry has that name.
    NoEntry,
    /// ENOTDIR: a file was used as a directory.
    NotDirectory,
    /// EINVAL: it exists and is not a symbolic link.
    Invalid,
    /// ELOOP: too many symbolic links.
    Loop,
    /// ENAMETOOLONG: a name over 255 bytes, or a path of 4096 bytes and more.
    NameTooLong,
    /// Any other error of the system, by its number, or -1 where it gave none.
    Other(i32),
}

/// A machine as `wslpath` sees it.
pub trait World {
    /// The mounts of `/proc/self/mountinfo`; `None` where it cannot be read.
    fn mounts(&self) -> Option<&MountTable>;

    /// An environment variable; `None` where it is not set.
    ///
    /// The real program asks WSL's interop server for `WSL_DISTRO_NAME` where it is not set. There
    /// is no such server here: an unset name stays unset.
    fn var(&self, name: &str) -> Option<Vec<u8>>;

    /// The current directory, absolute and without links; `None` where it is gone.
    fn current_dir(&self) -> Option<Vec<u8>>;

    /// The target of the symbolic link at `path`, as `readlink(2)` gives it; relative paths start
    /// at the current directory.
    ///
    /// # Errors
    /// [`Errno::Invalid`] where `path` exists and is not a link, else the error of the walk to it.
    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, Errno>;
}
