//! The crate's tests, one module for each of its modules.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails the test")]

#[macro_use]
extern crate twinproof_testkit;

mod dirhash;
mod escape;
mod glob;
mod gomodfile;
mod goproxy;
mod pseudo;
mod request;
mod semver;
mod txtar;
mod versions;
mod xmod;
mod zip;

fn main() -> std::process::ExitCode {
    twinproof_testkit::main()
}
