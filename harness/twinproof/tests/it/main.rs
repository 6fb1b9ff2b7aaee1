//! The servers of this program, as programs: started, asked, signalled, killed, out of room.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails the test")]

#[macro_use]
extern crate twinproof_testkit;

mod answering;
mod check;
mod client;
mod files;
mod kill;
mod large;
mod memory;
mod metrics;
mod own_suite;
mod peers;
mod prefix;
mod proves_nothing;
mod read_only;
mod resolution;
mod rewritten;
mod served;
mod sidecar;
mod starts;
mod suites;
mod sumdb;
mod trust;
mod unanswered;

#[cfg(unix)]
mod drain;
#[cfg(target_os = "linux")]
mod full;
#[cfg(unix)]
mod reload;

fn main() -> std::process::ExitCode {
    answering::serve_if_asked().unwrap_or_else(twinproof_testkit::main)
}
