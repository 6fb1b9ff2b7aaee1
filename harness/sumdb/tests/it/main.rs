//! The crate's tests, one module for each of its modules.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod bulk;
mod client;
mod crash;
mod dirhash;
mod escape;
mod kept;
mod live;
mod log;
mod note;
mod requirement;
mod serve;
mod server;
mod store;
mod tile;
mod tlog;
mod xmod;
