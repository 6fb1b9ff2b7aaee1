//! Checksum databases: relayed to clients of this proxy, and asked when a file is to be
//! confirmed.
//!
//! The proxy passes no answer of a database on unproven: tree heads are signed and of one history
//! with the newest one seen, records and tiles are in that tree. Stored answers are laid out so
//! that the store, used through `file://`, serves the database too:
//!
//! ```text
//! sumdb/NAME/supported                 empty
//! sumdb/NAME/latest                    the newest signed tree head seen
//! sumdb/NAME/lookup/MODULE@VERSION     a record, and the tree head it was proven with
//! sumdb/NAME/tile/H/L/N[.p/W]
//! ```

mod database;
mod memory;
mod relay;
mod remote;
mod verify;

pub(crate) use database::Database;
pub use database::DatabaseError;
