//! The policy: which tables, which rows, and the mask of each column.

mod address;
mod file;
mod follows;
mod host;
mod read;
mod table;
mod topics;

pub use address::{Address, AddressError, Endpoint, Secret};
pub use follows::DEEPEST;
pub(crate) use follows::misfit;
pub use read::{KeySource, Policy, StagingAddress, read};
pub(crate) use table::dotted;
pub use table::{Follow, TablePolicy};
pub(crate) use topics::is_topic;
pub use topics::{Before, Brokers, Mechanism, TopicsPolicy};
