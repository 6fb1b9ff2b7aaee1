//! The crate's tests, one module for each of its modules.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails the test"
)]

#[macro_use]
extern crate twinproof_testkit;

mod bulk;
mod client;
mod crash;
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

fn main() -> std::process::ExitCode {
    twinproof_testkit::main()
}
