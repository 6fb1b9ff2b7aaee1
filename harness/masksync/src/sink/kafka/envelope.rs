//! A change of a row as Debezium writes it, in JSON without schemas.
//!
//! ```json
//! {"before": null, "after": {"id": 1, "phone": "vT…"},
//!  "source": {"version": "0.9.0", "connector": "twinproof", "name": "masked", "ts_ms": 1790000000000,
//!             "snapshot": "false", "db": "shop", "table": "users"},
//!  "transaction": {"id": "6f…", "total_order": 1, "data_collection_order": 1},
//!  "op": "c", "ts_ms": 1790000000123}
//! ```
//!
//! | column | JSON |
//! |---|---|
//! | integers, YEAR, BIT, FLOAT, DOUBLE | a number |
//! | DECIMAL | a string, with all digits of its scale |
//! | DATE, TIME, DATETIME, TIMESTAMP (in UTC) | a string, as the server writes it |
//! | character columns, ENUM, SET | a string |
//! | JSON | a string with the document |
//! | binary columns | a string, base64 |
//!
//! `db` and `table` are those of staging, and the transaction's id is a keyed hash of its GTID: of the
//! source's servers, files and numbers nothing is in a record.

use crate::server::Failed;
use crate::sink::batch::Target;
use crate::value::{Cell, Charset, Undecodable};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use std::io::Write as _;

/// The kinds of changes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The row was read in a snapshot.
    Read,
    /// The row was added.
    Create,
    /// The row was changed.
    Update,
    /// The row was removed.
    Delete,
    /// All rows of the table were removed.
    Truncate,
}

impl Kind {
    fn letter(self) -> char {
        match self {
            Self::Read => 'r',
            Self::Create => 'c',
            Self::Update => 'u',
            Self::Delete => 'd',
            Self::Truncate => 't',
        }
    }
}

/// The place of a change in the source's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    /// When its transaction was begun at the source, in milliseconds since 1970.
    pub(super) source_ms: u64,
    /// When it is written.
    pub(super) now_ms: u64,
    /// The transaction's id, and the change's numbers in it and in it and its table, from 1.
    pub(super) transaction: Option<(String, u64, u64)>,
}

/// Writes the envelopes of one table.
pub(super) struct Envelope {
    table: String,
    columns: Vec<(String, Charset)>,
    written: Vec<usize>,
    key: Vec<usize>,
    /// The source block's beginning and end, around its time.
    source: (String, String),
}

/// A text in quotes, as JSON has it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl Envelope {
    /// Of a table, which topics with that prefix are for.
    pub(super) fn new(prefix: &str, target: &Target) -> Self {
        let (schema, table) = &target.place;
        let begin = format!(
            "\"source\":{{\"version\":{},\"connector\":\"twinproof\",\"name\":{},\"ts_ms\":",
            quoted(env!("CARGO_PKG_VERSION")),
            quoted(prefix),
        );
        let end = format!("\"db\":{},\"table\":{}}}", quoted(schema), quoted(table));
        let columns = target.columns.iter();
        Self {
            table: format!("{schema}.{table}"),
            columns: columns.map(|(name, set)| (quoted(name), set.clone())).collect(),
            written: target.written.clone(),
            key: target.key.clone(),
            source: (begin, end),
        }
    }

    /// The key of a record: the key's columns and their masked cells.
    ///
    /// # Errors
    /// When a text cannot be read.
    pub(super) fn key(&self, cells: &[Cell<'_>]) -> Result<Vec<u8>, Failed> {
        let mut out = Vec::with_capacity(64);
        self.object(self.key.iter().zip(cells), &mut out)?;
        Ok(out)
    }

    /// The key of a row.
    ///
    /// # Errors
    /// When a text cannot be read.
    pub(super) fn key_of(&self, row: &[Cell<'static>]) -> Result<Vec<u8>, Failed> {
        let cells: Vec<Cell<'static>> =
            self.key.iter().filter_map(|k| row.get(*k).cloned()).collect();
        self.key(&cells)
    }

    /// The value of a record.
    ///
    /// # Errors
    /// When a text cannot be read.
    pub(super) fn value(
        &self,
        kind: Kind,
        before: Option<&[Cell<'_>]>,
        after: Option<&[Cell<'_>]>,
        stamp: &Stamp,
    ) -> Result<Vec<u8>, Failed> {
        let mut out = Vec::with_capacity(512);
        if kind == Kind::Truncate {
            out.push(b'{');
        } else {
            out.extend_from_slice(b"{\"before\":");
            self.row(before, &mut out)?;
            out.extend_from_slice(b",\"after\":");
            self.row(after, &mut out)?;
            out.push(b',');
        }
        let snapshot = kind == Kind::Read;
        let (begin, end) = &self.source;
        // Writing to a vector does not fail.
        let _ = write!(out, "{begin}{},\"snapshot\":\"{snapshot}\",{end}", stamp.source_ms);
        let _ = match &stamp.transaction {
            None => write!(out, ",\"transaction\":null"),
            Some((id, total, of_table)) => write!(
                out,
                ",\"transaction\":{{\"id\":\"{id}\",\"total_order\":{total},\
                 \"data_collection_order\":{of_table}}}"
            ),
        };
        let (op, now) = (kind.letter(), stamp.now_ms);
        let _ = write!(out, ",\"op\":\"{op}\",\"ts_ms\":{now}}}");
        Ok(out)
    }

    fn row(&self, row: Option<&[Cell<'_>]>, out: &mut Vec<u8>) -> Result<(), Failed> {
        match row {
            None => {
                out.extend_from_slice(b"null");
                Ok(())
            }
            Some(row) => {
                let cells = self.written.iter().filter_map(|i| row.get(*i).map(|cell| (i, cell)));
                self.object(cells, out)
            }
        }
    }

    fn object<'c>(
        &self,
        cells: impl Iterator<Item = (&'c usize, &'c Cell<'c>)>,
        out: &mut Vec<u8>,
    ) -> Result<(), Failed> {
        out.push(b'{');
        for (i, (place, cell)) in cells.enumerate() {
            let Some((name, charset)) = self.columns.get(*place) else { continue };
            if i > 0 {
                out.push(b',');
            }
            out.extend_from_slice(name.as_bytes());
            out.push(b':');
            value(cell, charset, out).map_err(|error| Failed {
                doing: format!("writing a record of {}", self.table),
                why: format!("column {name}: {error}"),
                code: None,
                unreachable: false,
            })?;
        }
        out.push(b'}');
        Ok(())
    }
}

/// Appends a cell.
fn value(cell: &Cell<'_>, charset: &Charset, out: &mut Vec<u8>) -> Result<(), Undecodable> {
    // Writing to a vector does not fail.
    let _ = match cell {
        Cell::Null => write!(out, "null"),
        Cell::Int(n) => write!(out, "{n}"),
        Cell::UInt(n) => write!(out, "{n}"),
        Cell::Float(n) => write!(out, "{n}"),
        Cell::Double(n) => write!(out, "{n}"),
        // Digits, signs, points, colons and spaces only.
        Cell::Decimal(text) | Cell::Moment(text) => write!(out, "\"{text}\""),
        Cell::Utf8(text) => {
            string(text, out);
            Ok(())
        }
        Cell::Bytes(bytes) => write!(out, "\"{}\"", BASE64_STANDARD.encode(bytes)),
        Cell::Text(_) | Cell::Json(_) => {
            let set = if matches!(cell, Cell::Json(_)) { &Charset::Utf8 } else { charset };
            let mut text = Vec::new();
            cell.canonical(set, &mut text)?;
            string(std::str::from_utf8(&text).map_err(|_| Undecodable::Invalid("UTF-8"))?, out);
            Ok(())
        }
    };
    Ok(())
}

fn string(text: &str, out: &mut Vec<u8>) {
    // A text is JSON whatever is in it, and writing to a vector does not fail.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn envelope() -> Envelope {
        let column = |name: &str, set| (name.into(), set);
        Envelope::new(
            "masked",
            &Target {
                name: "`s`.`u`".to_owned(),
                place: ("s".to_owned(), "u".to_owned()),
                columns: vec![
                    column("id", Charset::Binary),
                    column("a\"b", Charset::Latin1),
                    column("raw", Charset::Binary),
                    column("at", Charset::Binary),
                    column("doc", Charset::Utf8),
                ],
                written: vec![0, 1, 2, 3, 4],
                key: vec![0],
                lenient: false,
                cascades: false,
            },
        )
    }

    fn row() -> Vec<Cell<'static>> {
        vec![
            Cell::UInt(u64::MAX),
            Cell::Text(b"\x80\"\0\n"[..].into()),
            Cell::Bytes(b"\xff\0"[..].into()),
            Cell::Moment("0000-00-00".to_owned()),
            Cell::Json(b"{\"a\":1}"[..].into()),
        ]
    }

    #[test]
    fn an_envelope_is_as_debezium_writes_it() {
        let stamp =
            Stamp { source_ms: 5000, now_ms: 6001, transaction: Some(("ab".to_owned(), 3, 2)) };
        let (before, after) = (row(), row());
        let text = envelope().value(Kind::Update, Some(&before), Some(&after), &stamp).unwrap();
        let value: Value = serde_json::from_slice(&text).unwrap();
        let cells = json!({
            "id": u64::MAX, "a\"b": "€\"\0\n", "raw": "/wA=", "at": "0000-00-00",
            "doc": "{\"a\":1}",
        });
        assert_eq!(
            value,
            json!({
                "before": cells, "after": cells,
                "source": {
                    "version": env!("CARGO_PKG_VERSION"), "connector": "twinproof",
                    "name": "masked", "ts_ms": 5000, "snapshot": "false", "db": "s", "table": "u",
                },
                "transaction": {"id": "ab", "total_order": 3, "data_collection_order": 2},
                "op": "u", "ts_ms": 6001,
            })
        );
    }

    #[test]
    fn a_key_has_the_key_columns_only() {
        let text = envelope().key_of(&row()).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "{\"id\":18446744073709551615}");
    }

    #[test]
    fn reads_deletes_and_truncates_have_what_they_can() {
        let read = |kind, before: Option<&[Cell<'_>]>, after: Option<&[Cell<'_>]>| -> Value {
            let text = envelope().value(kind, before, after, &Stamp::default()).unwrap();
            serde_json::from_slice(&text).unwrap()
        };
        let row = row();
        let one = read(Kind::Read, None, Some(&row));
        assert_eq!((&one["op"], &one["source"]["snapshot"]), (&json!("r"), &json!("true")));
        assert_eq!(one["transaction"], Value::Null);
        let gone = read(Kind::Delete, Some(&row), None);
        assert_eq!((&gone["op"], &gone["after"]), (&json!("d"), &Value::Null));
        assert_eq!(gone["before"]["id"], json!(u64::MAX));
        let all = read(Kind::Truncate, None, None);
        assert_eq!((&all["op"], all.get("before")), (&json!("t"), None));
    }

    #[test]
    fn a_text_that_cannot_be_read_is_refused_without_its_bytes() {
        let mut row = row();
        row[1] = Cell::Text(b"SECRET\xff"[..].into());
        let mut envelope = envelope();
        envelope.columns[1].1 = Charset::Ascii;
        let error = envelope.value(Kind::Create, None, Some(&row), &Stamp::default()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("a\\\"b") && !text.contains("SECRET"), "{text}");
    }
}
