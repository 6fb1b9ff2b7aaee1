//! The origin and the relay on the wire, and with real `go` as their client.

#![expect(clippy::expect_used, reason = "a helper of a test fails the test")]

#[macro_use]
extern crate twinproof_testkit;

mod client;
mod crafted;
mod go;
mod reference;
mod relay;
mod requirement;
mod rules;
mod serving;
mod tls;

fn main() -> std::process::ExitCode {
    twinproof_testkit::main()
}
