//! Subjects by declaration: built, launched, made ready, ended.
//!
//! A subject is a module proxy or a checksum database that is judged. What is known of one is in a
//! file, `suites/subjects/NAME.toml`; this crate reads such files, gets the program, and runs it for
//! one case at a time. It knows neither cases nor verdicts.

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
