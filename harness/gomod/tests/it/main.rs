//! The crate's tests, one module for each of its modules.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

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
