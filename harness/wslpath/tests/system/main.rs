//! The rules over the machine that runs the tests.

#![cfg_attr(unix, expect(clippy::unwrap_used, reason = "a test fails by panicking"))]

#[cfg_attr(unix, macro_use)]
extern crate twinproof_testkit;

#[cfg(unix)]
mod unix;

fn main() -> std::process::ExitCode {
    twinproof_testkit::main()
}
