//! The command line: one module a command.

mod config;
mod conformance;
mod diff;
mod inputs;
mod inspect;
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
pub use diff::Diff;
pub use inspect::Inspect;
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
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands that need no repository.
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
    /// Write, check and list declarations of subjects
    Subject(Subject),
    /// Describe executables, libraries, objects and archives
    ///
    /// Reads ELF, PE, Mach-O (each slice of a fat file), WebAssembly, ar archives, XCOFF and Plan
    /// 9's a.out. Exits with 0 when every file is as expected, 1 when one is not or is malformed,
    /// 254 when one cannot be read.
    Inspect(Inspect),
    /// Explain why two executables, libraries or archives differ
    ///
    /// The first line is the cause. Exits with 0 when they are equal but for what is ignored, 1 when
    /// they are not or one is malformed, 254 when one cannot be read.
    Diff(Diff),
    /// Check path translation
    Path(Path),
    /// Check and read the configuration of WSL
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
            Self::Inspect(command) => command.run(),
            Self::Diff(command) => command.run(),
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
