//! Really built files, described and compared, and checked against other tools.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[macro_use]
extern crate twinproof_testkit;

mod archives;
mod built;
mod cgo;
mod diff;
mod fat;
mod hostile;
mod matrix;
mod reports;
mod tools;

fn main() -> std::process::ExitCode {
    twinproof_testkit::main()
}
