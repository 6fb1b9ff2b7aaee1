//! WSL's reading of its configuration: wsl.conf of a distribution, .wslconfig of the machine, and
//! WSLENV, with the messages and line numbers it gives.
//!
//! [`parse`](parse::parse) reads a file as WSL does, [`apply`](apply::apply) computes its settings
//! and warnings; [`wslenv::pass`] the variables that cross the border, [`value::hostname`] the name
//! of a host. [`vectors::check`] runs a file of recorded answers of the real code against all of
//! them.
//!
//! The rules follow microsoft/WSL at 3e27a6a (2026-08). Where it acts against its own intention,
//! that is reproduced and marked *upstream defect*. The effect of a setting on a running WSL is not
//! here, nor is advice: that is the linter's.

pub mod apply;
pub mod keys;
pub mod parse;
pub mod read;
pub mod units;
pub mod value;
pub mod vectors;
pub mod warning;
pub mod wslenv;

pub use units::{CannotOpen, Dialect};
