//! The binlog's events, read strictly: an event that cannot be read whole is an error, never a
//! guess.
//!
//! Nothing here opens a connection. Every length is checked against what is there before it is
//! used, so that no event can make this program allocate more than the event itself.

mod bytes;
mod cell;
mod column;
mod decimal;
mod event;
mod gtid;
mod json;
mod moment;
mod payload;
mod rows;
mod statement;
mod table_map;

pub use bytes::Malformed;
pub use column::MapColumn;
pub use event::{Body, Event, Flavour, Header, Map, Rows};
pub use gtid::{Gtid, GtidError, GtidSet, Source};
pub use payload::{PAYLOAD_LIMIT, Payload};
pub use rows::{Image, RowIter, RowPair};
pub use statement::{Statement, Xa};
pub use table_map::{Charsets, TableMap};
