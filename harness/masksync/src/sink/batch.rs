//! The rows that one transaction writes.

use crate::flow::Effect;
use crate::value::{Cell, Charset};
use std::sync::Arc;

/// A row's cells, in the order of the source's columns; of a key, only the key's.
pub type Row = Vec<Cell<'static>>;

/// A table in staging, as far as writing is concerned.
#[derive(Clone, Debug)]
pub struct Target {
    /// Schema and table, between backticks.
    pub name: String,
    /// The same, schema and table.
    pub place: (String, String),
    /// The columns, with the character sets of texts that stay as they are.
    pub columns: Vec<(Arc<str>, Charset)>,
    /// The places of the columns that are written; the server computes the others.
    pub written: Vec<usize>,
    /// The places of the key's columns.
    pub key: Vec<usize>,
    /// Whether rows may be gone already, because a foreign key's action took them.
    pub lenient: bool,
    /// Whether rows of other tables go with a row of this one.
    pub cascades: bool,
}

/// A step of a batch.
#[derive(Debug)]
pub enum Op {
    /// The following steps belong to this transaction, for stagings that want transactions apart.
    Begin {
        /// Its GTID.
        transaction: String,
        /// When it began at the source, in seconds since 1970.
        timestamp: u32,
    },
    /// Rows are removed and written.
    Rows {
        /// The table's index.
        table: usize,
        /// The net change of each key.
        effects: Vec<Effect<Row, Row>>,
        /// Whether it is a replay: rows that are there already are replaced.
        replay: bool,
        /// Whether a session without checks of foreign keys changed some of them.
        unchecked: bool,
    },
    /// Rows are written that were read from the source again, for staging that is a database.
    Repaired {
        /// The table's index and its name at the source; `None` where nothing is written.
        table: Option<(usize, String)>,
        /// The rows as they should be.
        effects: Vec<Effect<Row, Row>>,
        /// The source's position when they had been read: up to there the table's changes are
        /// replayed.
        high: String,
        /// Their numbers in the queue.
        done: Vec<u64>,
    },
    /// All rows are removed.
    Truncate {
        /// The table's index.
        table: usize,
    },
}

/// The position after a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// All transactions that are applied then.
    pub position: String,
    /// The source's file, and the place in it.
    pub file: Option<(String, u64)>,
    /// When the last of them was begun at the source, in seconds since 1970.
    pub timestamp: u32,
}

/// Steps that are written together. Without a commit, the next batch continues the transaction.
#[derive(Debug, Default)]
pub struct Batch {
    /// The steps, in order.
    pub ops: Vec<Op>,
    /// The position after it.
    pub commit: Option<Commit>,
    /// Number of the source's transactions that end in it.
    pub transactions: u64,
    /// Number of the source's row changes in it.
    pub rows: u64,
}
