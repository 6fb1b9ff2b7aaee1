//! Entries that go into a container by one upload.

use twinproof_container::{ArchiveEntry, Error, Kind, Session};

/// Entries that wait for an upload, in their order.
#[derive(Default)]
pub(super) struct Gathered {
    entries: Vec<ArchiveEntry>,
    /// Size of all their files, in bytes.
    pub(super) bytes: usize,
}

impl Gathered {
    pub(super) fn add(&mut self, entry: ArchiveEntry) {
        if let Kind::File(content) = &entry.kind {
            self.bytes += content.len();
        }
        self.entries.push(entry);
    }

    /// Their paths, as they were given.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.path.as_str())
    }

    /// Uploads them under `dir`; nothing where there are none.
    ///
    /// # Errors
    /// As [`Session::upload`] says.
    pub(super) fn upload(&self, session: &Session, dir: &str) -> Result<(), Error> {
        if self.entries.is_empty() { Ok(()) } else { session.upload(dir, &self.entries) }
    }
}
