//! The pipeline between real servers, which each test starts for itself.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

#[macro_use]
extern crate twinproof_testkit;

mod follows;
mod histories;
mod kafka;
mod model;
#[path = "../it/ring.rs"]
mod ring;
mod stream;
mod topics;
mod types;
mod world;

fn main() -> std::process::ExitCode {
    match std::env::var_os(world::CHILD) {
        Some(folder) => world::child(folder.as_ref()),
        None => twinproof_testkit::main(),
    }
}
