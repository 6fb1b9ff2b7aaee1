//! Values as they travel: one cell of a row, read from the binlog or by a query, and what it is in
//! bytes that do not depend on how it was read.
//!
//! Nothing here knows a mask, a policy or a connection. Cells never show their values in debug
//! output, because debug output ends in logs.

mod cell;
mod charset;
mod column;
mod fraction;
mod json;

pub use cell::Cell;
pub use charset::{Charset, Undecodable};
pub use column::{ColumnType, Kind};
pub(crate) use fraction::fraction;
pub(crate) use json::parse as parse_json;
pub use json::{JsonError, canonical as canonical_json};
