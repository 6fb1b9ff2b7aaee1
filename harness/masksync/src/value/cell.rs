//! Cells of rows.

use super::charset::{Charset, Undecodable};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::io::Write as _;

/// A cell of a row. Texts keep the bytes of their column's character set.
///
/// The same stored value gives the same cell, whether a query or the binlog gave it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub enum Cell<'a> {
    /// SQL's NULL.
    Null,
    /// A signed integer.
    Int(i64),
    /// An unsigned integer, a year, or the bits of a BIT column.
    UInt(u64),
    /// A FLOAT.
    Float(f32),
    /// A DOUBLE.
    Double(f64),
    /// A DECIMAL, as the server writes it: sign, digits, a point and all digits of its scale.
    Decimal(String),
    /// A DATE, TIME, DATETIME or TIMESTAMP (in UTC), as the server writes it, with all digits of
    /// its precision.
    Moment(String),
    /// The bytes of a character column, an ENUM's label, a SET's labels.
    Text(Cow<'a, [u8]>),
    /// A text that a mask made, in UTF-8.
    Utf8(String),
    /// The bytes of a binary column.
    Bytes(Cow<'a, [u8]>),
    /// A JSON document, as [`super::canonical_json`] writes it.
    Json(Cow<'a, [u8]>),
}

impl Cell<'_> {
    /// Whether this is SQL's NULL.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The same cell, owning its bytes.
    #[must_use]
    pub fn into_owned(self) -> Cell<'static> {
        let own = |bytes: Cow<'_, [u8]>| Cow::Owned(bytes.into_owned());
        match self {
            Self::Null => Cell::Null,
            Self::Int(n) => Cell::Int(n),
            Self::UInt(n) => Cell::UInt(n),
            Self::Float(n) => Cell::Float(n),
            Self::Double(n) => Cell::Double(n),
            Self::Decimal(text) => Cell::Decimal(text),
            Self::Moment(text) => Cell::Moment(text),
            Self::Text(bytes) => Cell::Text(own(bytes)),
            Self::Utf8(text) => Cell::Utf8(text),
            Self::Bytes(bytes) => Cell::Bytes(own(bytes)),
            Self::Json(bytes) => Cell::Json(own(bytes)),
        }
    }

    /// Appends the canonical bytes of this cell: what is encrypted, hashed and bound.
    ///
    /// | cell | bytes |
    /// |---|---|
    /// | integers, YEAR, BIT | decimal digits, `-` before negative ones, no leading zero |
    /// | DECIMAL | as the server writes it, with its scale: `-1.50` |
    /// | FLOAT, DOUBLE | the shortest decimal without exponent that reads back to the same number |
    /// | DATE, TIME, DATETIME, TIMESTAMP | as the server writes it, TIMESTAMP in UTC |
    /// | character columns, ENUM, SET | the value in UTF-8 |
    /// | binary columns | the bytes |
    /// | JSON | the compact document of [`super::canonical_json`] |
    ///
    /// Returns `false`, and appends nothing, for NULL.
    ///
    /// # Errors
    /// When a text is not valid in its character set, or that set is one this program cannot read.
    pub fn canonical(&self, charset: &Charset, out: &mut Vec<u8>) -> Result<bool, Undecodable> {
        let written = match self {
            Self::Null => return Ok(false),
            Self::Int(n) => write!(out, "{n}"),
            Self::UInt(n) => write!(out, "{n}"),
            Self::Float(n) => write!(out, "{n}"),
            Self::Double(n) => write!(out, "{n}"),
            Self::Decimal(text) | Self::Moment(text) | Self::Utf8(text) => {
                out.write_all(text.as_bytes())
            }
            Self::Text(bytes) => return charset.to_utf8(bytes, out).map(|()| true),
            Self::Bytes(bytes) | Self::Json(bytes) => out.write_all(bytes),
        };
        // Writing to a vector does not fail.
        Ok(written.is_ok())
    }

    /// The name of the value's type, for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Int(_) | Self::UInt(_) => "an integer",
            Self::Float(_) | Self::Double(_) => "a float",
            Self::Decimal(_) => "a decimal",
            Self::Moment(_) => "a date or time",
            Self::Text(_) | Self::Utf8(_) => "a text",
            Self::Bytes(_) => "bytes",
            Self::Json(_) => "JSON",
        }
    }
}

impl std::fmt::Debug for Cell<'_> {
    /// The kind, never the value.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values must not get into logs by way of `{:?}`.
        f.write_str(self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(Cell::Int(i64::MIN), "-9223372036854775808")]
    #[case(Cell::UInt(u64::MAX), "18446744073709551615")]
    #[case(Cell::Float(0.1), "0.1")]
    #[case(Cell::Double(-1.5), "-1.5")]
    #[case(Cell::Decimal("-1.50".into()), "-1.50")]
    #[case(Cell::Moment("0000-00-00".into()), "0000-00-00")]
    #[case(Cell::Bytes(Cow::Borrowed(b"\0x")), "\0x")]
    fn a_cell_has_one_canonical_form(#[case] cell: Cell<'_>, #[case] expected: &str) {
        let mut out = Vec::new();
        assert!(cell.canonical(&Charset::Utf8, &mut out).unwrap());
        assert_eq!(out, expected.as_bytes());
    }

    #[test]
    fn debug_output_has_no_value() {
        let cell = Cell::Text(Cow::Borrowed(b"13800001111"));
        assert_eq!(format!("{cell:?}"), "a text");
    }
}
