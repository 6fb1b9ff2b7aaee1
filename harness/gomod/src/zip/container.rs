//! The container: local headers, the directory at the end, and the record that says where it is.
//!
//! Numbers are little-endian. Sizes and offsets that do not fit 32 bits stand in an extra field
//! with the tag 1 (zip64), in this order: uncompressed size, compressed size, offset.
//!
//! Source: APPNOTE.TXT 4.3 and 4.5.3, and what Go's `archive/zip` makes of it.

use std::io;

use super::entry::ZipEntry;
use super::layout::{
    CENTRAL, CENTRAL_LENGTH, END, END_LENGTH, END64, END64_LENGTH, Fields, LOCATOR64,
    LOCATOR64_LENGTH, Wide,
};
use super::limits::ZipLimits;
use super::source::{Source, read};
use super::violation::{Reason, Violation};

/// The number of bytes at the end that are searched for the end record: the longest comment, and a
/// little.
const END_WINDOW: u64 = 65 << 10;

/// The longest directory, in bytes; it is held in memory. 200,000 entries have some 40 MiB.
pub(super) const MAX_DIRECTORY: u64 = 64 << 20;

/// A container cannot be read.
pub(super) enum ContainerError {
    Io(io::Error),
    Violation(Violation),
}

impl From<io::Error> for ContainerError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn not_a_zip(why: &'static str) -> ContainerError {
    ContainerError::Violation(Violation::whole(Reason::NotAZip(why)))
}

/// The position and size of the directory.
struct DirectoryExtent {
    offset: u64,
    size: u64,
    entries: u64,
    /// Bytes in front of the archive, which its offsets do not count.
    before: u64,
}

/// The entries of the directory, in its order.
pub(super) fn directory<S: Source + ?Sized>(
    source: &S,
    limits: ZipLimits,
) -> Result<Vec<ZipEntry>, ContainerError> {
    let place = place(source, limits.ambiguous)?;
    if place.entries > limits.entries {
        let reason = Reason::Entries { limit: limits.entries };
        return Err(ContainerError::Violation(Violation::whole(reason)));
    }
    let length = usize::try_from(place.size)
        .ok()
        .filter(|_| place.size <= MAX_DIRECTORY)
        .ok_or_else(|| not_a_zip("the directory is too large"))?;
    let bytes = read(source, place.offset, length)?;
    let mut fields = Fields(&bytes);
    // Nothing is reserved for the declared number: reading ends where the bytes do.
    let mut entries = Vec::new();
    for _ in 0..place.entries {
        let entry = central(&mut fields).ok_or_else(|| not_a_zip("malformed directory entry"))?;
        let offset = entry.offset.saturating_add(place.before);
        entries.push(ZipEntry { offset, ..entry });
    }
    if bytes.len() != length || !fields.0.is_empty() {
        return Err(not_a_zip("the directory is not of the declared size"));
    }
    Ok(entries)
}

fn central(fields: &mut Fields<'_>) -> Option<ZipEntry> {
    let mut head = Fields(fields.bytes(CENTRAL_LENGTH)?);
    if head.u32()? != CENTRAL {
        return None;
    }
    let creator = head.u16()?;
    // The version that is needed to extract it.
    head.u16()?;
    let (flags, method) = (head.u16()?, head.u16()?);
    // Time and date.
    head.u32()?;
    let crc = head.u32()?;
    let (compressed, uncompressed) = (head.u32()?, head.u32()?);
    let (name, extra, comment) = (head.u16()?, head.u16()?, head.u16()?);
    // The number of the disk, and internal attributes.
    head.u32()?;
    let (attributes, offset) = (head.u32()?, head.u32()?);
    let name = fields.bytes(name.into())?.to_vec();
    let wide = Wide::read(fields.bytes(extra.into())?, [uncompressed, compressed, offset])?;
    fields.bytes(comment.into())?;
    let [uncompressed, compressed, offset] = wide.0;
    // The upper half is the mode where the creator is Unix (3) or macOS (19).
    let mode = if matches!(creator >> 8, 3 | 19) { attributes >> 16 } else { 0 };
    Some(ZipEntry { name, flags, method, crc, compressed, uncompressed, offset, mode })
}

/// Finds the end record, and from it the directory.
fn place<S: Source + ?Sized>(
    source: &S,
    ambiguous: bool,
) -> Result<DirectoryExtent, ContainerError> {
    let size = source.size()?;
    let window = size.min(END_WINDOW);
    let start = size - window;
    let tail = read(source, start, usize::try_from(window).unwrap_or_default())?;
    // From the back: a comment may hold what looks like an end record, and the last one counts.
    let at = (0..=tail.len().saturating_sub(END_LENGTH))
        .rev()
        .find(|&at| Fields(tail.get(at..).unwrap_or_default()).u32() == Some(END))
        .ok_or_else(|| not_a_zip("no end record"))?;
    let mut fields = Fields(tail.get(at..).unwrap_or_default());
    let (narrow, comment) = end(&mut fields).ok_or_else(|| not_a_zip("truncated end record"))?;
    if fields.0.len() < comment.into() {
        return Err(not_a_zip("truncated comment"));
    }
    let mut end = start + at as u64;
    let mut place = narrow;
    let is_wide = place.entries == u64::from(u16::MAX)
        || place.size == u64::from(u32::MAX)
        || place.offset == u64::from(u32::MAX);
    if is_wide && let Some((wide, wide_end)) = end64(source, end)? {
        (place, end) = (wide, wide_end);
    }
    let declared = place.offset.checked_add(place.size);
    match declared.and_then(|declared| end.checked_sub(declared)) {
        Some(0) => {}
        Some(before) if ambiguous => {
            // As in Go's archive/zip: unless there is a directory where the end record says.
            if Fields(&read(source, place.offset, 4)?).u32() != Some(CENTRAL) {
                place.before = before;
                place.offset += before;
            }
        }
        _ => return Err(not_a_zip("the directory is not where the end record says")),
    }
    if place.entries.checked_mul(CENTRAL_LENGTH as u64).is_none_or(|least| least > place.size) {
        return Err(not_a_zip("the directory is too short for its entries"));
    }
    Ok(place)
}

/// The end record, and the length of the comment behind it.
fn end(fields: &mut Fields<'_>) -> Option<(DirectoryExtent, u16)> {
    // The signature, two numbers of disks, and the entries on this disk.
    fields.u32()?;
    fields.u32()?;
    fields.u16()?;
    let entries = fields.u16()?.into();
    let size = fields.u32()?.into();
    let offset = fields.u32()?.into();
    Some((DirectoryExtent { offset, size, entries, before: 0 }, fields.u16()?))
}

/// The zip64 end record and where it is, if its locator stands in front of the end record.
fn end64<S: Source + ?Sized>(
    source: &S,
    end: u64,
) -> Result<Option<(DirectoryExtent, u64)>, ContainerError> {
    let Some(at) = end.checked_sub(LOCATOR64_LENGTH) else { return Ok(None) };
    let locator = read(source, at, 20)?;
    let mut fields = Fields(&locator);
    if fields.u32() != Some(LOCATOR64) {
        return Ok(None);
    }
    fields.u32();
    let at = fields.u64().unwrap_or_default();
    // The record stands in front of its locator; anything else is no zip64.
    let record = if at < end { read(source, at, END64_LENGTH)? } else { Vec::new() };
    let parse = |mut fields: Fields<'_>| {
        let signature = fields.u32()?;
        // Its size, versions, numbers of disks, and the entries on this disk.
        fields.bytes(28)?;
        let (entries, size, offset) = (fields.u64()?, fields.u64()?, fields.u64()?);
        (signature == END64).then_some(DirectoryExtent { offset, size, entries, before: 0 })
    };
    let place = parse(Fields(&record)).ok_or_else(|| not_a_zip("malformed zip64 end record"))?;
    Ok(Some((place, at)))
}
