//! Helpers that many crates share. Each module is one concept, and none depends on another crate of
//! this workspace.
//!
//! - [`base64`]: standard base64, strict both ways.
//! - [`file`]: atomic and durable file writes.
//! - [`hex`]: bytes as lower-case hexadecimal.
//! - [`positional`]: reading and writing a file at a place.
//! - [`program`]: the file of the program that runs.
//! - [`hash`]: the SHA-256 of a stream.
//! - [`plural`] and [`count`]: numbers with their nouns.
//! - [`error_chain`]: an error with all its causes, as one line.
//! - [`go_env`]: the variables under which a `go` command depends on nothing of its user.
//! - [`shell`]: words for a POSIX shell.
//! - [`temporary`]: a user's own folder for temporary files.
//! - [`require`]: the tools and environments whose absence must fail (`TWINPROOF_REQUIRE`).

pub mod base64;
mod error_chain;
pub mod file;
pub mod go_env;
pub mod hash;
pub mod hex;
pub mod positional;
pub mod program;
pub mod require;
pub mod shell;
pub mod temporary;
mod words;

pub use error_chain::error_chain;
pub use words::{count, plural};
