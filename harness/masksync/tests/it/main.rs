//! Tests from outside the crate.

mod common;
mod masks;
