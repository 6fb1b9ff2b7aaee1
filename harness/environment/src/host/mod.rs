//! The machine that the harness runs on: direct processes in temporary work directories.
//!
//! On Windows the same driver is also the environment `windows`. Cases are isolated by
//! directories and variables only: a program that writes elsewhere on the machine really does so.

mod base;
mod environment;
mod sandbox;

pub(crate) use base::{posix_env, windows_env};
pub use environment::{Host, HostConfig};
pub(crate) use environment::{go_arch, go_os};
