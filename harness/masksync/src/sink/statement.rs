//! Statements about many rows.

use crate::server::literal;
use crate::value::{Cell, Charset};
use std::fmt::Write as _;

/// A statement has no more rows.
// The gain of longer statements is gone by then, and the server parses one for as long as it holds
// the connection.
const ROWS: usize = 1000;
/// A statement is not much longer, in bytes.
// Half of the smallest usual max_allowed_packet, 1 MiB; one row may be as long as it wants.
pub(super) const BYTES: usize = 512 << 10;

/// A statement with many tuples.
pub(super) struct Statement {
    sql: String,
    head: usize,
    tail: &'static str,
    tuples: usize,
}

impl Statement {
    pub(super) fn new(head: String, tail: &'static str) -> Self {
        Self { head: head.len(), sql: head, tail, tuples: 0 }
    }

    pub(super) fn tuple<'c>(
        &mut self,
        cells: impl Iterator<Item = (&'c Cell<'static>, &'c Charset)>,
    ) {
        let _ = write!(self.sql, "{}", if self.tuples > 0 { ",(" } else { "(" });
        for (i, (cell, charset)) in cells.enumerate() {
            if i > 0 {
                self.sql.push(',');
            }
            literal(cell, charset, &mut self.sql);
        }
        self.sql.push(')');
        self.tuples += 1;
    }

    pub(super) fn is_full(&self) -> bool {
        self.tuples >= ROWS || self.sql.len() >= BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tuples == 0
    }

    pub(super) fn into_text(mut self) -> String {
        self.sql.push_str(self.tail);
        self.sql
    }

    pub(super) fn text(&mut self) -> &str {
        self.sql.push_str(self.tail);
        &self.sql
    }

    pub(super) fn clear(&mut self) {
        self.sql.truncate(self.head);
        self.tuples = 0;
    }
}
