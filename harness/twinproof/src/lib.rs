//! The program `twinproof` as a library, so that `cargo xtask` offers the same commands.
//!
//! It holds the command line and puts the crates together; the crates do the commands' work.

mod attempt;
mod board;
mod bundle_folder;
pub mod cached_tools;
pub mod cli;
mod database;
mod embedded;
mod environments;
mod exit;
mod features;
pub mod gocache;
mod on_demand;
mod progress;
mod records;
mod sdk_statement;
mod sdks;
mod serving;
mod subject;
mod sync_health;

pub use board::Board;
pub use environments::driver_cache;
pub use exit::{BROKEN, CONFORMANT, Failure, INVALID, NOT_CONFORMANT, NOT_KNOWN, report as finish};

pub use serving::hold_signals;
pub use twinproof_lab::helper;

use clap::Parser as _;
use std::ffi::OsString;

/// Runs the program with its arguments, the program's name first. Gives its exit code: 0 conformant,
/// 1 not, 2 not known, 254 the invocation or a suite is wrong, 255 the harness broke.
pub fn run(args: impl IntoIterator<Item = OsString>) -> u8 {
    let parsed = match cli::Program::try_parse_from(args) {
        Ok(parsed) => parsed,
        Err(error) => return cli::refuse(&error),
    };
    finish(parsed.command.run(&cli::Repository::none()))
}
