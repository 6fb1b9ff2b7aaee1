//! The judge: verdicts from evidence, and from nothing else.
//!
//! It does no IO and asks no clock, so whoever holds the evidence of a run can compute every verdict
//! again and must get the same. The engine uses the same functions while it runs, to know when a
//! case has failed and need not go on.

mod assemble;
mod case;
mod conclude;
mod docket;
mod expect;
mod floors;
mod golden;

pub use assemble::assemble;
pub use case::{Judge, Judgement, Judging, NormaliserError};
pub use docket::{Docket, Placed, record_path};
pub use golden::{class_of, golden_name};
