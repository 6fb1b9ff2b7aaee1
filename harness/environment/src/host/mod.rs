//! The machine that the harness runs on: direct processes in temporary work directories.
//!
//! On Windows the same driver is also the environment `windows`. There is no isolation but that of
//! directories and variables: what a program does elsewhere on the machine, it does.

mod base;
mod environment;
mod sandbox;

pub(crate) use base::{posix_env, windows_env};
pub use environment::{Host, HostConfig};
pub(crate) use environment::{go_arch, go_os};
