//! Parsed views of the files, one module for each kind, which the rules read.

pub mod cause;
pub mod commands;
pub mod conf;
pub mod expand;
pub mod image;
pub mod json;
pub mod prose;
pub mod registry;
pub mod variables;
pub mod words;
