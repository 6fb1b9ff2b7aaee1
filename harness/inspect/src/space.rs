//! Maps addresses of a loaded program to offsets of its file.

use crate::source::View;

/// A range of memory that the file fills, or begins to fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) address: u64,
    /// Bytes in memory; those beyond `stored` are zero.
    pub(crate) size: u64,
    pub(crate) offset: u64,
    /// Bytes in the file.
    pub(crate) stored: u64,
    pub(crate) writable: bool,
}

/// The ranges of one program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Space {
    pub(crate) ranges: Vec<Range>,
}

impl Space {
    /// The file offset of the byte at an address, and the number of bytes from it on in the same
    /// range.
    pub(crate) fn offset(&self, address: u64) -> Option<(u64, u64)> {
        self.ranges.iter().find_map(|range| {
            let within = address.checked_sub(range.address).filter(|w| *w < range.stored)?;
            Some((range.offset.checked_add(within)?, range.stored - within))
        })
    }

    /// Bytes at an address; they must be in one range of the file.
    pub(crate) fn bytes<'d>(&self, view: View<'d>, address: u64, len: u64) -> Option<&'d [u8]> {
        let (offset, left) = self.offset(address)?;
        if len > left {
            return None;
        }
        view.bytes(offset, len)
    }

    /// The bytes up to a zero byte at an address.
    pub(crate) fn name<'d>(&self, view: View<'d>, address: u64) -> Option<&'d [u8]> {
        let (offset, left) = self.offset(address)?;
        let name = view.name(offset)?;
        ((name.len() as u64) < left).then_some(name)
    }
}
