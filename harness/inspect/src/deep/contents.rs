//! The contents of a section, decompressed under a limit.

use super::places::FilePart;
use crate::error::{InspectError, Result, malformed};
use crate::facts::{Class, Endian, Format};
use crate::read::Parsed;
use crate::source::{Raw, Stream};
use std::io::{self, BufReader, Read};
use std::sync::atomic::{AtomicU64, Ordering};

/// Limit of decompressed bytes for one file: `LEAST`, and `TIMES` the size of the file.
// A header costs nothing to write: a 510 KB ELF that declares 512 MB was a report against another
// reader (syft#5187).
const LEAST: u64 = 64 << 20;
const TIMES: u64 = 16;

/// The largest window of a zstd frame: 2 to this power bytes, 8 MiB, which RFC 8878, 3.1.1.1.2,
/// recommends every decoder to support.
const ZSTD_WINDOW: u32 = 23;

/// Number of bytes that may still be decompressed for a file.
pub(crate) struct Budget {
    left: AtomicU64,
    limit: u64,
}

impl Budget {
    /// The budget of a file of this many bytes.
    pub(crate) fn of(size: u64) -> Self {
        let limit = LEAST.saturating_add(size.saturating_mul(TIMES));
        Self { left: AtomicU64::new(limit), limit }
    }

    /// Subtracts the decompressed size that a section declares.
    fn take(&self, place: &FilePart, declared: u64) -> Result<()> {
        let take = |left: u64| left.checked_sub(declared);
        // Taken before the first byte is decompressed: a section that declares too much costs nothing.
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take) {
            Ok(_) => Ok(()),
            Err(_) => Err(self.refuse(place, declared)),
        }
    }

    fn refuse(&self, place: &FilePart, declared: u64) -> InspectError {
        InspectError::Limit {
            what: format!("section {} declares {declared} bytes decompressed", place.name),
            limit: self.limit,
            unit: "bytes for this file",
        }
    }
}

/// The file of the contents, with the facts needed to decompress them.
#[derive(Clone, Copy)]
pub(super) struct Origin<'d> {
    raw: Raw<'d>,
    format: Format,
    class: Class,
    pub(super) endian: Endian,
}

impl<'d> Origin<'d> {
    pub(super) fn of(parsed: &Parsed<'d>) -> Self {
        let image = &parsed.image;
        Self {
            raw: parsed.view.raw(),
            format: image.format,
            class: image.class,
            endian: image.endian,
        }
    }
}

/// The contents of a section from front to back.
pub(super) struct Contents<'d> {
    reader: Reader<'d>,
    name: String,
    /// The decompressed size that it declares, in bytes.
    declared: Option<u64>,
    so_far: u64,
}

enum Reader<'d> {
    Plain(Stream<'d>),
    Zlib(flate2::bufread::ZlibDecoder<BufReader<Stream<'d>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<Stream<'d>>>>),
}

impl<'d> Contents<'d> {
    /// Opens a section; it must not declare more than the budget has.
    pub(super) fn open(file: Origin<'d>, place: &FilePart, budget: &Budget) -> Result<Self> {
        let plain = |skipped: u64| {
            file.raw.stream(place.offset + skipped, place.size.saturating_sub(skipped))
        };
        let mut contents = Self {
            reader: Reader::Plain(plain(0)),
            name: place.name.clone(),
            declared: None,
            so_far: 0,
        };
        let Some(method) = &place.compression else { return Ok(contents) };
        // GNU's first form: `ZLIB` and the size, big-endian in every file; the section's name shows
        // the form.
        let old = place.name.contains("zdebug");
        let mut header = [0; 24];
        let read = file.raw.fill(place.offset, &mut header)?;
        let header = header.get(..read.min(place.size as usize)).unwrap_or_default();
        let (declared, skipped) = if old {
            // Sections that would not get smaller are not compressed, even with this name.
            let Some(rest) = header.strip_prefix(b"ZLIB") else { return Ok(contents) };
            (number(rest, 8, Endian::Big), 12)
        } else {
            let field = |at: usize| header.get(at..).unwrap_or_default();
            // Elf32_Chdr is type, size, alignment; Elf64_Chdr has four reserved bytes behind the
            // type.
            match file.class {
                Class::Bits32 => (number(field(4), 4, file.endian), 12),
                Class::Bits64 => (number(field(8), 8, file.endian), 24),
            }
        };
        let format = file.format.name();
        let short = || {
            malformed(format, format!("the header of compressed section {} is cut off", place.name))
        };
        let declared = declared.ok_or_else(short)?;
        budget.take(place, declared)?;
        let input = BufReader::with_capacity(128 << 10, plain(skipped));
        contents.declared = Some(declared);
        contents.reader = match method.as_str() {
            "zlib" => Reader::Zlib(flate2::bufread::ZlibDecoder::new(input)),
            "zstd" => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
                // A frame may ask for a window of gigabytes before it gives a byte.
                decoder.window_log_max(ZSTD_WINDOW)?;
                Reader::Zstd(Box::new(decoder))
            }
            other => {
                let what = format!("section {} is compressed by {other}", place.name);
                return Err(malformed(format, what));
            }
        };
        Ok(contents)
    }
}

impl Read for Contents<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = match &mut self.reader {
            Reader::Plain(stream) => return stream.read(buffer),
            Reader::Zlib(decoder) => decoder.read(buffer),
            Reader::Zstd(decoder) => decoder.read(buffer),
        };
        let name = &self.name;
        let read =
            read.map_err(|e| corrupt(format!("section {name} cannot be decompressed: {e}")))?;
        self.so_far += read as u64;
        let declared = self.declared.unwrap_or(u64::MAX);
        // A frame declares its decompressed size; compare it with the bytes that came.
        if self.so_far > declared || (read == 0 && !buffer.is_empty() && self.so_far < declared) {
            let so_far = self.so_far;
            return Err(corrupt(format!(
                "section {name} declares {declared} bytes decompressed, and gives {}{so_far}",
                if self.so_far > declared { "at least " } else { "" },
            )));
        }
        Ok(read)
    }
}

fn corrupt(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The error of a read through [`Contents`], as ours.
pub(super) fn error(error: io::Error) -> InspectError {
    match error.kind() {
        io::ErrorKind::InvalidData => malformed("compressed section", error.to_string()),
        _ => InspectError::Io(error),
    }
}

fn number(bytes: &[u8], width: usize, endian: Endian) -> Option<u64> {
    let bytes = bytes.get(..width)?;
    let fold = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
    Some(match endian {
        Endian::Big => bytes.iter().fold(0, fold),
        Endian::Little => bytes.iter().rev().fold(0, fold),
    })
}
