//! The hash over file hashes, and its text.

use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use twinproof_base::base64;

/// An `h1:` hash. `Display` and `FromStr` are its text in go.sum; JSON has the same text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct H1(pub [u8; 32]);

impl fmt::Display for H1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "h1:{}", base64::encode(&self.0))
    }
}

impl fmt::Debug for H1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not an `h1:` hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed hash {0:?}: expected h1: and the base64 of 32 bytes")]
pub struct ParseH1Error(pub String);

impl FromStr for H1 {
    type Err = ParseH1Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_prefix("h1:")
            .and_then(base64::decode32)
            .map(Self)
            .ok_or_else(|| ParseH1Error(text.to_owned()))
    }
}

impl Serialize for H1 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for H1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// An error in hashing.
#[derive(Debug, thiserror::Error)]
pub enum DirHashError {
    /// A file or directory cannot be read.
    #[error("reading {}", path.display())]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// The I/O error.
        source: io::Error,
    },
    /// An entry of a zip cannot be read.
    #[error("reading {name:?} in the zip")]
    ReadEntry {
        /// The entry.
        name: String,
        /// The error of decompression or I/O.
        source: io::Error,
    },
    /// The input is not a zip.
    #[error("not a readable zip")]
    Zip(#[source] io::Error),
    /// The path is not a directory.
    #[error("{} is not a directory", .0.display())]
    NotADirectory(PathBuf),
    /// A name has a newline.
    #[error("file name {0:?} has a newline, which h1: hashes do not allow")]
    Newline(String),
    /// A name is not UTF-8.
    #[error("file name {0:?} is not UTF-8")]
    NotUtf8(String),
    /// A name stands twice.
    #[error("the zip has two entries with the same name")]
    Duplicate,
    /// A limit is passed.
    #[error("{what} is over the limit of {limit}")]
    Limit {
        /// The quantity that was counted, with its unit.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
}

/// A file's name and the hash of its content: one line of the summary.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileHash {
    /// Name, with slashes.
    pub name: String,
    /// SHA-256 of the content.
    pub sha256: [u8; 32],
}

/// The `h1:` hash over files, which need not be sorted.
///
/// # Errors
/// [`DirHashError::Newline`] when a name has one.
pub fn hash_files(files: &[FileHash]) -> Result<H1, DirHashError> {
    let mut sorted: Vec<&FileHash> = files.iter().collect();
    // By bytes, as Go's `sort.Strings`: `h1:` is the hash of `sha256sum` lines sorted with
    // LC_ALL=C.
    sorted.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    let mut summary = Sha256::new();
    let mut line = Vec::new();
    for file in sorted {
        if file.name.contains('\n') {
            return Err(DirHashError::Newline(file.name.clone()));
        }
        line.clear();
        for byte in file.sha256 {
            line.extend(
                [byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]),
            );
        }
        line.extend_from_slice(b"  ");
        line.extend_from_slice(file.name.as_bytes());
        line.push(b'\n');
        summary.update(&line);
    }
    Ok(H1(summary.finalize().into()))
}

/// The `h1:` hash of a go.mod, as the `/go.mod` lines of go.sum have it.
#[must_use]
pub fn hash_go_mod(go_mod: &[u8]) -> H1 {
    let mut summary = Sha256::new();
    for byte in Sha256::digest(go_mod) {
        summary.update(format!("{byte:02x}"));
    }
    summary.update("  go.mod\n");
    H1(summary.finalize().into())
}

/// The SHA-256 of all that `reader` gives, and how many bytes that is. Uses 64 KiB.
pub(super) fn hash_reader(mut reader: impl Read) -> io::Result<([u8; 32], u64)> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    let mut total = 0;
    loop {
        let n = match reader.read(&mut buffer) {
            Ok(0) => return Ok((hash.finalize().into(), total)),
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        hash.update(buffer.get(..n).unwrap_or_default());
        total += n as u64;
    }
}
