//! Proving an installed SDK: every file compared with that of a verified SDK.
//!
//! The reference is the SDK of the same version and platform that [`crate::Toolchains::get`]
//! provides: verified where it is served, else made from the verified one of this host. A toolchain
//! zip has less than a release archive (`api`, `doc`, `misc` and `test` are left out of it, see
//! `cmd/distpack/pack.go`), so files there are *uncovered*: reported, and never taken for equal.
//!
//! No program of the SDK under judgement is ever run.

mod compare;
mod locate;
mod render;
mod report;

pub(crate) use compare::{Sides, compare};
pub(crate) use locate::{Installed, locate};
pub use render::render;
pub use report::{Change, Difference, ProofReport, Reach, Status};
