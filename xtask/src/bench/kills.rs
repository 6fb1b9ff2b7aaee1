//! `bench kills`: the masking sync, killed again and again under load.

use crate::{masking, repository};
use std::path::Path;
use twinproof::cli::Repository;
use twinproof::{CONFORMANT, NOT_CONFORMANT};
use twinproof_history::{Action, Outcome, TITLES, judge};
use twinproof_pipeline::{Pair, Plan, Program, record};

/// The properties that every history is judged by: leaks, nonces, convergence, prefixes, kills.
const PROPERTIES: [u8; 5] = [2, 12, 21, 22, 27];

/// Kill the masking sync at random times under load, and judge the states of staging
///
/// Histories of a few kills each, as in the suite's case `random-kills`, with other seeds. Exits with 1
/// when something was lost, doubled, torn or leaked.
#[derive(clap::Args, Debug)]
pub struct BenchKills {
    /// Number of kills in all
    #[arg(long, default_value_t = 1000)]
    kills: u32,
    /// Number of kills in one history, 1 to 50
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=50))]
    each: u32,
    /// Seed of the random choices of the first history; the next ones count up
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

impl BenchKills {
    pub fn run(&self, repository: &Repository) -> anyhow::Result<u8> {
        let root = repository::root(repository)?;
        let server = Program::find(None)?;
        let mut pair = Pair::start(&server)?;
        let (mut done, mut violated, mut rows) = (0, 0, 0);
        for seed in self.seed.. {
            if done >= self.kills {
                break;
            }
            let kills = self.each.min(self.kills - done);
            let (outcomes, changes) = history(root, &mut pair, seed, kills)?;
            done += kills;
            rows += changes;
            for (property, outcome) in outcomes {
                let title = TITLES.get(usize::from(property) - 1).copied().unwrap_or_default();
                match outcome {
                    Outcome::Holds(_) => {}
                    Outcome::Violated(how) => {
                        violated += 1;
                        println!("seed {seed}: property {property} ({title}): {how}");
                    }
                    Outcome::Unseen(why) => println!("seed {seed}: {property} not seen: {why}"),
                }
            }
            eprint!("\r{done} of {} kills, {violated} violations", self.kills);
        }
        eprintln!();
        println!("{}", server.version);
        println!("{done} kills, {rows} changed rows at the source, {violated} violations");
        Ok(if violated == 0 { CONFORMANT } else { NOT_CONFORMANT })
    }
}

fn history(
    root: &Path,
    pair: &mut Pair,
    seed: u64,
    kills: u32,
) -> anyhow::Result<(Vec<(u8, Outcome)>, usize)> {
    let declaration = masking::declaration(root, "embedded")?;
    let folder = tempfile::tempdir()?;
    let surroundings = masking::surroundings(&declaration, folder.path())?;
    let actions = vec![
        Action::Generate(30),
        Action::Start,
        Action::Settle,
        Action::Kill,
        Action::Busy,
        Action::Kills(kills),
        Action::Quiet,
        Action::Start,
        Action::Settle,
    ];
    let plan = Plan {
        spec: std::fs::read_to_string(root.join("suites/masking/users.tables"))?,
        seed,
        actions,
        watch: true,
        patience: std::time::Duration::from_secs(30),
        defect: None,
    };
    let evidence = record(&plan, &surroundings, pair)?;
    let changes = evidence.source.iter().map(|t| t.changes.len()).sum();
    Ok((judge(&evidence, &PROPERTIES), changes))
}
