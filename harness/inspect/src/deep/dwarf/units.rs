//! Walks over `.debug_info` and `.debug_line`, of which each unit's beginning is kept at a time.

use gimli::{Endianity as _, RunTimeEndian};
use std::io::{self, BufRead, Read};

/// Number of bytes of a unit that are kept: its root is at the front.
const ROOT: u64 = 64 << 10;

/// The longest header of a line table, in bytes.
const HEADER: u64 = 4 << 20;

/// The beginning of a unit, made to look like a whole one.
pub(super) struct Unit {
    pub(super) bytes: Vec<u8>,
}

/// The kind of units to read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    Info,
    Lines,
}

/// Reads the next unit; none at the end, or where the remaining bytes are no unit.
pub(super) fn next(
    reader: &mut impl BufRead,
    endian: RunTimeEndian,
    walk: Walk,
) -> io::Result<Option<Unit>> {
    let mut word = [0; 4];
    if !fill(reader, &mut word)? {
        return Ok(None);
    }
    let wide = endian.read_u32(&word) == u32::MAX;
    let length = if wide {
        let mut word = [0; 8];
        if !fill(reader, &mut word)? {
            return Ok(None);
        }
        endian.read_u64(&word)
    } else {
        endian.read_u32(&word).into()
    };
    let mut kept = Vec::new();
    let want = match walk {
        Walk::Info => length.min(ROOT),
        Walk::Lines => header_of(reader, endian, wide, length, &mut kept)?,
    };
    take(reader, want - kept.len() as u64, &mut kept)?;
    let left = length - kept.len() as u64;
    skip(reader, left)?;
    let mut bytes = Vec::with_capacity(kept.len() + 12);
    let size = kept.len() as u64;
    if wide {
        // DWARF, 7.4: a length of 0xffffffff announces the 64-bit format, whose length follows.
        bytes.extend([0xff; 4]);
        let mut word = [0; 8];
        endian.write_u64(&mut word, size);
        bytes.extend(word);
    } else {
        let mut word = [0; 4];
        endian.write_u32(&mut word, u32::try_from(size).unwrap_or(u32::MAX));
        bytes.extend(word);
    }
    bytes.append(&mut kept);
    Ok(Some(Unit { bytes }))
}

/// The declared length of a line table's header; the bytes read for it are kept.
fn header_of(
    reader: &mut impl BufRead,
    endian: RunTimeEndian,
    wide: bool,
    length: u64,
    kept: &mut Vec<u8>,
) -> io::Result<u64> {
    take(reader, length.min(2), kept)?;
    let version = kept.first_chunk::<2>().map_or(0, |bytes| endian.read_u16(bytes));
    // DWARF 5 has the sizes of an address and of a segment selector here.
    let sizes = if version >= 5 { 2 } else { 0 };
    let width = if wide { 8 } else { 4 };
    let fixed = 2 + sizes + width;
    if length < fixed {
        return Ok(kept.len() as u64);
    }
    take(reader, fixed - kept.len() as u64, kept)?;
    let word = kept.get((fixed - width) as usize..).unwrap_or_default();
    let header = match (wide, word.len()) {
        (true, 8) => endian.read_u64(word),
        (false, 4) => endian.read_u32(word).into(),
        _ => 0,
    };
    Ok(fixed.saturating_add(header).min(length).min(HEADER).max(kept.len() as u64))
}

/// Fills a buffer, or says that there is not so much.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

fn take(reader: &mut impl Read, count: u64, into: &mut Vec<u8>) -> io::Result<()> {
    reader.by_ref().take(count).read_to_end(into).map(|_| ())
}

/// Passes over bytes; fewer at the end.
pub(super) fn skip(reader: &mut impl BufRead, mut count: u64) -> io::Result<()> {
    while count > 0 {
        let there = reader.fill_buf()?.len();
        if there == 0 {
            return Ok(());
        }
        let passed = (there as u64).min(count);
        reader.consume(passed as usize);
        count -= passed;
    }
    Ok(())
}
