//! Code for both servers, source and staging: connections, tables' definitions, cells in SQL.

mod connect;
mod convert;
mod literal;
mod redact;
mod schema;

pub use connect::{Connector, Role, Session};
pub use convert::{Conversion, cell};
pub use literal::{is_one_of, literal, literals, name, quoted_name};
pub use redact::{Failed, without_values};
pub use schema::{Column, ForeignKey, Table, read_table};
