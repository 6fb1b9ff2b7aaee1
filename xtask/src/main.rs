//! `cargo xtask`: everything that `twinproof` does, and what needs the repository.

mod attack;
mod bench;
mod bless;
mod ci;
mod fuzz;
mod images;
mod lint;
mod masking;
mod mutants;
mod mysql;
mod nginx;
mod peers;
mod process;
mod provide;
mod repository;
mod schema;
mod step_reference;
mod tidy;

use clap::Parser as _;
use std::process::ExitCode;
use twinproof::cli;

/// Twinproof, in its repository.
#[derive(clap::Parser, Debug)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 80)]
struct Xtask {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    #[command(flatten)]
    Twinproof(cli::Command),
    /// Provide what the tests need, then format, lint, test, and run with every environment required
    Ci(ci::Ci),
    /// Make or pull the images of the container environments
    Images(images::Images),
    /// Accept the observations of the last run as goldens
    Bless(bless::Bless),
    /// Measure: the harness's overhead and its hot paths
    Bench(bench::Bench),
    /// Attack the embedded servers on this machine, and nginx beside them
    Attack(attack::Attack),
    /// Find a short history that shows each deliberate defect of the masking sync
    Mutants(mutants::Mutants),
    /// Install a MySQL server from Debian's packages into the cache
    Mysql(mysql::Mysql),
    /// Fuzz the readers of untrusted input
    Fuzz(fuzz::Fuzz),
    /// Write the JSON Schemas of the file formats, and the reference of steps in docs/authoring.md
    Schema(schema::Schema),
}

fn main() -> ExitCode {
    // First of all: a signal from here on waits until it can be handled.
    twinproof::hold_signals(std::env::args_os());
    // This program starts itself for roles in namespaces; those take no command line.
    if let Some(code) = twinproof::helper() {
        return ExitCode::from(code);
    }
    let parsed = match Xtask::try_parse() {
        Ok(parsed) => parsed,
        Err(error) => return ExitCode::from(cli::refuse(&error)),
    };
    let code = dispatch(&parsed.command).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        twinproof::BROKEN
    });
    ExitCode::from(code)
}

fn dispatch(command: &Command) -> anyhow::Result<u8> {
    let repository = repository::here()?;
    match command {
        Command::Twinproof(cli::Command::Lint(lint)) => lint::run(lint, &repository),
        Command::Twinproof(command @ cli::Command::Conformance(_)) => {
            // The declared peers are built before a case asks for them, outside of its time limit.
            peers::build(repository::root(&repository)?);
            Ok(twinproof::finish(command.run(&repository)))
        }
        Command::Twinproof(command) => Ok(twinproof::finish(command.run(&repository))),
        Command::Ci(ci) => ci.run(&repository),
        Command::Images(images) => images.run(),
        Command::Bless(bless) => bless.run(&repository),
        Command::Bench(bench) => bench.run(&repository),
        Command::Attack(attack) => attack.run(&repository),
        Command::Mutants(mutants) => mutants.run(&repository),
        Command::Mysql(mysql) => mysql.run(),
        Command::Fuzz(fuzz) => fuzz.run(&repository),
        Command::Schema(schema) => schema.run(&repository),
    }
}
