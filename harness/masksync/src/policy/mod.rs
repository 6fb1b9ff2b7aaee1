//! The policy: which tables, which rows, and what becomes of each column.

mod address;
mod file;
mod follows;
mod read;

pub use address::{Address, AddressError, Endpoint, Secret};
pub(crate) use follows::misfit;
pub use follows::{DEEPEST, Follow};
pub use read::{KeySource, Policy, TablePolicy, read};
