//! The rows of a rows event.

use super::bytes::{Bytes, Malformed, bit};
use super::cell;
use super::table_map::TableMap;
use crate::value::Cell;

/// All columns of a row, in the table map's order.
pub type Image<'a> = Vec<Cell<'a>>;

/// A row before and after a change.
#[derive(Clone, Debug, PartialEq)]
pub struct RowPair<'a> {
    /// The row before the change; `None` for an insert.
    pub before: Option<Image<'a>>,
    /// The row after the change; `None` for a delete.
    pub after: Option<Image<'a>>,
}

/// The kind of the event, which decides the images that its rows have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Insert,
    Update,
    Delete,
}

/// The rows of an event, one after the other.
#[derive(Clone, Debug)]
pub struct RowIter<'a> {
    kind: Kind,
    map: &'a TableMap,
    rest: Bytes<'a>,
}

impl<'a> RowIter<'a> {
    /// Reads the fields before the rows. Images must be full.
    pub(super) fn new(
        kind: Kind,
        has_extra: bool,
        map: &'a TableMap,
        body: &'a [u8],
    ) -> Result<Self, Malformed> {
        let mut bytes = Bytes(body);
        // The table's number in six bytes, and two bytes of flags.
        bytes.take(8)?;
        if has_extra {
            let length = bytes.le(2)? as usize;
            // The length counts its own two bytes.
            bytes.take(length.checked_sub(2).ok_or(Malformed("a length is wrong"))?)?;
        }
        let count = bytes.lenenc()?;
        if count != map.columns.len() || count == 0 {
            return Err(Malformed("a rows event has not the columns of its table map"));
        }
        // A bitmap of the columns that are there for each image.
        let images = if kind == Kind::Update { 2 } else { 1 };
        for _ in 0..images {
            let present = bytes.take(count.div_ceil(8))?;
            // A session may set MINIMAL or NOBLOB whatever the server's variable says; a column
            // that is absent would be taken for NULL.
            if !(0..count).all(|i| bit(present, i)) {
                return Err(Malformed(
                    "a row image is not full; SET GLOBAL binlog_row_image = FULL, and end the \
                     sessions that set it otherwise",
                ));
            }
        }
        Ok(Self { kind, map, rest: bytes })
    }

    fn image(&mut self) -> Result<Image<'a>, Malformed> {
        let count = self.map.columns.len();
        let nulls = self.rest.take(count.div_ceil(8))?;
        let mut image = Vec::with_capacity(count);
        for (i, column) in self.map.columns.iter().enumerate() {
            image.push(if bit(nulls, i) {
                Cell::Null
            } else {
                cell::read(column, &mut self.rest)?
            });
        }
        Ok(image)
    }

    fn pair(&mut self) -> Result<RowPair<'a>, Malformed> {
        let before = (self.kind != Kind::Insert).then(|| self.image()).transpose()?;
        let after = (self.kind != Kind::Delete).then(|| self.image()).transpose()?;
        Ok(RowPair { before, after })
    }
}

impl<'a> Iterator for RowIter<'a> {
    type Item = Result<RowPair<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let pair = self.pair();
        if pair.is_err() {
            // Where the next row begins is not known any more.
            self.rest.rest();
        }
        Some(pair)
    }
}
