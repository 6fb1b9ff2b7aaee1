//! A cell as text: the server's text for it in UTF-8, or bytes.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use twinproof_base::hex;

/// One cell: SQL's NULL, or the bytes that the server writes for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(pub Option<Vec<u8>>);

/// A row: column → cell.
pub type Row = BTreeMap<String, Cell>;

impl Cell {
    /// SQL's NULL.
    pub const NULL: Self = Self(None);

    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self(Some(text.as_bytes().to_vec()))
    }

    /// The bytes; none of NULL.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        self.0.as_deref()
    }

    /// The text; none of NULL and of bytes that are not UTF-8.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// For messages.
    #[must_use]
    pub fn shown(&self) -> String {
        match (self.bytes(), self.as_text()) {
            (None, _) => "NULL".to_owned(),
            (_, Some(text)) => format!("{text:?}"),
            (Some(bytes), None) => format!("x'{}'", hex::encode(bytes)),
        }
    }
}

/// The stored form of a cell: null, a text, or bytes as hexadecimal digits.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Stored {
    Null,
    Text(String),
    Bytes { hex: String },
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Three forms, so that a cell which is no UTF-8 can stand in JSON beside the texts that
        // people read.
        let stored = match (self.bytes(), self.as_text()) {
            (None, _) => Stored::Null,
            (_, Some(text)) => Stored::Text(text.to_owned()),
            (Some(bytes), None) => Stored::Bytes { hex: hex::encode(bytes) },
        };
        stored.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Option::<Stored>::deserialize(deserializer)? {
            None | Some(Stored::Null) => None,
            Some(Stored::Text(text)) => Some(text.into_bytes()),
            Some(Stored::Bytes { hex }) => {
                let bytes = hex::decode(&hex);
                Some(bytes.ok_or_else(|| serde::de::Error::custom("no hexadecimal digits"))?)
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::Cell;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cell_reads_back(bytes: Option<Vec<u8>>, text: String) {
            for cell in [Cell(bytes.clone()), Cell::text(&text)] {
                let json = serde_json::to_string(&cell).unwrap();
                prop_assert_eq!(serde_json::from_str::<Cell>(&json).unwrap(), cell);
            }
        }
    }
}
