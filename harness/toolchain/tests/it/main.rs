//! Providing SDKs against a local server, and asking go commands in hostile surroundings.
//!
//! The server and the checksum database are doubles; what needs the real ones says so by its
//! requirement.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[macro_use]
extern crate twinproof_testkit;

mod double;
mod probe;
mod provide;
mod real;
mod requirement;

fn main() -> std::process::ExitCode {
    twinproof_testkit::main()
}
