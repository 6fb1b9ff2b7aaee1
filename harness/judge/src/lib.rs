//! The judge: verdicts from evidence, and from nothing else.
//!
//! It does no IO and asks no clock, so whoever holds the evidence of a run can compute every verdict
//! again and must get the same. The engine uses the same functions while it runs, to know when a
//! case has failed and need not go on.

mod assemble;
mod case;
mod check;
mod docket;
mod exchange;
mod expect;
mod floors;
mod golden;
mod scope;
mod servers;
mod text;

pub use assemble::assemble;
pub use case::{Judge, Judgement, NormaliserError};
pub use docket::{Docket, Placed, record_path};
pub use golden::{class_of, golden_name};
pub use scope::{Scope, capture};
pub use text::difference;

use std::borrow::Cow;
use twinproof_model::BlobRef;

/// Where the judge finds the bytes that evidence refers to.
pub trait Blobs: Sync {
    /// The bytes, or nothing when they are lost.
    fn get(&self, blob: &BlobRef) -> Option<Cow<'_, [u8]>>;
}
