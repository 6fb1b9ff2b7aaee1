//! The way to staging.

use super::SinkError;
use super::database::Database;
use super::kafka::{TopicUses, Topics};
use super::staging::{Staging, unasked};
use super::state::{StateStore, Uses};
use crate::keys::Reserve;
use crate::policy::{StagingAddress, TopicsPolicy};
use crate::server::{Connector, Failed, Role, Session};
use std::sync::Arc;

/// The way to staging.
#[derive(Clone, Debug)]
pub enum Destination {
    /// A database.
    Database(Connector),
    /// Topics.
    Topics(Arc<TopicsPolicy>),
}

impl Destination {
    /// The way to staging at an address.
    #[must_use]
    pub fn new(address: &StagingAddress) -> Self {
        match address {
            StagingAddress::Database(address) => {
                Self::Database(Connector::new(address.clone(), "staging"))
            }
            StagingAddress::Topics(topics) => Self::Topics(Arc::new(topics.clone())),
        }
    }

    /// Connects to the database.
    ///
    /// # Errors
    /// When staging is none, or out of reach.
    pub fn connect(&self, role: Role) -> Result<Session, Failed> {
        match self {
            Self::Database(connector) => connector.connect(role),
            Self::Topics(_) => Err(unasked()),
        }
    }

    /// Staging.
    ///
    /// # Errors
    /// When it is out of reach.
    pub fn open(&self, state: &StateStore) -> Result<Box<dyn Staging>, SinkError> {
        Ok(match self {
            Self::Database(connector) => Box::new(Database::open(connector, state)?),
            Self::Topics(topics) => Box::new(Topics::open(topics, state)?),
        })
    }

    /// The store for the counts of key uses.
    #[must_use]
    pub fn uses(&self, state: &StateStore) -> Arc<dyn Reserve> {
        match self {
            Self::Database(connector) => Arc::new(Uses::new(connector.clone(), state.schema())),
            Self::Topics(topics) => Arc::new(TopicUses::new(topics, state)),
        }
    }
}
