//! `bench proxy`: module proxies side by side, in one run, on this machine.
//!
//! Every server is launched in front of the harness's own upstream with an empty store and asked
//! once for each file; then wrk asks again and again. All of them do a target before the next one
//! begins, in rounds, so that what else the machine does hits them alike; the medians count.

use super::comparison::{Cold, Comparison, Download, Group, Memory, OWN, Row};
use super::load::{Load, Wrk};
use super::peers::{Peers, Running};
use super::{page, release};
use crate::{process, repository};
use anyhow::{Context as _, ensure};
use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::time::{Duration, Instant};
use twinproof::cli::Repository;
use twinproof_origin::{Origin, Setup};

/// Compare module proxies: requests per second, cold fetches, memory
#[derive(clap::Args, Debug)]
pub struct BenchProxy {
    /// Peers beside the embedded proxy and nginx: names of declarations, or NAME=PATH
    #[arg(
        long,
        value_name = "SUBJECT",
        value_delimiter = ',',
        default_value = "goproxy,goproxyio"
    )]
    subject: Vec<String>,
    /// Numbers of connections of the load generator
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1,32,256")]
    connections: Vec<u32>,
    /// Seconds of load for each server, target and number of connections in a round
    #[arg(long, value_name = "S", default_value_t = 2)]
    seconds: u64,
    /// Number of rounds; their median counts
    #[arg(long, value_name = "N", default_value_t = 3)]
    rounds: usize,
    /// Measure only targets whose name contains this text
    #[arg(long, value_name = "TEXT", default_value = "")]
    target: String,
    /// Leave out cold fetches, downloads and memory
    #[arg(long)]
    warm_only: bool,
    /// Module version whose graph to download through each proxy
    #[arg(long, value_name = "MODULE@VERSION", default_value = "helm.sh/helm/v3@v3.16.4")]
    graph: String,
    /// Folder for `proxy.json` and `proxy.html`
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    out: PathBuf,
}

/// The requested files: name, path below the proxy.
fn targets(database: &str) -> Vec<(&'static str, String)> {
    vec![
        (".info", "/crafted.example/small/@v/v1.0.0.info".to_owned()),
        (".mod", "/crafted.example/small/@v/v1.0.0.mod".to_owned()),
        ("list", "/crafted.example/medium/@v/list".to_owned()),
        ("tile", format!("/sumdb/{database}/tile/8/0/000")),
        ("zip 2 KB", "/crafted.example/small/@v/v1.0.0.zip".to_owned()),
        ("zip 1 MB", "/crafted.example/medium/@v/v1.0.0.zip".to_owned()),
        ("zip 10 MB", "/crafted.example/medium/@v/v1.1.0.zip".to_owned()),
    ]
}

impl BenchProxy {
    /// Measures, shows a table, writes `proxy.json` and `proxy.html`.
    ///
    /// # Errors
    /// When a server is not available or answers wrongly.
    pub fn run(&self, repository: &Repository) -> anyhow::Result<u8> {
        let root = repository::root(repository)?;
        let program = release::program(root)?;
        process::raise_file_limit();
        let wrk = Wrk::find()?;
        let peers = Peers::new(root, &program, &self.subject)?;
        let mut comparison = Comparison {
            machine: machine(),
            command: format!(
                "cargo xtask {}",
                std::env::args().skip(1).collect::<Vec<_>>().join(" ")
            ),
            rounds: self.rounds,
            seconds: self.seconds,
            groups: Vec::new(),
            cold: Vec::new(),
            downloads: Vec::new(),
            memory: Vec::new(),
        };
        let out = root.join(&self.out);
        self.warm(&wrk, &peers, &mut comparison)?;
        // Write the measurements at once, in case a later one fails.
        write(&out, &comparison)?;
        if !self.warm_only {
            cold(&peers, &mut comparison)?;
            write(&out, &comparison)?;
            self.download(&peers, &mut comparison)?;
            write(&out, &comparison)?;
        }
        println!("{}", out.join("proxy.html").display());
        Ok(0)
    }

    fn warm(&self, wrk: &Wrk, peers: &Peers, comparison: &mut Comparison) -> anyhow::Result<()> {
        let origin = Origin::start(Setup::default())?;
        fill_database(&origin)?;
        let launch = |subject| peers.launch(subject, Some(&origin), "");
        let mut servers: Vec<Running> =
            peers.subjects().iter().map(launch).collect::<anyhow::Result<_>>()?;
        let mut memory: Vec<Memory> = servers
            .iter()
            .map(|s| Memory {
                server: s.name.clone(),
                idle: s.memory(),
                worked: None,
                connections: None,
            })
            .collect();
        let targets = targets(origin.sumdb_name());
        let right: Vec<Option<Vec<u8>>> =
            targets.iter().map(|(_, path)| get(&format!("{}{path}", origin.url())).ok()).collect();
        for server in &servers {
            for (_, path) in &targets {
                // The first answer fills the store; a failure shows below.
                let _ = get(&format!("{}{path}", server.url));
            }
        }
        let store = servers.first().context("no embedded proxy")?.store.clone();
        servers.push(Running::nginx(&store, false)?);
        servers.push(Running::nginx(&store, true)?);
        for ((target, path), right) in targets.iter().zip(&right) {
            if !target.contains(&self.target) {
                continue;
            }
            let right = right.as_ref().with_context(|| format!("the origin has no {path}"))?;
            let able: Vec<&Running> = servers
                .iter()
                .filter(|s| {
                    get(&format!("{}{path}", s.url)).is_ok_and(|got| same(target, &got, right))
                })
                .collect();
            for &connections in &self.connections {
                let group = self.group(wrk, target, path, connections, &able)?;
                print_group(&group);
                comparison.groups.push(group);
            }
            for server in servers.iter().filter(|s| !able.iter().any(|a| a.name == s.name)) {
                println!("{:<24} does not serve {path} from its store", server.name);
            }
        }
        if !self.warm_only {
            for (entry, server) in memory.iter_mut().zip(&servers) {
                entry.worked = server.memory();
                entry.connections = idle_connections(server, &targets[1].1)?;
                println!(
                    "{:<24} MiB after start {:>7.1}, after work {:>7.1}, 10,000 idle connections {:>7.1}",
                    entry.server,
                    entry.idle.unwrap_or(f64::NAN),
                    entry.worked.unwrap_or(f64::NAN),
                    entry.connections.unwrap_or(f64::NAN)
                );
            }
            comparison.memory = memory;
        }
        Ok(())
    }

    fn group(
        &self,
        wrk: &Wrk,
        target: &'static str,
        path: &str,
        connections: u32,
        servers: &[&Running],
    ) -> anyhow::Result<Group> {
        let mut loads: Vec<Vec<Load>> = vec![Vec::new(); servers.len()];
        // Servers take turns within a round, so that what else the machine does meets all of them.
        for _ in 0..self.rounds.max(1) {
            for (loads, server) in loads.iter_mut().zip(servers) {
                let url = format!("{}{path}", server.url);
                let load = wrk.run(&url, connections, Duration::from_secs(self.seconds))?;
                ensure!(load.errors == 0, "{url}: {} requests failed", load.errors);
                loads.push(load);
            }
        }
        let medians: Vec<Load> = loads.into_iter().map(median).collect();
        let own = servers.iter().position(|s| s.name == OWN).map(|i| medians[i].per_second);
        let rows = servers.iter().zip(medians).map(|(server, load)| Row {
            server: server.name.clone(),
            load,
            ratio: own.map(|own| own / load.per_second),
        });
        Ok(Group { target, connections, rows: rows.collect() })
    }

    fn download(&self, peers: &Peers, comparison: &mut Comparison) -> anyhow::Result<()> {
        let go = which::which("go").context("go is not on PATH")?;
        let real = std::process::Command::new(&go).args(["env", "GOPROXY"]).output()?;
        let real = String::from_utf8(real.stdout)?;
        // `direct` is no proxy, and not part of this comparison.
        let real: Vec<&str> = real.trim().split([',', '|']).filter(|e| *e != "direct").collect();
        let (embedded, others) = peers.subjects().split_first().context("no embedded proxy")?;
        let first = peers.launch(embedded, None, &real.join(","))?;
        eprintln!("downloading the graph of {} once", self.graph);
        download(&go, &self.graph, &first.url)?;
        let mut servers = vec![];
        for subject in others {
            let server = peers.launch(subject, None, &first.url)?;
            match download(&go, &self.graph, &server.url) {
                Ok(_) => servers.push(server),
                Err(error) => println!("{}: {error:#}", server.name),
            }
        }
        servers.push(Running::nginx(&first.store, true)?);
        servers.insert(0, first);
        let mut times: Vec<Vec<(usize, f64)>> = vec![Vec::new(); servers.len()];
        for _ in 0..self.rounds.max(1) {
            for (times, server) in times.iter_mut().zip(&servers) {
                times.push(download(&go, &self.graph, &server.url)?);
            }
        }
        for (mut times, server) in times.into_iter().zip(&servers) {
            times.sort_by(|a, b| a.1.total_cmp(&b.1));
            let (modules, seconds) = times[times.len() / 2];
            println!("{:<24} {modules} modules downloaded in {seconds:.2} s", server.name);
            comparison.downloads.push(Download { server: server.name.clone(), modules, seconds });
        }
        Ok(())
    }
}

fn write(out: &Path, comparison: &Comparison) -> anyhow::Result<()> {
    std::fs::create_dir_all(out)?;
    let json = serde_json::to_string_pretty(comparison)? + "\n";
    twinproof_base::file::write(&out.join("proxy.json"), json.as_bytes())?;
    let page = page::page(comparison);
    twinproof_base::file::write(&out.join("proxy.html"), page.as_bytes())?;
    Ok(())
}

/// Gives the database enough records for a full tile.
fn fill_database(origin: &Origin) -> anyhow::Result<()> {
    let module = "crafted.example/many";
    let versions = origin.versions(module).context("the origin lacks its crafted modules")?;
    for version in versions.iter().take(300) {
        get(&format!("{}/lookup/{module}@{version}", origin.sumdb_url()))?;
    }
    Ok(())
}

/// Lists may be in any order; everything else is the same bytes.
fn same(target: &str, got: &[u8], right: &[u8]) -> bool {
    if target == "list" {
        let lines = |text: &[u8]| {
            let text = String::from_utf8_lossy(text).into_owned();
            text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
        };
        return lines(got) == lines(right);
    }
    target == ".info" || got == right
}

fn median(mut loads: Vec<Load>) -> Load {
    loads.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
    loads[loads.len() / 2]
}

fn get(url: &str) -> anyhow::Result<Vec<u8>> {
    let mut response = ureq::get(url).call().with_context(|| url.to_owned())?;
    Ok(response.body_mut().with_config().limit(64 << 20).read_to_vec()?)
}

/// Clients that ask at one moment for a zip that no proxy has yet.
fn cold(peers: &Peers, comparison: &mut Comparison) -> anyhow::Result<()> {
    let path = "/crafted.example/medium/@v/v1.0.0.zip";
    for clients in [20, 200] {
        for subject in peers.subjects() {
            let origin = Origin::start(Setup::default())?;
            let right = get(&format!("{}{path}", origin.url()))?;
            let server = peers.launch(subject, Some(&origin), "")?;
            origin.clear();
            let url = format!("{}{path}", server.url);
            // All clients ask at once, when no answer can be in the store yet.
            let barrier = Barrier::new(clients);
            let begun = Instant::now();
            let right = std::thread::scope(|scope| {
                let ask = || {
                    barrier.wait();
                    get(&url).is_ok_and(|got| got == right)
                };
                let all: Vec<_> = (0..clients).map(|_| scope.spawn(ask)).collect();
                all.into_iter().filter_map(|t| t.join().ok()).filter(|right| *right).count()
            });
            let seconds = begun.elapsed().as_secs_f64();
            let requests = origin.requests();
            let zips = requests.iter().filter(|r| r.target.ends_with(".zip")).count();
            println!(
                "{:<24} {clients} clients: {right} right, upstream asked {} times, {zips} for the zip",
                server.name,
                requests.len()
            );
            comparison.cold.push(Cold {
                server: server.name.clone(),
                clients,
                right,
                upstream: requests.len(),
                zips,
                seconds,
            });
        }
    }
    Ok(())
}

/// Memory with 10,000 connections that have been answered once and are kept.
fn idle_connections(server: &Running, path: &str) -> anyhow::Result<Option<f64>> {
    use std::io::{Read as _, Write as _};
    let address = server.url.trim_start_matches("http://");
    // Each connection is used once: an accepted connection alone costs some servers nothing.
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let mut kept = Vec::new();
    for n in 0..10_000 {
        let mut stream = std::net::TcpStream::connect(address)
            .with_context(|| format!("connection {n} to {}", server.name))?;
        stream.write_all(request.as_bytes())?;
        let mut buffer = [0; 4096];
        ensure!(stream.read(&mut buffer)? > 0, "{} closed connection {n}", server.name);
        kept.push(stream);
    }
    Ok(server.memory())
}

/// Downloads a module graph with an empty cache: modules and seconds.
fn download(go: &Path, graph: &str, proxy: &str) -> anyhow::Result<(usize, f64)> {
    let folder = tempfile::tempdir()?;
    let (module, version) = graph.split_once('@').context("--graph: write MODULE@VERSION")?;
    let go_mod = format!("module bench\n\ngo 1.24\n\nrequire {module} {version}\n");
    std::fs::write(folder.path().join("go.mod"), go_mod)?;
    let cache = folder.path().join("cache");
    let begun = Instant::now();
    let output = std::process::Command::new(go)
        // With a fresh module cache each time; go's own work is in the figure for every server.
        .args(["mod", "download", "all"])
        .current_dir(folder.path())
        .envs(twinproof_base::go_env::HERMETIC)
        .env("GOPROXY", proxy)
        .env("GOSUMDB", "off")
        .env("GONOSUMDB", "")
        .env("GOPRIVATE", "")
        .env("GOFLAGS", "-modcacherw -mod=mod")
        .env("GOMODCACHE", &cache)
        .output()?;
    let seconds = begun.elapsed().as_secs_f64();
    ensure!(output.status.success(), "go: {}", String::from_utf8_lossy(&output.stderr));
    let zips = walkdir::WalkDir::new(cache.join("cache/download")).into_iter().flatten();
    let modules = zips.filter(|e| e.path().extension().is_some_and(|x| x == "zip")).count();
    Ok((modules, seconds))
}

fn print_group(group: &Group) {
    println!("{}", page::heading(group));
    for row in &group.rows {
        println!(
            "  {:<24} {:>9.0}/s  P99 {:>9}  {:>5}",
            row.server,
            row.load.per_second,
            page::micros(row.load.p99_micros),
            row.ratio.map_or_else(String::new, |r| format!("{r:.2}x"))
        );
    }
}

fn machine() -> String {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpus.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or("").trim();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let tracked = std::fs::read_to_string("/proc/sys/net/netfilter/nf_conntrack_count");
    // A firewall's rules, such as a container engine's, cost every server as much.
    let firewall = match tracked.is_ok_and(|count| count.trim() != "0") {
        true => ", connections tracked by a firewall",
        false => "",
    };
    format!(
        "{cores} cores, {}, shared with the load generator{firewall}",
        name.trim_start_matches([':', ' '])
    )
}
