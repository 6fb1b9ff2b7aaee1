//! `config`: the configuration that joins Windows and WSL.

mod doctor;
mod lint;
mod machine;
mod parse;

use crate::exit::{CONFORMANT, Failure, NOT_CONFORMANT};
use std::path::PathBuf;
use twinproof_wslconf::vectors;

/// Check and read the configuration that joins Windows and WSL
#[derive(clap::Args, Debug)]
pub struct Config {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(clap::Subcommand, Debug)]
enum ConfigCommand {
    /// Find mistakes in configuration files, and fix them with --fix
    ///
    /// Reads wsl.conf, .wslconfig, settings.json, launch.json, lists of
    /// extensions, go/env files, environments, shell profiles, Dockerfiles,
    /// resolv.conf, hosts, nsswitch.conf, exports of the registry, and
    /// snippets of these in Markdown. Exits with 1 if an error or warning is
    /// left, with 254 if a file cannot be read.
    Lint(lint::Lint),
    /// Compare Go's policies of all twins side by side
    ///
    /// Exits with 1 if they differ.
    Doctor(doctor::Doctor),
    /// Print the settings that WSL reads from a file, as JSON
    Parse(parse::Parse),
    /// Run WSL's rules over a file of vectors, print each mismatch and the count
    ///
    /// Exits with 1 if there is a mismatch, with 254 if the file is no vectors file.
    Vectors {
        /// A vectors file: inputs, and what the real code made of each
        vectors: PathBuf,
    },
}

impl Config {
    /// Runs the command.
    ///
    /// # Errors
    /// When a file cannot be read or is not of its form.
    pub fn run(&self) -> Result<u8, Failure> {
        match &self.command {
            ConfigCommand::Lint(lint) => lint.run(),
            ConfigCommand::Doctor(doctor) => doctor.run(),
            ConfigCommand::Parse(parse) => parse.run(),
            ConfigCommand::Vectors { vectors } => {
                let report = vectors::check(vectors).map_err(Failure::invalid)?;
                print!("{}", report.render());
                Ok(if report.is_match() { CONFORMANT } else { NOT_CONFORMANT })
            }
        }
    }
}
