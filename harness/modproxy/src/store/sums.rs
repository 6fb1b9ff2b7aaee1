//! Sums of a version's files from when they were written, by which damage of a disk is noticed.
//!
//! `VERSION.sums` has a line for each file that was written: its extension, a CRC-32, its length, and the
//! CRC-32 of the line up to there. Of two lines for one extension the later counts. It is no protection
//! against anybody who can write to the store.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::sync::PoisonError;

use super::write::write_error;
use super::{Name, Store, StoreError};

/// The largest file of sums, in bytes.
const MAX_SUMS: u64 = 4 << 10;

/// The extension of the file of sums.
pub(crate) const SUMS: &str = "sums";

/// The size and sum of a file when it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) length: u64,
    pub(crate) crc: u32,
}

impl Sum {
    /// Of bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { length: bytes.len() as u64, crc: crc32fast::hash(bytes) }
    }

    /// Of a file, from where it stands.
    pub(crate) fn of_file(mut file: &File) -> io::Result<Self> {
        let mut hasher = crc32fast::Hasher::new();
        let mut buffer = vec![0; 256 << 10];
        let mut length = 0;
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(Self { length, crc: hasher.finalize() }),
                n => {
                    length += n as u64;
                    // CRC-32 notices what disks and file systems do by accident. Against changes on
                    // purpose there is the checksum database.
                    hasher.update(buffer.get(..n).unwrap_or_default());
                }
            }
        }
    }
}

/// The sums of a version, by extension.
pub(crate) type Sums = BTreeMap<String, Sum>;

fn parse(text: &str) -> Option<Sums> {
    let line = |line: &str| {
        let (line, own) = line.rsplit_once(' ')?;
        if u32::from_str_radix(own, 16).ok()? != crc32fast::hash(line.as_bytes()) {
            return None;
        }
        let mut fields = line.split(' ');
        let (ext, crc, length) = (fields.next()?, fields.next()?, fields.next()?);
        let crc = u32::from_str_radix(crc, 16).ok()?;
        Some((ext.to_owned(), Sum { crc, length: length.parse().ok()? }))
    };
    // A line that was cut at its end could still be read.
    text.strip_suffix('\n')?.split('\n').map(line).collect()
}

fn format<'s>(sums: impl IntoIterator<Item = (&'s str, Sum)>) -> String {
    let mut lines = String::new();
    for (ext, sum) in sums {
        let line = format!("{ext} {:08x} {}", sum.crc, sum.length);
        // Writing to a String does not fail.
        let _ = writeln!(lines, "{line} {:08x}", crc32fast::hash(line.as_bytes()));
    }
    lines
}

impl Store {
    /// The recorded checksums of a version's files. `module` and `version` are escaped. A damaged
    /// record is set aside.
    pub(crate) fn sums(&self, module: &str, version: &str) -> Result<Sums, StoreError> {
        let name = Name::version(module, version, SUMS)?;
        let Some((bytes, _)) = self.read(&name, MAX_SUMS)? else { return Ok(Sums::new()) };
        match std::str::from_utf8(&bytes).ok().and_then(parse) {
            Some(sums) => Ok(sums),
            None => {
                self.set_aside(&name, "it does not have the checksum of its own lines");
                Ok(Sums::new())
            }
        }
    }

    /// Records what files of a version are, once they are there. Both are escaped. Without a record
    /// a change is not noticed, which is no reason not to serve them.
    pub(crate) fn record(&self, module: &str, version: &str, files: &[(&str, Sum)]) {
        if self.read_only {
            return;
        }
        if let Err(error) = self.try_record(module, version, files) {
            tracing::debug!(%error, "checksums are not kept");
        }
    }

    fn try_record(
        &self,
        module: &str,
        version: &str,
        files: &[(&str, Sum)],
    ) -> Result<(), StoreError> {
        let name = Name::version(module, version, SUMS)?;
        let _one_at_a_time = self.recording.lock().unwrap_or_else(PoisonError::into_inner);
        let added = format(files.iter().copied());
        let mut sums = self.sums(module, version)?;
        // Three files of a version come one after the other: a new file for each costs more than they do.
        if !sums.is_empty()
            && let Some(mut file) = self.open_to_append(&name)
            && file
                .metadata()
                .is_ok_and(|m| m.is_file() && m.len() + added.len() as u64 <= MAX_SUMS)
        {
            return file.write_all(added.as_bytes()).map_err(|e| write_error(&name, e));
        }
        sums.extend(files.iter().map(|(ext, sum)| ((*ext).to_owned(), *sum)));
        // Not synced: sums that a power failure destroys are computed again.
        let mut pending = self.create(&name)?.unsynced();
        let all = format(sums.iter().map(|(ext, sum)| (ext.as_str(), *sum)));
        let written = pending.file().write_all(all.as_bytes());
        written.map_err(|source| pending.error(source))?;
        pending.commit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_back_and_a_changed_byte_is_noticed() {
        let sum = Sum::of(b"module a\n");
        let text = format([("mod", Sum::of(b"")), ("info", sum), ("mod", sum)]);
        assert_eq!(parse(&text), Some(["info", "mod"].map(|ext| (ext.to_owned(), sum)).into()));
        assert_eq!(parse(&text[..text.len() - 1]), None);
        assert_eq!(parse(""), None);
        for at in 0..text.len() {
            let mut damaged = text.clone().into_bytes();
            damaged[at] ^= 1;
            let damaged = String::from_utf8(damaged).unwrap();
            assert_eq!(parse(&damaged), None, "{damaged:?}");
        }
    }
}
