//! `bless`: accepts the last run's snapshots as goldens, and records who did, when and where.

use crate::repository;
use anyhow::{Context as _, bail, ensure};
use std::path::PathBuf;
use twinproof::cli::Repository;
use twinproof_engine::{Bundle, bless};

/// Accept the observations of the last run as goldens.
///
/// Refuses a run with other findings, one that was made with uncommitted changes or at another
/// commit, and a bundle that was changed.
#[derive(clap::Args, Debug)]
pub struct Bless {
    /// The folder that the run wrote
    #[arg(long, default_value = "out", value_name = "DIR")]
    out: PathBuf,
}

impl Bless {
    pub fn run(&self, repository: &Repository) -> anyhow::Result<u8> {
        let root = repository::root(repository)?;
        let judged = Bundle::new(self.out.join("bundle"))
            .rejudge()
            .context("there is no run to accept: cargo xtask conformance")?;
        if let Some(problem) = judged.problems.first() {
            bail!("the evidence was changed: {problem}");
        }
        let results = judged.results.context("the bundle has no results")?;
        let ran_at = results.run.commit.clone().unwrap_or_default();
        let changes = repository::changes(root).context("git is needed to say what is accepted")?;
        // A golden from uncommitted changes proves nothing: nobody can look the changes up.
        ensure!(changes.is_empty(), "files differ from the commit; commit them first:\n{changes}");
        let now_at = repository.commit.clone().unwrap_or_default();
        ensure!(
            ran_at == now_at,
            "the run was made at {ran_at}, this is {now_at}: run `cargo xtask conformance` again"
        );
        let who = repository::git(root, &["config", "user.name"]).unwrap_or_default();
        ensure!(!who.is_empty(), "git has no user.name to record: git config user.name NAME");
        let when = jiff::Timestamp::now();
        let blessed = format!("{who}, {when:.0}, at {now_at}");
        let report = bless(&root.join("golden"), &results, &blessed)?;
        for name in &report.added {
            println!("added    {name}");
        }
        for name in &report.changed {
            println!("changed  {name}");
        }
        println!(
            "{} added, {} changed, {} stay as they are; accepted by {blessed}",
            report.added.len(),
            report.changed.len(),
            report.same
        );
        Ok(0)
    }
}
