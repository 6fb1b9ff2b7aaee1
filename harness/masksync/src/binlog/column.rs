//! A column as a table map describes it.

use super::bytes::{Bytes, Malformed};
use crate::value::{Charset, ColumnType, Kind};
use std::sync::Arc;

/// The labels of an ENUM or SET, in its character set.
pub(super) type Labels = Arc<[Box<[u8]>]>;

/// The stored form of a column's values in rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// Little-endian integer of so many bytes.
    Integer {
        bytes: usize,
        unsigned: bool,
    },
    Year,
    Float,
    Double,
    Decimal {
        precision: u8,
        scale: u8,
    },
    Date,
    Time2(u8),
    DateTime2(u8),
    Timestamp2(u8),
    /// Big-endian bits in so many bytes.
    Bit(usize),
    /// Bytes after their length in so many bytes.
    String {
        prefix: usize,
    },
    /// As `String`; zero bytes at the end were cut, up to this length.
    FixedBytes {
        prefix: usize,
        length: usize,
    },
    /// An index from 1 in so many bytes.
    Enum {
        bytes: usize,
        labels: Labels,
    },
    /// A bit for each label, little-endian.
    Set {
        bytes: usize,
        labels: Labels,
    },
    Json {
        prefix: usize,
    },
}

/// A column of a table map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapColumn {
    /// Its name.
    pub name: Arc<str>,
    /// Its type, as far as values are concerned.
    pub column: ColumnType,
    pub(super) storage: Storage,
}

/// A column's type and metadata, as they stand in the map.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a> {
    pub(super) kind: u8,
    pub(super) meta: &'a [u8],
}

/// The server's numbers of column types.
pub(super) mod kind {
    pub const TINY: u8 = 1;
    pub const SHORT: u8 = 2;
    pub const LONG: u8 = 3;
    pub const FLOAT: u8 = 4;
    pub const DOUBLE: u8 = 5;
    pub const TIMESTAMP: u8 = 7;
    pub const LONGLONG: u8 = 8;
    pub const INT24: u8 = 9;
    pub const DATE: u8 = 10;
    pub const TIME: u8 = 11;
    pub const DATETIME: u8 = 12;
    pub const YEAR: u8 = 13;
    pub const NEWDATE: u8 = 14;
    pub const VARCHAR: u8 = 15;
    pub const BIT: u8 = 16;
    pub const TIMESTAMP2: u8 = 17;
    pub const DATETIME2: u8 = 18;
    pub const TIME2: u8 = 19;
    pub const VECTOR: u8 = 242;
    pub const JSON: u8 = 245;
    pub const NEWDECIMAL: u8 = 246;
    pub const ENUM: u8 = 247;
    pub const SET: u8 = 248;
    pub const TINY_BLOB: u8 = 249;
    pub const BLOB: u8 = 252;
    pub const VAR_STRING: u8 = 253;
    pub const STRING: u8 = 254;
    pub const GEOMETRY: u8 = 255;
}

impl<'a> Raw<'a> {
    /// Reads the metadata of a column of that type. ENUM, SET and long CHAR hide in STRING.
    pub(super) fn read(kind: u8, meta: &mut Bytes<'a>) -> Result<Self, Malformed> {
        let length = match kind {
            kind::FLOAT
            | kind::DOUBLE
            | kind::TIMESTAMP2
            | kind::DATETIME2
            | kind::TIME2
            | kind::VECTOR
            | kind::JSON
            | kind::TINY_BLOB..=kind::BLOB
            | kind::GEOMETRY => 1,
            kind::VARCHAR
            | kind::BIT
            | kind::NEWDECIMAL
            | kind::ENUM
            | kind::SET
            | kind::VAR_STRING
            | kind::STRING => 2,
            kind::TINY..=kind::DOUBLE | kind::TIMESTAMP..=kind::NEWDATE => 0,
            _ => return Err(Malformed("a column has a type that this program does not know")),
        };
        let meta = meta.take(length)?;
        let kind = match (kind, meta) {
            // The server writes both as STRING, with the real type in the metadata's first byte.
            (kind::STRING, [real @ (kind::ENUM | kind::SET), _]) => *real,
            _ => kind,
        };
        Ok(Self { kind, meta })
    }

    pub(super) fn is_numeric(self) -> bool {
        matches!(
            self.kind,
            kind::TINY
                ..=kind::DOUBLE | kind::LONGLONG | kind::INT24 | kind::YEAR | kind::NEWDECIMAL
        )
    }

    pub(super) fn is_character(self) -> bool {
        matches!(self.kind, kind::VARCHAR | kind::TINY_BLOB..=kind::STRING)
    }

    pub(super) fn is_label(self) -> bool {
        matches!(self.kind, kind::ENUM | kind::SET)
    }

    /// The column, with its part of the optional metadata.
    pub(super) fn column(
        self,
        name: Arc<str>,
        unsigned: bool,
        charset: Charset,
        labels: Labels,
    ) -> Result<MapColumn, Malformed> {
        let integer = |bytes| (Kind::Integer, Storage::Integer { bytes, unsigned });
        let first = self.meta.first().copied().unwrap_or_default();
        let second = self.meta.get(1).copied().unwrap_or_default();
        let both = usize::from(u16::from_le_bytes([first, second]));
        let is_binary = charset == Charset::Binary;
        let text = if is_binary { Kind::Bytes } else { Kind::Text };
        // By the column's longest value: up to 255 bytes a row has a value's length in one byte,
        // above in two.
        let prefix = |longest: usize| if longest > 255 { 2 } else { 1 };
        let precision = |fsp: u8| {
            if fsp <= 6 { Ok(fsp) } else { Err(Malformed("a fractional precision is above 6")) }
        };
        let (kind, storage) = match self.kind {
            kind::TINY => integer(1),
            kind::SHORT => integer(2),
            kind::INT24 => integer(3),
            kind::LONG => integer(4),
            kind::LONGLONG => integer(8),
            kind::YEAR => (Kind::Integer, Storage::Year),
            kind::FLOAT => (Kind::Float, Storage::Float),
            kind::DOUBLE => (Kind::Float, Storage::Double),
            // No DECIMAL has more than 65 digits.
            kind::NEWDECIMAL if first <= 65 && second <= first => {
                (Kind::Decimal, Storage::Decimal { precision: first, scale: second })
            }
            kind::DATE | kind::NEWDATE => (Kind::Moment, Storage::Date),
            kind::TIME2 => (Kind::Moment, Storage::Time2(precision(first)?)),
            kind::DATETIME2 => (Kind::Moment, Storage::DateTime2(precision(first)?)),
            kind::TIMESTAMP2 => (Kind::Moment, Storage::Timestamp2(precision(first)?)),
            // The bits beyond whole bytes, then the whole bytes.
            kind::BIT if second <= 8 => {
                (Kind::Integer, Storage::Bit(usize::from(second) + usize::from(first > 0)))
            }
            kind::VARCHAR | kind::VAR_STRING => (text, Storage::String { prefix: prefix(both) }),
            kind::STRING => {
                // CHAR longer than 255 bytes hides two bits of its length in the real type's byte,
                // inverted (log_event.cc).
                let high = usize::from((first & 0x30) ^ 0x30) << 4;
                let longest = usize::from(second) | high;
                let prefix = prefix(longest);
                let fixed = Storage::FixedBytes { prefix, length: longest };
                // BINARY is stored without the zero bytes at its end, which belong to the value.
                (text, if is_binary { fixed } else { Storage::String { prefix } })
            }
            // Without labels a value is a number, whose meaning changes with the next ALTER
            // (Materialize#26022).
            kind::ENUM | kind::SET if labels.is_empty() => {
                return Err(Malformed("the table map has no labels of an ENUM or SET"));
            }
            kind::ENUM if (1..=2).contains(&second) => {
                (Kind::Label, Storage::Enum { bytes: usize::from(second), labels })
            }
            kind::SET if (1..=8).contains(&second) => {
                (Kind::Label, Storage::Set { bytes: usize::from(second), labels })
            }
            kind::JSON if (1..=4).contains(&first) => {
                (Kind::Json, Storage::Json { prefix: usize::from(first) })
            }
            kind::TINY_BLOB..=kind::BLOB if (1..=4).contains(&first) => {
                (text, Storage::String { prefix: usize::from(first) })
            }
            kind::GEOMETRY | kind::VECTOR if (1..=4).contains(&first) => {
                (Kind::Bytes, Storage::String { prefix: usize::from(first) })
            }
            kind::TIMESTAMP | kind::TIME | kind::DATETIME => {
                return Err(Malformed(
                    "a column has a format of before MySQL 5.6; ALTER TABLE … FORCE renews it",
                ));
            }
            _ => return Err(Malformed("a column's metadata is wrong")),
        };
        let charset =
            if matches!(kind, Kind::Text | Kind::Label) { charset } else { Charset::Binary };
        Ok(MapColumn { name, column: ColumnType { kind, charset }, storage })
    }
}
