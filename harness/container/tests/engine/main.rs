//! Containers of a real engine, with the images in it. They stay out of this process's signal
//! handling, which has a target of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
extern crate twinproof_testkit;

mod exec;
mod files;
mod support;
mod sweep;
mod wine;

fn main() -> std::process::ExitCode {
    twinproof_testkit::main()
}
