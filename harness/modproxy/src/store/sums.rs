//! Sums of a version's files from when they were written, by which damage of a disk is noticed.
//!
//! `VERSION.sums` has a line for each file, with its extension, a CRC-32 and its length; the first
//! line is the CRC-32 of the others. It is no protection against anybody who can write to the store.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::sync::PoisonError;

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
    let (own, rest) = text.split_once('\n')?;
    if u32::from_str_radix(own, 16).ok()? != crc32fast::hash(rest.as_bytes()) {
        return None;
    }
    let line = |line: &str| {
        let mut fields = line.split(' ');
        let (ext, crc, length) = (fields.next()?, fields.next()?, fields.next()?);
        let crc = u32::from_str_radix(crc, 16).ok()?;
        Some((ext.to_owned(), Sum { crc, length: length.parse().ok()? }))
    };
    rest.lines().map(line).collect()
}

fn format(sums: &Sums) -> String {
    let mut lines = String::new();
    for (ext, sum) in sums {
        // Writing to a String does not fail.
        let _ = writeln!(lines, "{ext} {:08x} {}", sum.crc, sum.length);
    }
    format!("{:08x}\n{lines}", crc32fast::hash(lines.as_bytes()))
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
        let mut sums = self.sums(module, version)?;
        sums.extend(files.iter().map(|(ext, sum)| ((*ext).to_owned(), *sum)));
        // Not synced: sums that a power failure destroys are computed again.
        let mut pending = self.create(&name)?.unsynced();
        let written = pending.file().write_all(format(&sums).as_bytes());
        written.map_err(|source| pending.error(source))?;
        pending.commit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_back_and_a_changed_byte_is_noticed() {
        let sums = Sums::from([("mod".to_owned(), Sum::of(b"module a\n"))]);
        let text = format(&sums);
        assert_eq!(parse(&text), Some(sums));
        for at in 0..text.len() {
            let mut damaged = text.clone().into_bytes();
            damaged[at] ^= 1;
            let damaged = String::from_utf8(damaged).unwrap();
            assert_eq!(parse(&damaged), None, "{damaged:?}");
        }
    }
}
