//! The command line: one module a command.

mod config;
mod conformance;
mod inputs;
mod judge;
mod lint;
mod merge;
mod path;
mod proxy;
mod publish;
mod repository;
mod sdk;
mod subject;
mod sumdb;
mod sync;

pub use config::Config;
pub use conformance::Conformance;
pub use judge::Judge;
pub use lint::Lint;
pub use merge::Merge;
pub use path::Path;
pub use proxy::Proxy;
pub use repository::Repository;
pub use sdk::Sdk;
pub use subject::Subject;
pub use sumdb::Sumdb;
pub use sync::Sync;

use crate::exit::{Failure, INVALID};

/// Proves that a twin Go setup behaves as one.
#[derive(clap::Parser, Debug)]
#[command(name = "twinproof", version, max_term_width = 80)]
pub struct Program {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done without the repository.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Run suites in environments and write the audit report
    Conformance(Box<Conformance>),
    /// Compute every verdict of an evidence bundle again, without any environment
    Judge(Judge),
    /// Merge the results of several legs into one report
    Merge(Merge),
    /// Check suites for mistakes
    Lint(Lint),
    /// List, get and prove Go SDKs
    Sdk(Sdk),
    /// Begin, check and list declarations of subjects
    Subject(Subject),
    /// Check path translation
    Path(Path),
    /// Look into the configuration of WSL
    Config(Config),
    /// Serve Go modules
    Proxy(Proxy),
    /// Make, fill and serve a checksum database
    Sumdb(Sumdb),
    /// Copy production rows to staging, filtered and masked
    Sync(Sync),
}

impl Command {
    /// Runs the command.
    ///
    /// # Errors
    /// When it comes to no verdict.
    pub fn run(&self, repository: &Repository) -> Result<u8, Failure> {
        match self {
            Self::Conformance(command) => command.run(repository),
            Self::Judge(command) => command.run(),
            Self::Merge(command) => command.run(),
            Self::Lint(command) => command.run(repository),
            Self::Sdk(command) => command.run(),
            Self::Subject(command) => command.run(repository),
            Self::Path(command) => command.run(),
            Self::Config(command) => command.run(),
            Self::Proxy(command) => command.run(),
            Self::Sumdb(command) => command.run(),
            Self::Sync(command) => command.run(),
        }
    }
}

/// Prints a refusal of the command line, or its help, and gives the exit code.
pub fn refuse(error: &clap::Error) -> u8 {
    // Nothing can be done when the terminal is gone.
    let _ = error.print();
    if error.use_stderr() { INVALID } else { 0 }
}
