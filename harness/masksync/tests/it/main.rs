//! Tests from outside the crate.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod common;
mod known;
mod masks;
mod memory;
mod policy;
mod ring;
