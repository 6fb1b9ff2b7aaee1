//! Sinks of masked rows.

mod batch;
mod database;
mod destination;
mod insert;
mod kafka;
mod mac;
mod mysql;
mod repairs;
mod staging;
mod state;
mod statement;
mod tables;

pub use batch::{Batch, Commit, Op, Row, Target};
pub use database::Database;
pub use destination::Destination;
pub use mysql::MysqlSink;
pub use repairs::Repair;
pub use staging::{Detail, Filling, Finding, RowWriter, Staging, ToFill};
pub use state::{Progress, State, StateStore, Uses, position};

use crate::server::Failed;

/// An error in writing rows.
#[derive(Debug, thiserror::Error)]
pub enum SinkError {
    /// The sink's server failed.
    #[error(transparent)]
    Failed(#[from] Failed),
    /// Another instance has taken over.
    #[error("another instance has taken over; this one ends")]
    Fenced,
    /// Staging is not as this program left it.
    #[error(
        "{table} in staging is not as it was left: {what}; `twinproof sync verify` says where, `twinproof sync resnapshot` renews it"
    )]
    Differs {
        /// The table.
        table: String,
        /// The difference.
        what: String,
    },
}

/// A sink of masked rows.
pub trait Sink: Send {
    /// Writes rows. An error undoes the writes since the last batch that had a commit.
    ///
    /// # Errors
    /// When no part of the batch may count as written.
    fn write(&mut self, batch: &Batch) -> Result<(), SinkError>;
}
