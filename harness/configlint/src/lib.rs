//! Rules for the configuration that joins Windows, WSL, editors and images, and the code that
//! applies them.
//!
//! A [`Set`] is all files of one check; [`lint`] returns the findings of the [`rules`], each with
//! its place, its effect, and a fix where there is one; [`fix::apply`] applies fixes, [`output`]
//! draws the findings. [`machine`] finds the files of this machine, [`doctor`] puts Go's policies
//! of all twins side by side.
//!
//! Parsing as WSL parses is in `twinproof-wslconf`; nothing here needs a running WSL.

pub mod doctor;
pub mod document;
pub mod edit;
pub mod fix;
pub mod kind;
mod lint;
pub mod load;
pub mod machine;
pub mod output;
pub mod rule;
pub mod rules;
pub mod set;
pub mod source;
pub mod views;

pub use lint::lint;
pub use rule::{Finding, Level, Rule};
pub use set::{Options, Set};
