//! `ci`: the test command. It provides what the tests need, then formats, lints, tests, and runs
//! the suites with every environment that this machine can have required.
//!
//! It only runs other programs in order, each with a time limit: cargo's commands and this
//! program's own. [`crate::provide`] installs packages and tools.

pub mod child;
pub mod leg;
mod machine;
mod room;
pub mod stage;
pub mod summary;

use crate::repository;
use leg::Leg;
use machine::Machine;
use stage::{Selection, Stage};
use twinproof::cli::Repository;
use twinproof::{CONFORMANT, NOT_KNOWN};

/// The exit code after ^C, as shells have it.
const INTERRUPTED: u8 = 130;

/// Provide what the tests need, then format, lint, test, and run with every environment required.
///
/// On Debian and Ubuntu as root it installs what is missing; elsewhere it says what is missing and
/// how to get it. A container engine that it starts, it stops. The cheap stages (fmt, lint, deny,
/// clippy) run whatever failed before them; the exit code is that of the first stage that failed,
/// and 2 where something could not be provided, or there is no room on the disk.
#[derive(clap::Args, Debug)]
pub struct Ci {
    /// Stages to leave out
    #[arg(long, value_name = "STAGE", value_delimiter = ',')]
    skip: Vec<Stage>,
    /// Stages to run, and no others
    #[arg(long, value_name = "STAGE", value_delimiter = ',', conflicts_with = "skip")]
    only: Vec<Stage>,
    /// List the stages, and run nothing
    #[arg(long)]
    list: bool,
}

impl Ci {
    pub fn run(&self, repository: &Repository) -> anyhow::Result<u8> {
        let selection = Selection { skip: &self.skip, only: &self.only };
        if self.list {
            for stage in Stage::ALL {
                let mark = if selection.has(stage) { ' ' } else { '-' };
                println!("{mark} {:<12} {}", stage.name(), stage.about());
            }
            return Ok(CONFORMANT);
        }
        child::stop_on_signals();
        let root = repository::root(repository)?;
        let leg = Leg::of(std::env::consts::OS)?;
        let missing = room::missing(root, &leg, selection);
        if !missing.is_empty() {
            for line in missing {
                eprintln!("no room on {line}");
            }
            return Ok(NOT_KNOWN);
        }
        let machine = Machine::new(root, leg)?;
        let begun = std::time::Instant::now();
        let lines = machine.run(selection);
        print!("\n{}", summary::render(&lines, begun.elapsed()));
        // The first failure: later ones often follow from it.
        let code = lines.iter().find_map(|line| line.outcome.failure()).unwrap_or(CONFORMANT);
        Ok(if child::stopped() { INTERRUPTED } else { code })
    }
}
