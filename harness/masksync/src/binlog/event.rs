//! Events, and their meaning for rows. An event of an unknown kind halts the stream.

use super::bytes::{Bytes, Malformed};
use super::gtid::{Gtid, Source};
use super::rows::{Kind, RowIter};
use super::table_map::{Charsets, Head, TableMap};
use crate::defect::{Defect, has};
use mysql_common::binlog::BinlogCtx;
use mysql_common::binlog::consts::BinlogVersion;
use mysql_common::binlog::events::{FormatDescriptionEvent, GtidEvent};
use mysql_common::io::ParseBuf;

/// The kind of server that wrote a binlog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// MySQL's.
    Mysql,
    /// MariaDB's.
    Mariadb,
}

/// The header of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Seconds since 1970, when the statement began.
    pub timestamp: u32,
    /// The kind of event.
    pub kind: u8,
    /// The id of the server that wrote it.
    pub server: u32,
    /// The file offset of the next event; 0 for events that are in no file.
    pub next: u32,
}

/// An event without its checksum.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    /// Its header.
    pub header: Header,
    /// The bytes after the header.
    pub body: &'a [u8],
}

/// A decoded event.
#[derive(Debug)]
pub enum Body<'a> {
    /// An event that changes no rows.
    Nothing,
    /// A heartbeat: the server has nothing to send.
    Heartbeat,
    /// The log goes on in another file.
    Rotate {
        /// Name of the next file.
        file: &'a str,
        /// The position in it.
        position: u64,
    },
    /// A transaction begins, or a statement that is one by itself.
    Gtid {
        /// The transaction's id.
        gtid: Gtid,
        /// Whether a transaction begins here; where not, a statement says so, or is one by itself.
        begins: bool,
        /// Whether the event announces that the transaction will be prepared (XA).
        prepares: bool,
    },
    /// A statement.
    Statement {
        /// The schema that was in use.
        schema: &'a str,
        /// The text of the statement.
        sql: &'a [u8],
    },
    /// The transaction is committed.
    Commit,
    /// The transaction is prepared; its name, as statements write it.
    Prepared(String),
    /// A table map.
    Map(Map<'a>),
    /// Rows.
    Rows(Rows<'a>),
    /// A compressed transaction: see [`super::Payload`].
    Payload(&'a [u8]),
}

/// A table map that was looked at but for its columns.
#[derive(Debug)]
pub struct Map<'a>(Head<'a>);

impl Map<'_> {
    /// The id by which rows events refer to the table.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Schema and table.
    #[must_use]
    pub fn name(&self) -> (&str, &str) {
        (self.0.schema, self.0.table)
    }

    /// The whole map.
    ///
    /// # Errors
    /// When it is wrong, or names no columns.
    pub fn read(&self, charsets: &Charsets) -> Result<TableMap, Malformed> {
        self.0.map(charsets)
    }
}

/// Rows of a table.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// The table's id in the table map.
    pub table: u64,
    /// Whether the session that changed them did not have foreign keys checked.
    pub unchecked: bool,
    kind: Kind,
    has_extra: bool,
    body: &'a [u8],
}

/// The flag of rows events whose session had `foreign_key_checks = 0`.
const UNCHECKED: u64 = 2;

impl<'a> Rows<'a> {
    /// The rows.
    ///
    /// # Errors
    /// When an image is not full, or the event does not fit its table map.
    pub fn iter(&self, map: &'a TableMap) -> Result<RowIter<'a>, Malformed> {
        RowIter::new(self.kind, self.has_extra, map, self.body)
    }
}

/// No event is shorter, in bytes.
const HEADER: usize = 19;

impl<'a> Event<'a> {
    /// Reads a header, and takes what follows as the body.
    ///
    /// # Errors
    /// When it is too short, or its length is another than it says.
    pub fn read(event: &'a [u8]) -> Result<Self, Malformed> {
        let mut bytes = Bytes(event);
        let timestamp = bytes.le(4)? as u32;
        let kind = bytes.u8()?;
        let server = bytes.le(4)? as u32;
        // The length says where the next event begins: one that lies would be read as two.
        if bytes.le(4)? != event.len() as u64 {
            return Err(Malformed("an event has another length than it says"));
        }
        // 32 bits, although a file may be larger: positions are not kept by it, but by GTID.
        let next = bytes.le(4)? as u32;
        bytes.take(2)?;
        debug_assert_eq!(event.len() - bytes.0.len(), HEADER);
        Ok(Self { header: Header { timestamp, kind, server, next }, body: bytes.rest() })
    }

    /// Decodes the event.
    ///
    /// # Errors
    /// When it cannot be decoded, has an unknown kind, or says that changes are missing.
    pub fn meaning(&self, flavour: Flavour) -> Result<Body<'a>, Malformed> {
        let mut bytes = Bytes(self.body);
        let rows = |kind, has_extra| {
            let mut bytes = Bytes(self.body);
            let (table, flags) = (bytes.le(6)?, bytes.le(2)?);
            let unchecked = flags & UNCHECKED != 0;
            Ok(Body::Rows(Rows { table, unchecked, kind, has_extra, body: self.body }))
        };
        match (self.header.kind, flavour) {
            (2, _) => self.statement(),
            // Stop, variables of statements, format, text of row changes, sets before, and what
            // group replication says of itself.
            // Numbers are those of libbinlogevents (MySQL) and of log_event.h (MariaDB from 160
            // on).
            (3 | 5 | 13..=15 | 29 | 35..=37, _) => Ok(Body::Nothing),
            (4, _) => {
                let position = bytes.le(8)?;
                let file = std::str::from_utf8(bytes.rest());
                let file = file.map_err(|_| Malformed("a file's name is not UTF-8"))?;
                Ok(Body::Rotate { file, position })
            }
            (16, _) => Ok(Body::Commit),
            (19, _) => Head::read(self.body).map(|head| Body::Map(Map(head))),
            (23, _) => rows(Kind::Insert, false),
            (24, _) => rows(Kind::Update, false),
            (25, _) => rows(Kind::Delete, false),
            (26, _) => Err(Malformed(
                "the source says that changes are missing from its binlog (an incident event); \
                 take the tables' snapshots again",
            )),
            (27 | 41, _) => Ok(Body::Heartbeat),
            (30, _) => rows(Kind::Insert, true),
            (31, _) => rows(Kind::Update, true),
            (32, _) => rows(Kind::Delete, true),
            (33 | 42, Flavour::Mysql) => {
                self.gtid().map(|gtid| Body::Gtid { gtid, begins: false, prepares: false })
            }
            // Without GTIDs nothing tells after a failover which transactions have been seen.
            (34, _) => Err(Malformed(
                "a transaction has no GTID; SET GLOBAL gtid_mode = ON, enforce_gtid_consistency = ON",
            )),
            (38, _) => self.prepared().map(Body::Prepared),
            (39, _) if has(Defect::PartialRows) => Ok(Body::Nothing),
            (39, _) => Err(Malformed(
                "an update has only parts of a JSON column; SET GLOBAL binlog_row_value_options = \
                 '', and end the sessions that set it otherwise",
            )),
            (40, Flavour::Mysql) => Ok(Body::Payload(self.body)),
            // The text of row changes, checkpoints, lists.
            (160 | 161 | 163, Flavour::Mariadb) => Ok(Body::Nothing),
            // Flags of MariaDB's GTID event: 1 stands for a statement that is a transaction by
            // itself (DDL), 64 for one that an XA PREPARE ends.
            (162, Flavour::Mariadb) => {
                let number = bytes.le(8)?;
                let domain = bytes.le(4)? as u32;
                let flags = bytes.u8()?;
                let gtid = Gtid::Mariadb { domain, server: self.header.server, number };
                Ok(Body::Gtid { gtid, begins: flags & 1 == 0, prepares: flags & 64 != 0 })
            }
            (164, Flavour::Mariadb) => Err(Malformed("the binlog is encrypted where it is read")),
            (165..=171, Flavour::Mariadb) => {
                Err(Malformed("an event is compressed; SET GLOBAL log_bin_compress = OFF"))
            }
            (172, Flavour::Mariadb) => Err(Malformed(
                "rows are fragmented over events; SET GLOBAL binlog_row_event_fragment_threshold \
                 to its maximum",
            )),
            (1 | 6..=12 | 17 | 18, _) => {
                Err(Malformed("rows are loaded by statements; SET GLOBAL binlog_format = ROW"))
            }
            _ => Err(Malformed("an event is of a kind that this program does not know")),
        }
    }

    fn statement(&self) -> Result<Body<'a>, Malformed> {
        let mut bytes = Bytes(self.body);
        // Thread id and execution time, which rows do not depend on.
        bytes.take(8)?;
        let schema = usize::from(bytes.u8()?);
        bytes.take(2)?;
        // Session variables such as sql_mode and the time zone: they matter for statements that
        // change rows, and those are refused.
        let variables = bytes.le(2)? as usize;
        bytes.take(variables)?;
        let schema = std::str::from_utf8(bytes.take(schema)?);
        let schema = schema.map_err(|_| Malformed("a schema's name is not UTF-8"))?;
        bytes.take(1)?;
        Ok(Body::Statement { schema, sql: bytes.rest() })
    }

    fn gtid(&self) -> Result<Gtid, Malformed> {
        let format = FormatDescriptionEvent::new(BinlogVersion::Version4);
        let context = BinlogCtx::new(HEADER + self.body.len(), &format, self.header.kind);
        let read = ParseBuf(self.body).parse::<GtidEvent>(context);
        let event = read.map_err(|_| Malformed("a GTID cannot be read"))?;
        let tag = event.tag().map_or_else(|| "".into(), |tag| tag.as_str().into());
        Ok(Gtid::Mysql { source: Source { uuid: event.sid(), tag }, number: event.gno() })
    }

    fn prepared(&self) -> Result<String, Malformed> {
        let mut bytes = Bytes(self.body);
        let one_phase = bytes.u8()? != 0;
        let format = bytes.le(4)?;
        let (global, branch) = (bytes.le(4)? as usize, bytes.le(4)? as usize);
        let mut hex = |length: usize| {
            let taken = bytes.take(length)?;
            Ok(taken.iter().map(|b| format!("{b:02x}")).collect::<String>())
        };
        let (global, branch) = (hex(global)?, hex(branch)?);
        // A transaction that is committed in one phase ends here.
        let name = format!("X'{global}',X'{branch}',{format}");
        Ok(if one_phase { String::new() } else { name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn event(kind: u8, body: &[u8]) -> Vec<u8> {
        let mut event = vec![0; 4];
        event.push(kind);
        event.extend_from_slice(&1_u32.to_le_bytes());
        event.extend_from_slice(&u32::try_from(HEADER + body.len()).unwrap().to_le_bytes());
        event.extend_from_slice(&[0; 6]);
        event.extend_from_slice(body);
        event
    }

    #[test]
    fn unknown_kinds_are_refused() {
        for kind in [0, 28, 43, 99, 173, 255] {
            for flavour in [Flavour::Mysql, Flavour::Mariadb] {
                let bytes = event(kind, b"");
                let error = Event::read(&bytes).unwrap().meaning(flavour).unwrap_err();
                assert!(error.0.contains("does not know"), "{kind}");
            }
        }
        // One server's kinds are unknown of the other.
        for (kind, flavour) in [(162, Flavour::Mysql), (33, Flavour::Mariadb)] {
            assert!(Event::read(&event(kind, &[0; 80])).unwrap().meaning(flavour).is_err());
        }
    }

    #[test]
    fn announced_lengths_are_not_believed() {
        let mut bytes = event(16, &[0; 8]);
        assert!(Event::read(&bytes).is_ok());
        bytes.push(0);
        assert!(Event::read(&bytes).is_err());
        assert!(Event::read(&bytes[..10]).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(kind: u8, body: Vec<u8>, maria: bool) {
            let flavour = if maria { Flavour::Mariadb } else { Flavour::Mysql };
            let bytes = event(kind, &body);
            match Event::read(&bytes).unwrap().meaning(flavour) {
                Ok(Body::Map(map)) => drop(map.read(&Charsets::default())),
                Ok(Body::Payload(body)) => drop(crate::binlog::Payload::new(body).map(|mut p| p.next_event())),
                _ => {}
            }
        }
    }
}
