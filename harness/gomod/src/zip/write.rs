//! A writer of zips: the same entries give the same bytes.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::entry::{DEFLATED, STORED};
use super::layout::{CENTRAL, END, LOCAL};

/// An entry to be written as it is, whether it may stand in a module zip or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Raw {
    /// The name, as it is to stand there.
    pub name: Vec<u8>,
    /// The content.
    pub data: Vec<u8>,
    /// Unix mode with file type; 0 says nothing.
    pub mode: u32,
    /// Declares this uncompressed size instead of the true one.
    pub declare: Option<u32>,
}

impl Raw {
    /// An entry that tells the truth.
    pub fn new(name: impl Into<Vec<u8>>, data: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), data: data.into(), ..Self::default() }
    }
}

/// Writes a zip with these entries, in this order: deflated where that is shorter, times at the
/// beginning of 1980.
///
/// # Errors
/// When something does not fit: a name of more than 65,535 bytes, more entries than that, 4 GiB.
pub fn write(entries: &[Raw]) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut directory = Vec::new();
    for entry in entries {
        let deflated = deflate(&entry.data)?;
        let (method, body) = if deflated.len() < entry.data.len() {
            (DEFLATED, &deflated)
        } else {
            (STORED, &entry.data)
        };
        let offset = narrow(out.len())?;
        let mut common = Vec::new();
        // Version 2.0, UTF-8 names, the method, 1980-01-01 00:00.
        for field in [20, 1 << 11, method, 0, 0x21] {
            put16(&mut common, field);
        }
        put32(&mut common, crc32fast::hash(&entry.data));
        put32(&mut common, narrow(body.len())?);
        put32(&mut common, entry.declare.map_or_else(|| narrow(entry.data.len()), Ok)?);
        put16(&mut common, count(entry.name.len())?);
        put16(&mut common, 0);

        put32(&mut out, LOCAL);
        out.extend_from_slice(&common);
        out.extend_from_slice(&entry.name);
        out.extend_from_slice(body);

        put32(&mut directory, CENTRAL);
        // Written on Unix where there is a mode.
        put16(&mut directory, if entry.mode == 0 { 20 } else { 3 << 8 | 20 });
        directory.extend_from_slice(&common);
        // No comment, the first disk, no internal attributes.
        directory.extend_from_slice(&[0; 6]);
        // The upper half of the external attributes is `st_mode` where the zip says that Unix made
        // it.
        put32(&mut directory, entry.mode << 16);
        put32(&mut directory, offset);
        directory.extend_from_slice(&entry.name);
    }
    let offset = narrow(out.len())?;
    let entries = count(entries.len())?;
    out.extend_from_slice(&directory);
    put32(&mut out, END);
    put32(&mut out, 0);
    put16(&mut out, entries);
    put16(&mut out, entries);
    put32(&mut out, narrow(directory.len())?);
    put32(&mut out, offset);
    put16(&mut out, 0);
    Ok(out)
}

fn deflate(data: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(data)?;
    encoder.finish()
}

fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::FileTooLarge, "the zip would need 64-bit fields")
}

fn narrow(n: usize) -> io::Result<u32> {
    u32::try_from(n).ok().filter(|n| *n < u32::MAX).ok_or_else(too_large)
}

fn count(n: usize) -> io::Result<u16> {
    u16::try_from(n).ok().filter(|n| *n < u16::MAX).ok_or_else(too_large)
}

fn put16(out: &mut Vec<u8>, n: u16) {
    out.extend_from_slice(&n.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, n: u32) {
    out.extend_from_slice(&n.to_le_bytes());
}
