//! The policy: which tables, which rows, and what becomes of each column.

mod address;
mod file;
mod follows;
mod read;
mod table;

pub use address::{Address, AddressError, Endpoint, Secret};
pub use follows::DEEPEST;
pub(crate) use follows::misfit;
pub use read::{KeySource, Policy, read};
pub(crate) use table::dotted;
pub use table::{Follow, TablePolicy};
