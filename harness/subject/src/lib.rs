//! Subjects by declaration: built, launched, made ready, ended.
//!
//! A subject is a module proxy, a checksum database or a masking pipeline under judgement. A file,
//! `suites/subjects/NAME.toml`, declares it; this crate reads such files, gets the program, and
//! runs it for one case at a time. It uses neither cases nor verdicts.

mod asked;
mod declaration;
mod declarations;
mod launch;
mod parse;
mod pipeline;
mod program;
mod ready;
mod room;

pub use asked::{Asked, Use};
pub use declaration::{
    Addition, Build, Declaration, DeclarationError, Kind, Ready, Setting, VARIABLES,
};
pub use declarations::Declarations;
pub use launch::{LaunchError, Launched, Running, Surroundings, Upstream};
pub use pipeline::{PIPELINE_VARIABLES, Pipeline, PipelinePlace, PipelineProcess, PipelineZone};
pub use program::{Means, Missing, Subject};
pub use room::limits_stores;

/// The JSON Schema of declarations, as editors complete from.
#[must_use]
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Declaration)
}
