//! The source's binlog, read by mysql_common: the total order that the suite judges by.

use crate::Error;
use crate::server::{Flavour, Server};
use mysql::binlog::events::{Event, EventData, RowsEventData};
use mysql::prelude::Queryable as _;
use mysql::{BinlogRequest, Value};
use mysql_common::binlog::row::BinlogRow;
use mysql_common::binlog::value::BinlogValue;
use mysql_common::packets::BinlogDumpFlags;
use std::collections::BTreeMap;
use twinproof_history::{Cell, Change, Row, Transaction};

/// The server id by which the source knows this reader among its replicas.
// A source ends the stream of a replica when another one comes with the same number; those of
// instances begin at 1,000,000.
const SERVER_ID: u32 = 3_000_000_001;

/// Reads what the source logged about one schema, from a place on.
pub struct Reader {
    db: String,
    file: String,
    position: u64,
    /// The transactions so far.
    pub read: Vec<Transaction>,
    open: Option<Transaction>,
}

impl Reader {
    /// Begins where the source's binlog ends now.
    ///
    /// # Errors
    /// When the source does not say where that is.
    pub fn new(source: &Server, db: &str) -> Result<Self, Error> {
        let (file, position) = end(source)?;
        Ok(Self { db: db.to_owned(), file, position, read: Vec::new(), open: None })
    }

    /// Goes on from where the binlog ends now.
    ///
    /// # Errors
    /// When the source does not say where that is.
    pub fn skip(&mut self, source: &Server) -> Result<(), Error> {
        (self.file, self.position) = end(source)?;
        Ok(())
    }

    /// Reads on, up to the end.
    ///
    /// # Errors
    /// When an event cannot be read.
    pub fn read_on(&mut self, source: &Server) -> Result<(), Error> {
        let mut conn = source.connect("root")?;
        if source.flavour() == Flavour::Mariadb {
            // Otherwise MariaDB takes its reader for an old one, and writes BEGIN in place of GTID events.
            conn.query_drop("SET @mariadb_slave_capability = 4")?;
        }
        let request = BinlogRequest::new(SERVER_ID)
            .with_filename(self.file.clone().into_bytes())
            .with_pos(self.position)
            // The server ends the stream at the end of the log, where it would otherwise wait for
            // more.
            .with_flags(BinlogDumpFlags::BINLOG_DUMP_NON_BLOCK);
        let mut stream = conn.get_binlog_stream(request)?;
        while let Some(event) = stream.next() {
            let event = event?;
            self.event(&event, &stream)?;
            let next = u64::from(event.header().log_pos());
            // Events that the server makes up for the stream have no place in the log.
            if next > 0 {
                self.position = next;
            }
        }
        self.close();
        Ok(())
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take()
            && (!open.changes.is_empty() || open.statement.is_some())
        {
            self.read.push(open);
        }
    }

    fn event(&mut self, event: &Event, stream: &mysql::BinlogStream) -> Result<(), Error> {
        let wrong =
            |what: &str| Error::Broken(format!("the suite cannot read {what} of the binlog"));
        match event.header().event_type_raw() {
            4 => {
                let data = event.data();
                let (position, file) =
                    data.split_first_chunk::<8>().ok_or_else(|| wrong("a file's name"))?;
                // A checksum follows or not, depending on the event's author: the name ends with
                // its number.
                let dot = file.iter().position(|b| *b == b'.').unwrap_or(file.len());
                let digits = file[dot..].iter().skip(1).take_while(|b| b.is_ascii_digit()).take(6);
                let file = file[..(dot + 1 + digits.count()).min(file.len())].to_vec();
                self.file = String::from_utf8(file).map_err(|_| wrong("a file's name"))?;
                self.position = u64::from_le_bytes(*position);
            }
            162 => {
                self.close();
                let data = event.data();
                let domain = data.get(8..12).and_then(|b| b.first_chunk::<4>());
                let flags = data.get(12).copied().unwrap_or(0);
                self.open = Some(Transaction {
                    domain: domain.map_or(0, |b| u32::from_le_bytes(*b)),
                    // FL_PREPARED_XA of MariaDB: the transaction waits for its XA COMMIT.
                    prepared: flags & 64 != 0,
                    ..Transaction::default()
                });
            }
            33 | 34 | 42 => {
                self.close();
                self.open = Some(Transaction::default());
            }
            38 => self.open.get_or_insert_default().prepared = event.data().first() == Some(&0),
            2 | 19 | 23..=25 | 30..=32 => {
                let data = event.read_data().map_err(|e| wrong(&format!("an event ({e})")))?;
                match data {
                    Some(EventData::QueryEvent(query)) => {
                        let text = query.query().into_owned();
                        self.statement(&query.schema(), &text);
                    }
                    Some(EventData::RowsEvent(rows)) => self.rows(&rows, stream)?,
                    _ => {}
                }
            }
            // Rows with parts of documents only.
            39 => {
                let id =
                    event.data().first_chunk::<8>().map(|b| u64::from_le_bytes(*b) << 16 >> 16);
                let map = id.and_then(|id| stream.get_tme(id));
                if let Some(map) = map.filter(|map| map.database_name() == self.db) {
                    let table = map.table_name().into_owned();
                    let change = Change { table, partial: true, ..Change::default() };
                    self.open.get_or_insert_default().changes.push(change);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn statement(&mut self, schema: &str, text: &str) {
        let word = text.trim_start().split([' ', ';']).next().unwrap_or_default().to_uppercase();
        // These are written as statements and change nothing by themselves.
        let ends = ["BEGIN", "COMMIT", "SAVEPOINT"].contains(&word.as_str());
        let ours = schema == self.db || text.contains(&self.db) || word == "XA";
        let xa = text.starts_with("XA START") || text.starts_with("XA END");
        if !ends && ours && !xa {
            self.open.get_or_insert_default().statement = Some(text.to_owned());
        }
    }

    fn rows(
        &mut self,
        rows: &RowsEventData<'_>,
        stream: &mysql::BinlogStream,
    ) -> Result<(), Error> {
        let broken =
            |e: String| Error::Broken(format!("the suite cannot read rows of the binlog: {e}"));
        let map =
            stream.get_tme(rows.table_id()).ok_or_else(|| broken("no table map".to_owned()))?;
        if map.database_name() != self.db {
            return Ok(());
        }
        let table = map.table_name().into_owned();
        let columns = map.columns_count() as usize;
        for pair in rows.rows(map) {
            let (before, after) = pair.map_err(|e| broken(e.to_string()))?;
            let partial = [&before, &after].into_iter().flatten().any(|row| row.len() != columns);
            let before = before.map(row).transpose()?;
            let after = after.map(row).transpose()?;
            let change = Change { table: table.clone(), before, after, partial };
            self.open.get_or_insert_default().changes.push(change);
        }
        Ok(())
    }
}

/// The end of a source's binlog: file and offset.
fn end(source: &Server) -> Result<(String, u64), Error> {
    let mut conn = source.connect("root")?;
    let sql = match source.flavour() {
        Flavour::Mysql => "SHOW BINARY LOG STATUS",
        Flavour::Mariadb => "SHOW MASTER STATUS",
    };
    let row: Option<mysql::Row> = conn.query_first(sql)?;
    let row = row.ok_or_else(|| Error::Broken("the source has no binlog".to_owned()))?;
    let file: Option<String> = row.get(0);
    let position: Option<u64> = row.get(1);
    file.zip(position)
        .ok_or_else(|| Error::Broken("the source does not say where its binlog ends".to_owned()))
}

fn row(row: BinlogRow) -> Result<Row, Error> {
    let names: Vec<String> = row.columns_ref().iter().map(|c| c.name_str().into_owned()).collect();
    let mut cells = BTreeMap::new();
    for (name, value) in names.into_iter().zip(row.unwrap()) {
        let cell = match value {
            BinlogValue::Value(value) => cell(value),
            BinlogValue::Jsonb(document) => {
                let document = serde_json::Value::try_from(document);
                Cell::text(&document.map_err(|e| Error::Broken(e.to_string()))?.to_string())
            }
            BinlogValue::JsonDiff(_) => Cell::text("part of a document"),
        };
        cells.insert(name, cell);
    }
    Ok(cells)
}

/// A value as the server writes it.
pub fn cell(value: Value) -> Cell {
    let text = |text: String| Cell(Some(text.into_bytes()));
    let micros = |us: u32| if us > 0 { format!(".{us:06}") } else { String::new() };
    match value {
        Value::NULL => Cell::NULL,
        Value::Bytes(bytes) => Cell(Some(bytes)),
        Value::Int(n) => text(n.to_string()),
        Value::UInt(n) => text(n.to_string()),
        Value::Float(n) => text(n.to_string()),
        Value::Double(n) => text(n.to_string()),
        Value::Date(y, m, d, 0, 0, 0, 0) => text(format!("{y:04}-{m:02}-{d:02}")),
        Value::Date(y, m, d, h, i, s, us) => {
            text(format!("{y:04}-{m:02}-{d:02} {h:02}:{i:02}:{s:02}{}", micros(us)))
        }
        Value::Time(negative, d, h, i, s, us) => {
            let sign = if negative { "-" } else { "" };
            // The protocol sends days apart; the server shows a TIME in hours, up to 838.
            let hours = d * 24 + u32::from(h);
            text(format!("{sign}{hours:02}:{i:02}:{s:02}{}", micros(us)))
        }
    }
}
