//! The record of a history.

use crate::cell::Row;
use crate::key::Keys;
use crate::spec::Spec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Rows of tables, by the table's name.
pub type Tables = BTreeMap<String, Vec<Row>>;

/// A transaction of the source's binlog, as the suite's own reader read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// The replication domain; 0 where there are none.
    #[serde(default)]
    pub domain: u32,
    /// The row changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// A statement that is no change of rows, or is logged instead of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<String>,
    /// Whether it was prepared first (XA), and not yet decided.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub prepared: bool,
}

/// A change of one row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The table.
    pub table: String,
    /// The row before; absent of an insert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Row>,
    /// The row after; absent of a delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Row>,
    /// Whether an image has not all columns.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
}

/// The content of staging at one moment, in one consistent view.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Microseconds since the history began.
    pub at: u64,
    /// Its rows.
    pub tables: Tables,
}

/// An action that was done.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Done {
    /// The action: a word, and what it was about.
    pub what: String,
    /// When it began, in microseconds since the history began.
    pub at: u64,
    /// When it ended.
    pub until: u64,
    /// Its result: a count of rows, an exit code, a number; `late` where time was over.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub outcome: String,
}

/// One run of the pipeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Instance {
    /// Its number, from 1.
    pub number: u32,
    /// When it was started.
    pub at: u64,
    /// When it was seen to have ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<u64>,
    /// Its exit code then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i64>,
    /// Its last output, where it ended by itself.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub last: String,
}

/// The trust zone of a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Zone {
    /// Production: plain values may be there.
    Prod,
    /// Staging: no plain value may be there.
    #[default]
    Staging,
}

/// The kind of content of a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// Rows of staging.
    Rows,
    /// The pipeline's log.
    #[default]
    Log,
    /// Positions, states, checkpoints.
    State,
    /// Files of its own.
    File,
}

/// A place that is searched at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub name: String,
    /// Its trust zone.
    pub zone: Zone,
    /// The kind of its content.
    pub kind: PlaceKind,
    /// All bytes in it.
    pub bytes: Vec<u8>,
}

/// A row of the source at the end, with the source's own answer to the predicate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The row.
    pub row: Row,
    /// Whether it passes; none of a table of which all rows do, and where the answer is NULL.
    pub passes: Option<bool>,
}

/// Everything that was recorded. Fields that serde skips are stored beside it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Evidence {
    /// The tables and classes, as they are at the end.
    pub spec: Spec,
    /// The schema of the tables.
    pub db: String,
    /// The keys.
    pub keys: Keys,
    /// The source's transactions, in their order.
    pub source: Vec<Transaction>,
    /// The content of the source at the end.
    pub kept: BTreeMap<String, Vec<Kept>>,
    /// The content of staging, at each change.
    pub staging: Vec<State>,
    /// Collation of each column of staging's tables: `table.column`.
    pub collations: BTreeMap<String, String>,
    /// Places.
    #[serde(skip)]
    pub places: Vec<Place>,
    /// The actions that were done.
    #[serde(skip)]
    pub done: Vec<Done>,
    /// Runs of the pipeline.
    #[serde(skip)]
    pub instances: Vec<Instance>,
}
