//! Helpers that the tests of several crates share: requirements on the machine, and Go
//! programs to compare with. Only tests and examples use it.
//!
//! A test that needs something returns an [`Outcome`], and its target runs with [`main`], so that
//! its absence is reported as an ignored test, with the reason:
//!
//! ```no_run
//! // Cargo.toml: [[test]] name = "…", harness = false
//! #[macro_use]
//! extern crate twinproof_testkit;
//!
//! use twinproof_testkit::{Outcome, go};
//!
//! #[test]
//! fn go_says_its_version() -> Outcome {
//!     let go = go()?;
//!     assert!(std::process::Command::new(go).arg("version").status().unwrap().success());
//!     Ok(())
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     twinproof_testkit::main()
//! }
//! ```
//!
//! Where `TWINPROOF_REQUIRE` names what is absent, the test fails.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod files;
mod peer;
mod requirement;
mod run;

#[doc(hidden)]
pub use inventory;
pub use twinproof_testkit_macros::test;

pub use files::files_in;
pub use peer::{Peer, Program};
pub use requirement::{Outcome, Requirement, Unavailable, go, goroot, program};
pub use run::{Ended, Test, main};
