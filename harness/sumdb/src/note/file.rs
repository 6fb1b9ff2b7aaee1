//! Signer keys in files: made, written and read without ever being printed.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use twinproof_base::file::Pending;

use super::key::{KeyError, Signer};

/// The longest file that is read, in bytes.
const MAX_FILE: u64 = 4 << 10;

/// An error in reading or writing a key file. No message has any of the file's content.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// The file cannot be read or written.
    #[error("cannot {action} the key file {}: {source}", path.display())]
    Io {
        /// The action that failed.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file does not hold a signer key.
    #[error(
        "{} has no signer key: it should have one line, PRIVATE+KEY+NAME+HASH+KEY", path.display()
    )]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// The name cannot be a key's.
    #[error(transparent)]
    Name(#[from] KeyError),
    /// The system gives no randomness.
    #[error("the system gives no random numbers: {0}")]
    Random(#[from] getrandom::Error),
}

impl Signer {
    /// A new key with this name, from the system's randomness.
    ///
    /// # Errors
    /// When the name is not one, or there is no randomness.
    pub fn generate(name: &str) -> Result<Self, KeyFileError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)?;
        Ok(Self::from_seed(name, seed)?)
    }

    /// Writes the key to a new file, which only its owner may read (where the file system knows
    /// owners; on Windows it has the rights of its directory).
    ///
    /// # Errors
    /// When it cannot be written, or there is a file already: a key is never overwritten.
    pub fn create_file(&self, path: &Path) -> Result<(), KeyFileError> {
        let failed =
            |source| KeyFileError::Io { action: "create", path: path.to_path_buf(), source };
        let mut pending = Pending::private(path).map_err(failed)?;
        writeln!(pending.file(), "{}", self.encode()).map_err(failed)?;
        pending.commit_new().map_err(failed)
    }

    /// Reads the key that [`create_file`](Self::create_file) has written. Space around it does not
    /// matter.
    ///
    /// # Errors
    /// When the file cannot be read, or has something else in it.
    pub fn read_file(path: &Path) -> Result<Self, KeyFileError> {
        let mut text = Vec::new();
        twinproof_base::file::open(path)
            .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut text))
            .map_err(|source| KeyFileError::Io {
                action: "read",
                path: path.to_path_buf(),
                source,
            })?;
        let text = std::str::from_utf8(&text).ok().filter(|text| text.len() as u64 <= MAX_FILE);
        text.and_then(|text| Self::new(text.trim()).ok())
            .ok_or_else(|| KeyFileError::NotAKey { path: path.to_path_buf() })
    }
}
