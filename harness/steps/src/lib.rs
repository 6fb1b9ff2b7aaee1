//! The pure part of every kind of step: what a suite file may say of it, what it records, and how the
//! record is judged. Nothing here reads a file, starts a program or looks at the clock.
//!
//! Each kind is one file in `kinds/`: its payload (the table in a suite file), its observation (what
//! the engine records), and its [`Kind`] implementation (checks, captures, golden sources, inputs that
//! a control may change, rows for the report). The enums [`Step`] and [`Observation`] list the kinds
//! once each; everything else that needs all of them is generated from these two lists.
//!
//! The engine has the other half of a kind, a file that drives it.

mod any_kind;
mod case;
mod checks;
mod control;
mod evidence;
mod golden_source;
mod info;
mod input;
mod json;
mod kind;
mod kinds;
pub mod lint;
mod observation;
mod record;
mod rows;
pub mod schema;
mod scope;
mod shown;
mod step;
mod step_ref;
mod text;

pub use case::{Case, TablePlace};
pub use checks::Checks;
pub use control::{Control, ControlError};
pub use evidence::{Blobs, Evidence};
pub use golden_source::GoldenSource;
pub use info::{Captures, Info};
pub use input::{Input, InputValue};
pub use kind::Kind;
pub use kinds::*;
pub use observation::Observation;
pub use record::{RunOutcome, RunRecord, StepRecord};
pub use rows::{Item, Part, Row};
pub use scope::Scope;
pub use step::{Step, gives, is_reserved};
pub use step_ref::StepRef;
pub use text::difference;
