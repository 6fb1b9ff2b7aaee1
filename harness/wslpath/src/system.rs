//! The running machine, so that its own `wslpath` can be compared with the rules. Unix only: the
//! program runs nowhere else.

use crate::drives::MountTable;
use crate::virtiofs;
use crate::world::{Errno, VIRTIOFS_TAGS, World};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use thiserror::Error;

const MOUNTINFO: &str = "/proc/self/mountinfo";
/// Largest mount table read, in bytes: the kernel's limit of 100,000 mounts at a usual length.
const MOUNTINFO_MAX: u64 = 32 << 20;

/// An error in reading the state of the running machine.
#[derive(Debug, Error)]
pub enum SystemWorldError {
    /// The mount table is larger than any a kernel allows.
    #[error("{MOUNTINFO} is larger than {MOUNTINFO_MAX} bytes")]
    TooLarge,
}

/// The machine that this process runs on. Mounts are those of the time it was made; links,
/// environment and current directory are looked up when asked for.
#[derive(Debug)]
pub struct SystemWorld {
    mounts: Option<MountTable>,
}

impl SystemWorld {
    /// Reads the mount table. A machine without one (macOS) counts as having no drives.
    ///
    /// # Errors
    /// [`SystemWorldError::TooLarge`], where the table is over 32 MiB.
    pub fn current() -> Result<Self, SystemWorldError> {
        let mut text = Vec::new();
        let read = File::open(MOUNTINFO)
            .and_then(|file| file.take(MOUNTINFO_MAX + 1).read_to_end(&mut text));
        if text.len() as u64 > MOUNTINFO_MAX {
            return Err(SystemWorldError::TooLarge);
        }
        let flags = std::env::var_os("WSL_FEATURE_FLAGS").map(OsString::into_vec);
        // Where virtiofs is off, the folder of tags may be left from an earlier start and must not
        // be used.
        let enabled = virtiofs::is_enabled(flags.as_deref());
        let mounts = read.ok().map(|_| {
            MountTable::parse(&text, |tag| {
                enabled.then(|| read_link(&[VIRTIOFS_TAGS, tag].concat()).ok()).flatten()
            })
        });
        Ok(Self { mounts })
    }
}

impl World for SystemWorld {
    fn mounts(&self) -> Option<&MountTable> {
        self.mounts.as_ref()
    }

    fn var(&self, name: &str) -> Option<Vec<u8>> {
        std::env::var_os(name).map(OsString::into_vec)
    }

    fn current_dir(&self) -> Option<Vec<u8>> {
        std::env::current_dir().ok().map(|path| path.into_os_string().into_vec())
    }

    fn read_link(&self, path: &[u8]) -> Result<Vec<u8>, Errno> {
        read_link(path)
    }
}

fn read_link(path: &[u8]) -> Result<Vec<u8>, Errno> {
    match fs::read_link(Path::new(OsStr::from_bytes(path))) {
        Ok(target) => Ok(target.into_os_string().into_vec()),
        Err(error) => Err(errno(&error)),
    }
}

/// The number is what tells `ELOOP` and `ENAMETOOLONG` apart only for a reader: the rules treat
/// all but `ENOENT` and `EINVAL` alike.
fn errno(error: &io::Error) -> Errno {
    match error.kind() {
        io::ErrorKind::NotFound => Errno::NoEntry,
        io::ErrorKind::InvalidInput => Errno::Invalid,
        io::ErrorKind::NotADirectory => Errno::NotDirectory,
        io::ErrorKind::InvalidFilename => Errno::NameTooLong,
        _ => Errno::Other(error.raw_os_error().unwrap_or(-1)),
    }
}
