//! What WSL takes from its configuration: wsl.conf of a distribution, .wslconfig of the machine, and
//! WSLENV, with the messages and line numbers it gives.
//!
//! [`parse`](parse::parse) reads a file as WSL does, [`apply`](apply::apply) says which settings
//! hold and what is warned of; [`wslenv::pass`] says what crosses the border, [`value::hostname`]
//! what a host is called. [`vectors::check`] runs a file of recorded answers of the real code
//! against all of them.
//!
//! The rules follow microsoft/WSL at 3e27a6a (2026-08). What it does against its own intention is
//! reproduced and marked *upstream defect*. What a setting does to a running WSL is not here, nor
//! is advice: that is the linter's.

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
