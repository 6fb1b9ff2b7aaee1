//! What is in a file, for rules to look at: each kind of file once read.

pub mod cause;
pub mod commands;
pub mod conf;
pub mod image;
pub mod json;
pub mod prose;
pub mod registry;
pub mod variables;
pub mod words;
