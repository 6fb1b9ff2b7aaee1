//! `bench`: what the harness costs, and how its servers and hashes compare with their peers.

mod load;
mod nginx;
mod overhead;
mod page;
mod peers;
mod proxy;

use anyhow::ensure;
use std::path::{Path, PathBuf};
use std::process::Command;
use twinproof::cli::Repository;

/// Measure: the harness's overhead and hot paths, or its servers beside their peers
#[derive(clap::Args, Debug)]
pub struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// The harness's own overhead, and the criterion benches
    Overhead(overhead::BenchOverhead),
    /// Module proxies side by side in one run: the embedded one, its peers, nginx
    Proxy(proxy::BenchProxy),
}

impl Bench {
    pub fn run(&self, repository: &Repository) -> anyhow::Result<u8> {
        match &self.what {
            What::Overhead(bench) => bench.run(repository),
            What::Proxy(bench) => bench.run(repository),
        }
    }
}

/// Builds `twinproof` with optimisation; where it is.
fn release_program(root: &Path) -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(root).args(["build", "--release", "--package", "twinproof"]);
    ensure!(build.status()?.success(), "the release build failed");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    Ok(target.join("release").join(format!("twinproof{}", std::env::consts::EXE_SUFFIX)))
}
