//! `path check`: compares the translator of `wslpath` with recorded vectors.

use crate::exit::{CONFORMANT, Failure, NOT_CONFORMANT};
use std::path::PathBuf;

/// Check path translation.
#[derive(clap::Args, Debug)]
pub struct Path {
    #[command(subcommand)]
    command: PathCommand,
}

#[derive(clap::Subcommand, Debug)]
enum PathCommand {
    /// Run the translator over a file of vectors, print each mismatch and the count
    ///
    /// Exits with 1 if there is a mismatch, with 254 if the file is no vectors file.
    Check {
        /// A vectors file: worlds, and what the real wslpath answered in each
        vectors: PathBuf,
    },
}

impl Path {
    /// Runs the command.
    ///
    /// # Errors
    /// When the file is no vectors file.
    pub fn run(&self) -> Result<u8, Failure> {
        let PathCommand::Check { vectors } = &self.command;
        let report = twinproof_wslpath::vectors::check(vectors).map_err(Failure::invalid)?;
        print!("{}", report.render());
        Ok(if report.is_match() { CONFORMANT } else { NOT_CONFORMANT })
    }
}
