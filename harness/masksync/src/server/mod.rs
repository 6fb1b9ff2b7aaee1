//! What both ends have in common: connections, what a table looks like, cells in SQL.

mod connect;
mod convert;
mod literal;
mod schema;
mod told;

pub use connect::{Connector, Role, Session};
pub use convert::{Conversion, cell};
pub use literal::{literal, name, quoted_name};
pub use schema::{Column, ForeignKey, Table, read_table};
pub use told::{Failed, tell};
