//! The judge: verdicts from evidence, and from nothing else.
//!
//! It does no IO and asks no clock, so that every verdict can be computed from the evidence of a run
//! again and must get the same. The engine uses the same functions while it runs, to know when a
//! case has failed and need not go on.

mod assemble;
mod case;
mod conclude;
mod expect;
mod floors;
mod golden;
mod run_manifest;

pub use assemble::assemble;
pub use case::{Judge, Judgement, Judging, NormaliserError};
pub use golden::{class_of, golden_name};
pub use run_manifest::{Placed, RunManifest, record_path};
