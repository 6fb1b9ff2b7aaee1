//! The connection to MySQL or MariaDB as staging.

use super::SinkError;
use super::batch::Target;
use super::mysql::MysqlSink;
use super::state::{State, StateStore};
use crate::server::{Connector, Failed, Role, Session};
use std::sync::Arc;

/// A database as staging.
pub struct Database {
    pub(super) connector: Connector,
    pub(super) state: StateStore,
    pub(super) session: Session,
}

impl Database {
    /// Connects.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub(super) fn open(connector: &Connector, state: &StateStore) -> Result<Self, Failed> {
        let session = connector.connect(Role::Write)?;
        Ok(Self { connector: connector.clone(), state: state.clone(), session })
    }

    /// Begins to write the stream; the sink can read staging's rows within its transactions.
    ///
    /// # Errors
    /// When it cannot be begun.
    pub(crate) fn sink(
        &self,
        state: &State,
        targets: Arc<Vec<Target>>,
    ) -> Result<MysqlSink, SinkError> {
        let (epoch, tables) = (state.epoch, &state.tables);
        Ok(MysqlSink::new(&self.connector, self.state.clone(), epoch, tables, targets)?)
    }
}
