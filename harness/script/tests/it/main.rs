//! Scripts as they run: the language, the limits, and Go's own ones where a Go is.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]
#![cfg_attr(unix, expect(clippy::panic, reason = "a helper of a test fails the test"))]

#[macro_use]
extern crate twinproof_testkit;

mod bench;
mod go;
mod language;
mod limits;
mod requirement;

fn main() -> std::process::ExitCode {
    twinproof_testkit::main()
}
