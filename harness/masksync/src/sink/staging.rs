//! The trait of a staging: a database or topics.

use super::batch::{Row, Target};
use super::database::Database;
use super::state::State;
use super::{Sink, SinkError};
use crate::policy::TablePolicy;
use crate::server::{Column, Failed, Session, Table};
use std::sync::Arc;

/// A problem to mend before rows can flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The problem.
    pub what: String,
    /// The statement or the change that mends it.
    pub fix: String,
}

/// Details of changes that staging needs beside their net effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// Whether each transaction's changes are kept apart, not merged with those of others.
    pub apart: bool,
    /// Whether the masked row before a change is needed.
    pub before: bool,
}

/// A table that is to be filled with a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct ToFill<'t> {
    /// The table.
    pub target: &'t Target,
    /// Whether foreign keys in staging lead to it or from it.
    pub linked: bool,
    /// Whether a snapshot of it was there before.
    pub again: bool,
}

/// The error of reading rows from staging where it is topics.
pub(super) fn unasked() -> Failed {
    Failed {
        doing: "reading staging's tables".to_owned(),
        why:
            "staging is topics of Kafka, which have no rows to ask for; a database that is filled \
              by the same policy has"
                .to_owned(),
        code: None,
        unreachable: false,
    }
}

/// Staging. Calls come in this order: `missing`, `table`, `take_over`, then `fill`, then `stream`.
pub trait Staging: Send {
    /// Problems that do not depend on a table.
    ///
    /// # Errors
    /// When staging does not answer.
    fn missing(&mut self) -> Result<Vec<Finding>, Failed>;

    /// The table in staging; `None` where it is not there.
    ///
    /// # Errors
    /// When staging does not answer.
    fn table(
        &mut self,
        table: &TablePolicy,
        source: Option<&Table>,
    ) -> Result<Option<Table>, Failed>;

    /// The remedy for a missing table.
    fn remedy(&self, table: &TablePolicy) -> String;

    /// The reason why staging cannot take a column, whatever its class, and the remedy.
    fn refuses(&self, _: &Column) -> Option<(String, String)> {
        None
    }

    /// Whether its foreign keys take rows with their parents.
    fn follows_keys(&self) -> bool;

    /// Details that it needs of changes.
    fn detail(&self) -> Detail;

    /// Takes over: the instance that wrote before may not write any more.
    ///
    /// # Errors
    /// When the state cannot be read or changed.
    fn take_over(&mut self) -> Result<State, SinkError>;

    /// Writes the state, if this instance may.
    ///
    /// # Errors
    /// When it is not written.
    fn save(&mut self, state: &State) -> Result<(), SinkError>;

    /// Begins to fill tables with snapshots, which take their places together. Tables stand before
    /// those that follow them.
    ///
    /// # Errors
    /// When it cannot be begun.
    fn fill(&mut self, group: &[ToFill<'_>]) -> Result<Box<dyn Filling>, SinkError>;

    /// Begins to write the stream.
    ///
    /// # Errors
    /// When it cannot be begun.
    fn stream(
        &mut self,
        state: &State,
        targets: Arc<Vec<Target>>,
    ) -> Result<Box<dyn Sink>, SinkError>;

    /// Staging as a database, which can be asked for the rows that it has.
    ///
    /// # Errors
    /// When it is none.
    fn database(&mut self) -> Result<&mut Database, Failed> {
        Err(unasked())
    }
}

/// Snapshots of a group of tables on their way into their places.
pub trait Filling: Sync {
    /// The name of the group's nth table while it is filled.
    fn name(&self, nth: usize) -> &str;

    /// A way to write rows of the nth table of the group, one for each thread.
    ///
    /// # Errors
    /// When there is none.
    fn writer(&self, nth: usize) -> Result<Box<dyn RowWriter + '_>, SinkError>;

    /// Puts the rows of all tables in their places, and writes the state after that, if this
    /// instance may. `before` is the state as long as they are not there.
    ///
    /// # Errors
    /// When they are not in their places.
    fn place(self: Box<Self>, before: &State, after: &State) -> Result<(), SinkError>;
}

/// Writes rows of a snapshot.
pub trait RowWriter {
    /// Writes rows.
    ///
    /// # Errors
    /// When they are not written.
    fn write(&mut self, rows: Vec<Row>) -> Result<(), SinkError>;

    /// The connection, to ask staging for rows that are there already.
    ///
    /// # Errors
    /// When staging has none to ask for, or is out of reach.
    fn session(&mut self) -> Result<&mut Session, Failed> {
        Err(unasked())
    }
}
