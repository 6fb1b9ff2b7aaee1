//! `bench graphs`: `go mod download all` of real module graphs, without a proxy, through the embedded one
//! with an empty store, and through it again. The three take turns, so that what else the machine and the
//! upstream do hits them alike; the medians count.

use super::release;
use crate::repository;
use anyhow::{Context as _, ensure};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use twinproof::cli::Repository;

/// Download real module graphs without a proxy, through an empty one, through a filled one
#[derive(clap::Args, Debug)]
pub struct BenchGraphs {
    /// Module versions whose graphs to download
    #[arg(long, value_name = "MODULE@VERSION", value_delimiter = ',')]
    #[arg(default_value = "helm.sh/helm/v3@v3.22.0,github.com/hashicorp/terraform@v1.13.3,\
                           k8s.io/kubernetes@v1.35.0")]
    graph: Vec<String>,
    /// Number of rounds; their median counts
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Program to measure, instead of a release build made first
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

/// A download of a module graph.
struct Download {
    seconds: f64,
    sums: String,
}

/// A proxy that runs; it ends when this is dropped.
struct Proxy {
    child: Child,
    url: String,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // The proxy may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl BenchGraphs {
    /// Downloads, and shows times and ratios. Another go.sum is an error.
    ///
    /// # Errors
    /// When there is no go, or a download fails.
    pub fn run(&self, repository: &Repository) -> anyhow::Result<u8> {
        let program = match &self.program {
            Some(program) => program.clone(),
            None => release::program(repository::root(repository)?)?,
        };
        let go = which::which("go").context("go is not on PATH")?;
        let upstream = Command::new(&go).args(["env", "GOPROXY"]).output()?;
        let upstream = String::from_utf8(upstream.stdout)?;
        // `direct` is no proxy, and not part of the comparison.
        let upstream: Vec<&str> =
            upstream.trim().split([',', '|']).filter(|entry| *entry != "direct").collect();
        let upstream = upstream.join(",");
        for graph in &self.graph {
            let mut times = [const { Vec::new() }; 3];
            let mut lines = 0;
            for round in 0..self.rounds.max(1) {
                let store = tempfile::tempdir()?;
                let direct = download(&go, graph, &upstream)?;
                let proxy = Proxy::start(&program, store.path(), &upstream)?;
                let cold = download(&go, graph, &proxy.url)?;
                let warm = download(&go, graph, &proxy.url)?;
                for (name, other) in [("an empty", &cold), ("a filled", &warm)] {
                    ensure!(other.sums == direct.sums, "{graph}: another go.sum by {name} proxy");
                }
                lines = direct.sums.lines().count();
                eprintln!(
                    "{graph}, round {round}: {:.1} s without, {:.1} s empty, {:.1} s filled",
                    direct.seconds, cold.seconds, warm.seconds
                );
                for (times, one) in times.iter_mut().zip([direct, cold, warm]) {
                    times.push(one.seconds);
                }
            }
            let [direct, cold, warm] = times.map(median);
            println!(
                "{graph}: {lines} lines of go.sum, identical; without {direct:.1} s, through an \
                 empty proxy {cold:.1} s ({:.2} x), a filled one {warm:.1} s ({:.2} x)",
                cold / direct,
                warm / direct
            );
        }
        Ok(0)
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Proxy {
    fn start(program: &Path, store: &Path, upstream: &str) -> anyhow::Result<Self> {
        let mut command = Command::new(program);
        command.args(["proxy", "serve", "--listen", "127.0.0.1:0", "--log-level", "warn"]);
        command.arg("--store").arg(store).args(["--upstream", upstream]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("its output")?).read_line(&mut line)?;
        let url = line.trim().strip_prefix("listening on ").map(str::to_owned).unwrap_or_default();
        let proxy = Self { child, url };
        ensure!(!proxy.url.is_empty(), "the proxy does not listen");
        Ok(proxy)
    }
}

/// Downloads a module graph with an empty module cache.
fn download(go: &Path, graph: &str, proxy: &str) -> anyhow::Result<Download> {
    let folder = tempfile::tempdir()?;
    let (module, version) = graph.split_once('@').context("--graph: write MODULE@VERSION")?;
    let go_mod = format!("module bench\n\ngo 1.24\n\nrequire {module} {version}\n");
    std::fs::write(folder.path().join("go.mod"), go_mod)?;
    let begun = Instant::now();
    let output = Command::new(go)
        .args(["mod", "download", "all"])
        .current_dir(folder.path())
        .envs(twinproof_base::go_env::PLAIN)
        .env("GOPROXY", proxy)
        .env("GOFLAGS", "-modcacherw -mod=mod")
        .env("NO_PROXY", "127.0.0.1")
        .env("GOMODCACHE", folder.path().join("cache"))
        .output()?;
    let seconds = begun.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{graph} by {proxy}: {said}");
    let sums = std::fs::read_to_string(folder.path().join("go.sum"))?;
    Ok(Download { seconds, sums })
}
