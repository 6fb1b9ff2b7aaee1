//! The policy: which tables, which rows, and what becomes of each column.

mod address;
mod file;
mod read;

pub use address::{Address, AddressError, Endpoint, Secret};
pub use read::{KeySource, Policy, TablePolicy, read};
