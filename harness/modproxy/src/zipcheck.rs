//! The check of a zip that is complete: its rules, its limits and its hash, in one pass.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;

use twinproof_sumdb::H1;
use twinproof_sumdb::dirhash::{self, hash_files, zip_files_reader};

use crate::settings::Limits;

/// The hash of a module's zip, if the zip is a good one.
pub(crate) fn check(
    file: &File,
    module: &str,
    version: &str,
    limits: Limits,
) -> Result<H1, String> {
    let file = Arc::new(file.try_clone().map_err(|e| e.to_string())?);
    let limits = dirhash::Limits {
        compressed: limits.zip,
        uncompressed: limits.unpacked,
        ..dirhash::Limits::default()
    };
    let prefix = format!("{module}@{version}/");
    let files = zip_files_reader(Shared { file, position: 0 }, limits).map_err(|e| describe(&e))?;
    if let Some(wrong) = files.iter().find(|file| !file.name.starts_with(&prefix)) {
        return Err(format!("{:?} does not begin with {prefix}", wrong.name));
    }
    hash_files(&files).map_err(|e| describe(&e))
}

/// An error with its causes.
fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// A file that is read at a position of its own.
#[derive(Clone)]
struct Shared {
    file: Arc<File>,
    position: u64,
}

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        #[cfg(unix)]
        let n = std::os::unix::fs::FileExt::read_at(&*self.file, buffer, self.position)?;
        #[cfg(windows)]
        let n = std::os::windows::fs::FileExt::seek_read(&*self.file, buffer, self.position)?;
        self.position += n as u64;
        Ok(n)
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(n) => Some(n),
            SeekFrom::Current(n) => self.position.checked_add_signed(n),
            SeekFrom::End(n) => self.file.metadata()?.len().checked_add_signed(n),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
