//! A column's type, as far as it decides how values are read, written or masked.

use super::charset::Charset;

/// The kinds of columns that differ in how values are read, written or masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// TINYINT to BIGINT, YEAR, BIT.
    Integer,
    /// FLOAT, DOUBLE.
    Float,
    /// DECIMAL.
    Decimal,
    /// DATE, TIME, DATETIME, TIMESTAMP.
    Moment,
    /// CHAR, VARCHAR, TEXT of all sizes.
    Text,
    /// BINARY, VARBINARY, BLOB of all sizes, UUID and INET of MariaDB, geometries, vectors.
    Bytes,
    /// ENUM, SET.
    Label,
    /// JSON of MySQL; MariaDB's is text.
    Json,
}

impl Kind {
    /// The type's name in messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Integer => "an integer",
            Self::Float => "a float",
            Self::Decimal => "a decimal",
            Self::Moment => "a date or time",
            Self::Text => "a text",
            Self::Bytes => "binary",
            Self::Label => "an ENUM or SET",
            Self::Json => "JSON",
        }
    }
}

/// A column's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnType {
    /// Its kind.
    pub kind: Kind,
    /// Its character set; binary where it has none.
    pub charset: Charset,
}

impl ColumnType {
    /// A type without a character set.
    #[must_use]
    pub fn plain(kind: Kind) -> Self {
        Self { kind, charset: Charset::Binary }
    }

    /// A type of texts.
    #[must_use]
    pub fn text(charset: Charset) -> Self {
        Self { kind: Kind::Text, charset }
    }
}
