//! Converts a query's values to cells, equal to those that the binlog gives for the same values.

use super::schema::Column;
use crate::value::{Cell, Kind, canonical_json, fraction};
use mysql::Value;

/// An error: a value that is not of its column's type. The value is not in the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column `{0}` has a value that is not of its type")]
pub struct Conversion(pub String);

/// The cell of a column's value. NULL and values of the prepared statements' protocol are known.
///
/// # Errors
/// When it is none of the column's type.
pub fn cell(column: &Column, value: Value) -> Result<Cell<'static>, Conversion> {
    let wrong = || Conversion(column.name.to_string());
    let kind = column.column.as_ref().map(|c| c.kind).ok_or_else(wrong)?;
    let utf8 = |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| wrong());
    Ok(match (value, kind) {
        (Value::NULL, _) => Cell::Null,
        (Value::Int(n), Kind::Integer) if is_unsigned(column) => {
            Cell::UInt(u64::try_from(n).map_err(|_| wrong())?)
        }
        (Value::Int(n), Kind::Integer) => Cell::Int(n),
        (Value::UInt(n), Kind::Integer) if is_unsigned(column) => Cell::UInt(n),
        (Value::UInt(n), Kind::Integer) => Cell::Int(i64::try_from(n).map_err(|_| wrong())?),
        (Value::Bytes(bits), Kind::Integer) if bits.len() <= 8 => {
            Cell::UInt(bits.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
        }
        (Value::Float(n), Kind::Float) => Cell::Float(n),
        (Value::Double(n), Kind::Float) => Cell::Double(n),
        (Value::Bytes(text), Kind::Decimal) => Cell::Decimal(utf8(text)?),
        (Value::Bytes(bytes), Kind::Text | Kind::Label) => Cell::Text(bytes.into()),
        (Value::Bytes(bytes), Kind::Bytes) => Cell::Bytes(bytes.into()),
        (Value::Bytes(text), Kind::Json) => {
            Cell::Json(canonical_json(&text).map_err(|_| wrong())?.into())
        }
        (Value::Date(y, mo, d, h, mi, s, us), Kind::Moment) => {
            let date = format!("{y:04}-{mo:02}-{d:02}");
            if column.written.starts_with("date") && !column.written.starts_with("datetime") {
                Cell::Moment(date)
            } else {
                let fraction = fraction(us.into(), column.fraction);
                Cell::Moment(format!("{date} {h:02}:{mi:02}:{s:02}{fraction}"))
            }
        }
        (Value::Time(negative, d, h, mi, s, us), Kind::Moment) => {
            let sign = if negative { "-" } else { "" };
            let hours = d * 24 + u32::from(h);
            let fraction = fraction(us.into(), column.fraction);
            Cell::Moment(format!("{sign}{hours:02}:{mi:02}:{s:02}{fraction}"))
        }
        _ => return Err(wrong()),
    })
}

fn is_unsigned(column: &Column) -> bool {
    column.written.contains("unsigned")
        || column.written.starts_with("year")
        || column.written.starts_with("bit")
}
