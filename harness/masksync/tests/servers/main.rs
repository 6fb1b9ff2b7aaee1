//! The pipeline between real servers, which each test starts for itself.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

#[macro_use]
extern crate twinproof_testkit;

mod follows;
mod histories;
mod model;
#[path = "../it/ring.rs"]
mod ring;
mod stream;
mod types;
mod world;

fn main() -> std::process::ExitCode {
    twinproof_testkit::main()
}
