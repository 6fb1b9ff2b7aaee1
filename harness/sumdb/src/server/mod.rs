//! The server's side: the answers of a checksum database, without HTTP.
//!
//! | path | answer | type |
//! | --- | --- | --- |
//! | `/lookup/PATH@VERSION` | record, blank line, signed tree head | text/plain |
//! | `/latest` | signed tree head | text/plain |
//! | `/tile/H/data/NNN[.p/W]` | records without their numbers | text/plain |
//! | `/tile/H/L/NNN[.p/W]` | hashes | application/octet-stream |
//!
//! The server answers 400 to a request that is malformed or asks for too much at once, 404 for what
//! does not exist (a module, a tile beyond the log, any other path), and 500 when the log fails.
//!
//! [`respond`] is a function of a path and of [`ServerOps`], the four operations that a log offers;
//! [`MemoryLog`] is a log for tests and demonstrations, gone with the process; [`store`] is one on
//! disk; [`Local`] lets a client ask a log in the same process.
//!
//! Source: golang.org/x/mod/sumdb `server.go`. Two quirks of it are not copied: a bad `!` escape is
//! a 400 here and no 500, and a tile beyond the log is a 404 and no panic.

mod memory;
mod respond;
pub mod store;

pub use memory::MemoryLog;
pub use respond::{Local, OpsError, Response, ServerOps, respond};
pub use store::Store;
