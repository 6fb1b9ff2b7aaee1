//! Contents that one reader takes apart while all of it goes past another.

use super::contents::Contents;
use super::leaks::{Scan, Scanned};
use std::io::{self, Read};

/// Contents, with a scan that sees every byte that is read.
pub(super) struct Tee<'d> {
    contents: Contents<'d>,
    scan: Scan<'d>,
}

impl<'d> Tee<'d> {
    pub(super) fn new(contents: Contents<'d>, scan: Scan<'d>) -> Self {
        Self { contents, scan }
    }

    /// Result of the scan.
    pub(super) fn finish(self) -> Scanned {
        self.scan.finish()
    }
}

impl Read for Tee<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.contents.read(buffer)?;
        self.scan.push(buffer.get(..read).unwrap_or_default());
        Ok(read)
    }
}
