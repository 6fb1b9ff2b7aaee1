//! What the tests of several crates share: what they need of the machine, and Go programs that they
//! compare with. Nothing but tests and examples uses it.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod files;
mod peer;
mod requirement;

pub use files::files_in;
pub use peer::{Peer, Program};
pub use requirement::{Requirement, go, goroot, program};
