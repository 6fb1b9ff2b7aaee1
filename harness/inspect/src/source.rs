//! The bytes of a file: in memory, or read from the file on demand.
//!
//! Files are read by position and never mapped: accessing a mapped file that another program has
//! truncated kills the process with SIGBUS. Small pieces (headers, tables, names) are kept in memory
//! while a file is described, within a limit; large ones are streamed through a buffer of fixed size.

use crate::error::{InspectError, Result};
use object::read::{ReadCache, ReadCacheOps, ReadRef};
use std::cell::Cell;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use twinproof_base::positional::read_at;

/// The bytes to describe: a file, or a slice in memory.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// A file, of which only the needed parts are read.
    Path(&'a Path),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl<'a> From<&'a Path> for Input<'a> {
    fn from(path: &'a Path) -> Self {
        Self::Path(path)
    }
}

impl<'a> From<&'a std::path::PathBuf> for Input<'a> {
    fn from(path: &'a std::path::PathBuf) -> Self {
        Self::Path(path)
    }
}

impl<'a> From<&'a [u8]> for Input<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

/// Limit of the bytes of a file in memory at once, beyond an eighth of the file's size.
const KEPT: u64 = 24 << 20;

/// The most text (names of symbols, sections, libraries) that one description holds, in bytes.
const TEXT: u64 = 48 << 20;

/// The longest name, in bytes. C++ symbols have thousands.
const NAME: u64 = 32 << 10;

/// An input that is open.
pub(crate) struct Source<'a> {
    store: Opened<'a>,
    len: u64,
    text: Cell<u64>,
}

enum Opened<'a> {
    Bytes(&'a [u8]),
    File { file: Arc<File>, cache: ReadCache<Cursor>, full: Arc<FullFlag> },
}

impl<'a> Source<'a> {
    pub(crate) fn open(input: Input<'a>) -> Result<Self> {
        let (store, len) = match input {
            Input::Bytes(bytes) => (Opened::Bytes(bytes), bytes.len() as u64),
            Input::Path(path) => {
                // Checked before it is opened: opening a pipe waits for its writer.
                if !std::fs::metadata(path)?.is_file() {
                    return Err(io::Error::other("is no regular file").into());
                }
                let file = File::open(path)?;
                let meta = file.metadata()?;
                let (file, len) = (Arc::new(file), meta.len());
                let full = Arc::new(FullFlag::default());
                let left = KEPT + len / 8;
                let cursor =
                    Cursor { file: Arc::clone(&file), at: 0, len, left, full: Arc::clone(&full) };
                (Opened::File { file, cache: ReadCache::new(cursor), full }, len)
            }
        };
        Ok(Self { store, len, text: Cell::new(0) })
    }

    /// All of it.
    pub(crate) fn view(&self) -> View<'_> {
        View { source: self, start: 0, len: self.len }
    }
}

/// Set when more of a file was read than memory's limit allows.
type FullFlag = std::sync::atomic::AtomicBool;

/// Reads a file for the cache, within memory's limit.
struct Cursor {
    file: Arc<File>,
    at: u64,
    len: u64,
    left: u64,
    full: Arc<FullFlag>,
}

impl ReadCacheOps for Cursor {
    fn len(&mut self) -> Result<u64, ()> {
        Ok(self.len)
    }

    fn seek(&mut self, at: u64) -> Result<u64, ()> {
        self.at = at;
        Ok(at)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ()> {
        let size = buffer.len() as u64;
        if size > self.left {
            self.full.store(true, std::sync::atomic::Ordering::Relaxed);
            return Err(());
        }
        self.left -= size;
        let read = read_at(&self.file, buffer, self.at).map_err(|_| ())?;
        self.at += read as u64;
        Ok(read)
    }

    fn read_exact(&mut self, mut buffer: &mut [u8]) -> Result<(), ()> {
        while !buffer.is_empty() {
            let read = self.read(buffer)?;
            if read == 0 {
                return Err(());
            }
            buffer = &mut buffer[read..];
        }
        Ok(())
    }
}

/// A part of an input: all of it, a slice of a fat file, a member of an archive. Offsets count from
/// its start.
#[derive(Clone, Copy)]
pub(crate) struct View<'d> {
    source: &'d Source<'d>,
    start: u64,
    len: u64,
}

impl<'d> View<'d> {
    /// The size in bytes.
    pub(crate) fn size(self) -> u64 {
        self.len
    }

    /// A part of it, which must lie inside.
    pub(crate) fn part(self, start: u64, len: u64) -> Option<Self> {
        let end = start.checked_add(len)?;
        (end <= self.len).then(|| Self { source: self.source, start: self.start + start, len })
    }

    /// Bytes that are kept until the description is done; `None` beyond the end.
    pub(crate) fn bytes(self, offset: u64, len: u64) -> Option<&'d [u8]> {
        self.read_bytes_at(offset, len).ok()
    }

    /// The bytes up to a zero byte, of which the first [`NAME`] are looked at.
    pub(crate) fn name(self, offset: u64) -> Option<&'d [u8]> {
        let end = self.len.min(offset.checked_add(NAME)?);
        self.read_bytes_at_until(offset..end, 0).ok()
    }

    /// Text of these bytes, counted against the limit of one description.
    pub(crate) fn text(self, bytes: &[u8]) -> Result<String> {
        let used = self.source.text.get().saturating_add(bytes.len() as u64);
        self.source.text.set(used);
        if used > TEXT {
            return Err(InspectError::Limit {
                what: "names of symbols, sections and libraries".into(),
                limit: TEXT,
                unit: "bytes",
            });
        }
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// Fills as much of a buffer as there is from an offset on; the bytes read are not cached.
    pub(crate) fn fill(self, offset: u64, buffer: &mut [u8]) -> Result<usize> {
        Ok(self.raw().fill(offset, buffer)?)
    }

    /// The uncached bytes, for streaming, from several threads too.
    pub(crate) fn raw(self) -> Raw<'d> {
        let store = match &self.source.store {
            Opened::Bytes(bytes) => Store::Bytes(bytes),
            Opened::File { file, .. } => Store::File(file),
        };
        Raw { store, start: self.start, len: self.len }
    }

    /// The error to report for a failed read inside the file: the memory limit, where it was
    /// reached.
    pub(crate) fn refusal(self) -> Option<InspectError> {
        let Opened::File { full, .. } = &self.source.store else { return None };
        full.load(std::sync::atomic::Ordering::Relaxed).then(|| InspectError::Limit {
            what: "tables that must be kept in memory".into(),
            limit: KEPT + self.source.len / 8,
            unit: "bytes",
        })
    }
}

impl<'d> ReadRef<'d> for View<'d> {
    fn len(self) -> Result<u64, ()> {
        Ok(self.len)
    }

    fn read_bytes_at(self, offset: u64, size: u64) -> Result<&'d [u8], ()> {
        let end = offset.checked_add(size).ok_or(())?;
        if end > self.len {
            return Err(());
        }
        match &self.source.store {
            Opened::Bytes(bytes) => (*bytes).read_bytes_at(self.start + offset, size),
            Opened::File { cache, .. } => cache.read_bytes_at(self.start + offset, size),
        }
    }

    fn read_bytes_at_until(self, range: Range<u64>, delimiter: u8) -> Result<&'d [u8], ()> {
        if range.start > range.end || range.end > self.len {
            return Err(());
        }
        let range = self.start + range.start..self.start + range.end;
        match &self.source.store {
            Opened::Bytes(bytes) => (*bytes).read_bytes_at_until(range, delimiter),
            Opened::File { cache, .. } => {
                let (start, end) = (range.start, range.end);
                let found = cache.read_bytes_at_until(range, delimiter)?;
                // Without a delimiter the cache returns the rest of the range.
                if start + found.len() as u64 >= end { Err(()) } else { Ok(found) }
            }
        }
    }
}

/// The bytes of a view, none of which are kept.
#[derive(Clone, Copy)]
pub(crate) struct Raw<'d> {
    store: Store<'d>,
    start: u64,
    len: u64,
}

#[derive(Clone, Copy)]
enum Store<'d> {
    Bytes(&'d [u8]),
    File(&'d File),
}

impl<'d> Raw<'d> {
    /// Fills as much of a buffer as there is from an offset on.
    pub(crate) fn fill(self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let room = self.len.saturating_sub(offset).min(buffer.len() as u64) as usize;
        let at = self.start.saturating_add(offset);
        let Some(buffer) = buffer.get_mut(..room) else { return Ok(0) };
        match self.store {
            Store::Bytes(bytes) => {
                let from = usize::try_from(at).ok().and_then(|at| bytes.get(at..));
                let from = from.unwrap_or_default();
                let from = from.get(..room).unwrap_or(from);
                buffer[..from.len()].copy_from_slice(from);
                Ok(from.len())
            }
            Store::File(file) => {
                let mut done = 0;
                while done < room {
                    let read = read_at(file, &mut buffer[done..], at + done as u64)?;
                    if read == 0 {
                        break;
                    }
                    done += read;
                }
                Ok(done)
            }
        }
    }

    /// A reader over a part.
    pub(crate) fn stream(self, offset: u64, len: u64) -> Stream<'d> {
        let end = offset.saturating_add(len).min(self.len);
        Stream { raw: self, at: offset.min(end), end }
    }
}

/// Reads a part from front to back.
pub(crate) struct Stream<'d> {
    raw: Raw<'d>,
    at: u64,
    end: u64,
}

impl io::Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = (self.end - self.at).min(buffer.len() as u64) as usize;
        let read = self.raw.fill(self.at, &mut buffer[..room])?;
        self.at += read as u64;
        Ok(read)
    }
}
