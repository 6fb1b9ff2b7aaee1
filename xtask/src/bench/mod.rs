//! `bench`: the cost of the harness, and its servers and hashes compared with their peers.

mod comparison;
mod graphs;
mod kills;
mod load;
mod overhead;
mod page;
mod peers;
mod proxy;
pub mod release;
mod strategies;
mod sync;

use twinproof::cli::Repository;

/// Measure: the harness's overhead and hot paths, or its servers beside their peers
#[derive(clap::Args, Debug)]
pub struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand, Debug)]
enum What {
    /// Measure the harness's own overhead, and run the criterion benches
    Overhead(overhead::BenchOverhead),
    /// Compare module proxies in one run: the embedded one, its peers, nginx
    Proxy(proxy::BenchProxy),
    /// Download real module graphs, without a proxy and through the embedded one
    Graphs(graphs::BenchGraphs),
    /// Compare three ways of sync on one workload: full dumps, a direct binlog copy, the masked pipeline
    Strategies(strategies::BenchStrategies),
    /// Kill the masking sync again and again under load, and judge the states of staging
    Kills(kills::BenchKills),
    /// Measure the masking sync from end to end: snapshot, catching up, load, latency, recovery, memory
    Sync(sync::BenchSync),
}

impl Bench {
    pub fn run(&self, repository: &Repository) -> anyhow::Result<u8> {
        match &self.what {
            What::Overhead(bench) => bench.run(repository),
            What::Proxy(bench) => bench.run(repository),
            What::Graphs(bench) => bench.run(repository),
            What::Strategies(bench) => bench.run(repository),
            What::Kills(bench) => bench.run(repository),
            What::Sync(bench) => bench.run(repository),
        }
    }
}
