//! Reads a cell of a row.

use super::bytes::{Bytes, Malformed, bit};
use super::column::Storage;
use super::{decimal, json, moment};
use crate::defect::{Defect, has};
use crate::value::{Cell, Kind};
use std::borrow::Cow;

/// Reads the cell of a column, which is not NULL.
pub(super) fn read<'a>(
    column: &super::MapColumn,
    bytes: &mut Bytes<'a>,
) -> Result<Cell<'a>, Malformed> {
    let string = |taken: Cow<'a, [u8]>| match column.column.kind {
        Kind::Bytes => Cell::Bytes(taken),
        _ if has(Defect::StreamBytes) => {
            let ascii = |b: &u8| if b.is_ascii() { *b } else { b'?' };
            Cell::Text(taken.iter().map(ascii).collect())
        }
        _ => Cell::Text(taken),
    };
    Ok(match &column.storage {
        Storage::Integer { bytes: length, unsigned } => {
            let n = bytes.le(*length)?;
            // Shifted up and back down, which spreads the sign of a number of three bytes as of any
            // other.
            let shift = 64 - 8 * *length;
            if *unsigned { Cell::UInt(n) } else { Cell::Int(((n << shift) as i64) >> shift) }
        }
        Storage::Year => Cell::UInt(match bytes.u8()? {
            // The year 0 stands for a wrong value; all others count from 1900.
            0 => 0,
            year => 1900 + u64::from(year),
        }),
        Storage::Float => Cell::Float(f32::from_bits(bytes.le(4)? as u32)),
        Storage::Double => Cell::Double(f64::from_bits(bytes.le(8)?)),
        Storage::Decimal { precision, scale } => {
            Cell::Decimal(decimal::read(bytes, *precision, *scale)?)
        }
        Storage::Date => Cell::Moment(moment::date(bytes)?),
        Storage::Time2(fsp) => Cell::Moment(moment::time(bytes, *fsp)?),
        Storage::DateTime2(fsp) => Cell::Moment(moment::datetime(bytes, *fsp)?),
        Storage::Timestamp2(fsp) => Cell::Moment(moment::timestamp(bytes, *fsp)?),
        Storage::Bit(length) => Cell::UInt(bytes.be(*length)?),
        Storage::String { prefix } => {
            let length = bytes.le(*prefix)? as usize;
            string(Cow::Borrowed(bytes.take(length)?))
        }
        Storage::FixedBytes { prefix, length } => {
            let stored = bytes.le(*prefix)? as usize;
            let taken = bytes.take(stored)?;
            if stored == *length {
                return Ok(string(Cow::Borrowed(taken)));
            }
            let mut whole = taken.to_vec();
            // Rows of BINARY(n) are logged without their trailing zeros.
            whole.resize((*length).max(stored), 0);
            string(Cow::Owned(whole))
        }
        Storage::Enum { bytes: length, labels } => {
            let index = bytes.le(*length)? as usize;
            // Index 0 is the server's replacement for a wrong value: the empty text.
            let label = match index.checked_sub(1) {
                None => &[][..],
                Some(i) => labels.get(i).ok_or(Malformed("an ENUM has no such label"))?,
            };
            Cell::Text(Cow::Owned(label.to_vec()))
        }
        Storage::Set { bytes: length, labels } => {
            let bits = bytes.take(*length)?;
            let set = (0..length * 8).filter(|i| bit(bits, *i));
            let set: Option<Vec<&[u8]>> =
                set.map(|i| labels.get(i).map(|label| &**label)).collect();
            Cell::Text(Cow::Owned(set.ok_or(Malformed("a SET has no such label"))?.join(&b',')))
        }
        Storage::Json { prefix } => {
            let length = bytes.le(*prefix)? as usize;
            Cell::Json(Cow::Owned(json::read(bytes.take(length)?)?))
        }
    })
}
