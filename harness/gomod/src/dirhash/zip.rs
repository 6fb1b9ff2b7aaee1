//! The hash of a zip: entries are inflated and hashed as a stream, several at a time.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use zip::ZipArchive;
use zip::result::ZipError;

use super::h1::{DirHashError, FileHash, H1, hash_files, hash_reader};
use super::pool;
use twinproof_base::positional::read_at;

/// Upper bounds of a zip to hash. Passing one is an error, found before or while reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashLimits {
    /// Bytes of the zip itself.
    pub compressed: u64,
    /// Bytes of all contents together, as inflated, whatever the zip declares.
    pub uncompressed: u64,
    /// Entries.
    pub entries: u64,
}

impl Default for HashLimits {
    /// 500 MiB each way, as golang.org/x/mod/zip has it, and a million entries.
    fn default() -> Self {
        Self { compressed: 500 << 20, uncompressed: 500 << 20, entries: 1_000_000 }
    }
}

/// The `h1:` hash of the zip at `path`, within the default [`HashLimits`].
///
/// Uses all cores, and memory for the directory and one buffer a core, whatever the zip's size.
///
/// # Errors
/// When it is not a zip, an entry does not inflate to what its checksum says, or a name has a
/// newline or stands twice.
pub fn hash_zip(path: &Path) -> Result<H1, DirHashError> {
    hash_files(&zip_files(path, HashLimits::default())?)
}

/// The files of the zip at `path` with their hashes, sorted by name. See [`hash_zip`].
///
/// # Errors
/// As [`hash_zip`], and when a limit is passed.
pub fn zip_files(path: &Path, limits: HashLimits) -> Result<Vec<FileHash>, DirHashError> {
    let read = |source| DirHashError::Read { path: path.to_path_buf(), source };
    let file = File::open(path).map_err(read)?;
    let reader = SharedFile { file: Arc::new(file), position: 0 };
    zip_files_reader(reader, limits)
}

/// The `h1:` hash of the zip that `reader` gives, within the default [`HashLimits`].
///
/// The reader's clones must have positions of their own; a `Cursor<&[u8]>` has.
///
/// # Errors
/// As [`hash_zip`].
pub fn hash_zip_reader<R: Read + Seek + Clone + Send + Sync>(
    reader: R,
) -> Result<H1, DirHashError> {
    hash_files(&zip_files_reader(reader, HashLimits::default())?)
}

/// The files of the zip that `reader` gives, sorted by name. See [`hash_zip_reader`].
///
/// # Errors
/// As [`hash_zip`], and when a limit is passed.
pub fn zip_files_reader<R: Read + Seek + Clone + Send + Sync>(
    mut reader: R,
    limits: HashLimits,
) -> Result<Vec<FileHash>, DirHashError> {
    let size = reader.seek(SeekFrom::End(0)).map_err(DirHashError::Zip)?;
    if size > limits.compressed {
        return Err(DirHashError::Limit { what: "the zip, in bytes,", limit: limits.compressed });
    }
    let archive = ZipArchive::new(reader).map_err(zip_error)?;
    if archive.has_duplicate_names() {
        return Err(DirHashError::Duplicate);
    }
    if archive.len() as u64 > limits.entries {
        return Err(DirHashError::Limit { what: "the zip's entries", limit: limits.entries });
    }
    let left = AtomicU64::new(limits.uncompressed);
    let over = || DirHashError::Limit {
        what: "the zip's contents, in bytes,",
        limit: limits.uncompressed,
    };
    let work = |archive: &mut ZipArchive<R>, i: usize| -> Result<FileHash, DirHashError> {
        let entry = archive.by_index(i).map_err(zip_error)?;
        // Raw: the crate `zip` reads names without the UTF-8 flag as CP437, Go takes them as they
        // are.
        let name = std::str::from_utf8(entry.name_raw())
            .map_err(|_| {
                DirHashError::NotUtf8(String::from_utf8_lossy(entry.name_raw()).into_owned())
            })?
            .to_owned();
        if name.contains('\n') {
            return Err(DirHashError::Newline(name));
        }
        // One byte more than is left tells a content at the limit from one beyond it.
        let allowed = left.load(Ordering::Relaxed);
        let (sha256, read) = hash_reader(entry.take(allowed.saturating_add(1)))
            .map_err(|source| DirHashError::ReadEntry { name: name.clone(), source })?;
        // The budget is one for all threads: a zip whose contents are each below the limit may be
        // above it as a whole.
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(read))
            .map_err(|_| over())?;
        Ok(FileHash { name, sha256 })
    };
    // A clone shares the directory, and has a reader with a position of its own.
    let mut files = pool::run(archive.len(), || archive.clone(), work)?;
    files.sort();
    Ok(files)
}

fn zip_error(error: ZipError) -> DirHashError {
    DirHashError::Zip(match error {
        ZipError::Io(error) => error,
        other => io::Error::other(other),
    })
}

/// A file that many read at once, each at its own position.
#[derive(Clone)]
struct SharedFile {
    file: Arc<File>,
    position: u64,
}

impl Read for SharedFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = read_at(&self.file, buffer, self.position)?;
        self.position += n as u64;
        Ok(n)
    }
}

impl Seek for SharedFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(n) => Some(n),
            SeekFrom::Current(n) => self.position.checked_add_signed(n),
            SeekFrom::End(n) => self.file.metadata()?.len().checked_add_signed(n),
        };
        self.position = target.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "seek to a position before the start")
        })?;
        Ok(self.position)
    }
}
