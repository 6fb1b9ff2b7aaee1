//! Tests from outside the crate.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

#[macro_use]
extern crate twinproof_testkit;

mod common;
mod histories;
mod known;
mod masks;
mod policy;
mod stream;
mod types;
mod world;

fn main() -> std::process::ExitCode {
    twinproof_testkit::main()
}
