//! `bench sync`: the masking sync from end to end, between two servers of this machine.

use super::release;
use crate::process::Process;
use crate::{masking, repository};
use anyhow::{Context as _, ensure};
use maud::{DOCTYPE, html};
use mysql::Conn;
use mysql::prelude::Queryable as _;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use twinproof::CONFORMANT;
use twinproof::cli::Repository;
use twinproof_model::Template;
use twinproof_pipeline::{Pair, Program};

/// Rows of a transaction while tables are loaded.
const ROWS: u64 = 100;
/// Statements of a thousand rows in a transaction of the plain load.
const PLAIN: usize = 4;
/// No phase takes longer.
const LONGEST: Duration = Duration::from_secs(180);
/// The schema of the position in staging.
const STATE: &str = "twinproof_sync";
/// A key ring for this machine only.
const RING: &str = "[[key]]\nid = 1\nstate = \"primary\"\nsecret = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n";

/// Measure the masking sync from end to end: snapshot, catching up, load, latency, recovery, memory
#[derive(clap::Args, Debug)]
pub struct BenchSync {
    /// Numbers of tables, with one run for each
    #[arg(long, value_delimiter = ',', default_value = "1,4,16")]
    tables: Vec<u32>,
    /// Approximate sizes of a row in bytes, with one run for each
    #[arg(long, value_delimiter = ',', default_value = "100,1000")]
    bytes: Vec<usize>,
    /// Rows of each phase, over all tables; an even number
    #[arg(long, default_value_t = 300_000)]
    rows: u64,
    /// Rates at which latency is measured, in events a second
    #[arg(long, value_delimiter = ',', default_value = "1000,5000,20000")]
    rates: Vec<u64>,
    /// Time at each rate, in seconds
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Rows of the transaction during which memory is measured; 0 for none
    #[arg(long, default_value_t = 1_000_000)]
    transaction: u64,
    /// Program with `sync run` to measure; a release build of `twinproof`, made first, when absent
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Folder for the results
    #[arg(long, value_name = "FOLDER", default_value = "out/bench-sync")]
    out: PathBuf,
}

/// The measurements with one number of tables and one size of rows.
#[derive(Debug, Serialize)]
struct Load {
    tables: u32,
    bytes: usize,
    /// Rows a second of the source's tables; half of them pass.
    snapshot: f64,
    catching_up: f64,
    /// While the source is loaded: from its first commit until staging has the last one.
    while_loading: f64,
    /// The cost of the source's load alone, in the same units.
    source_alone: f64,
    /// A plain load of staging with the rows that pass, as they are in staging, in rows of the source
    /// a second.
    plain: f64,
    /// Microseconds of the pipeline's CPU for each event while catching up.
    cpu_micros: Option<f64>,
}

/// Latency at one rate: from a commit's acknowledgement until staging shows it.
#[derive(Debug, Serialize)]
struct Latency {
    rate: u64,
    commits: usize,
    reached: f64,
    p50_ms: f64,
    p95_ms: f64,
    p99_ms: f64,
}

#[derive(Debug, Default, Serialize)]
struct Results {
    server: String,
    machine: String,
    loads: Vec<Load>,
    latencies: Vec<Latency>,
    /// Seconds from a start after SIGKILL, under load, until staging shows the rows committed
    /// before it.
    recovery_seconds: Vec<f64>,
    /// Rows of the one transaction, and the pipeline's largest resident size in MiB.
    transaction: Option<(u64, f64)>,
}

impl BenchSync {
    pub fn run(&self, repository: &Repository) -> anyhow::Result<u8> {
        let root = repository::root(repository)?;
        let program = match &self.program {
            Some(program) => std::fs::canonicalize(program)?,
            None => release::program(root)?,
        };
        let declaration = masking::declaration(root, "embedded")?;
        let prepare = declaration.pipeline.context("it is no pipeline")?.prepare;
        let server = Program::find(None)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut results = Results {
            server: server.version.clone(),
            machine: format!("{cores} cores, source, staging and pipeline on one machine"),
            ..Results::default()
        };
        println!("{}; {}", results.server, results.machine);
        for tables in &self.tables {
            for bytes in &self.bytes {
                let bench = Bench::new(&server, &program, &prepare, (*tables, *bytes))?;
                let load = bench.load(self.rows)?;
                println!(
                    "{:>2} tables, {:>4} B: snapshot {:.0}/s, catching up {:.0}/s ({:.2} of a plain \
                     load), while loading {:.0}/s ({:.2} of the load alone), CPU {} µs an event",
                    tables,
                    bytes,
                    load.snapshot,
                    load.catching_up,
                    load.catching_up / load.plain,
                    load.while_loading,
                    load.while_loading / load.source_alone,
                    load.cpu_micros.map_or_else(|| "?".to_owned(), |us| format!("{us:.1}"))
                );
                results.loads.push(load);
            }
        }
        let bench = Bench::new(&server, &program, &prepare, (1, 100))?;
        let mut next = 0;
        for rate in &self.rates {
            let latency = bench.latency(*rate, self.seconds, &mut next)?;
            println!(
                "{:>5} events/s: {:.0}/s reached, visible after P50 {:.1} ms, P95 {:.1} ms, P99 {:.1} ms",
                rate, latency.reached, latency.p50_ms, latency.p95_ms, latency.p99_ms
            );
            results.latencies.push(latency);
        }
        for _ in 0..3 {
            let seconds = bench.recovery(&mut next)?;
            println!("after SIGKILL under load: up to date {seconds:.2} s after the start");
            results.recovery_seconds.push(seconds);
        }
        if self.transaction > 0 {
            let mib = bench.memory(self.transaction)?;
            println!("one transaction of {} rows: {mib:.0} MiB resident at most", self.transaction);
            results.transaction = Some((self.transaction, mib));
        }
        let out = root.join(&self.out);
        std::fs::create_dir_all(&out)?;
        let json = serde_json::to_vec_pretty(&results)?;
        twinproof_base::file::write(&out.join("sync.json"), &json)?;
        twinproof_base::file::write(&out.join("sync.html"), page(&results).as_bytes())?;
        println!("{}", out.join("sync.html").display());
        Ok(CONFORMANT)
    }
}

/// Two servers, tables at both ends, and a policy between them.
struct Bench {
    pair: Pair,
    folder: tempfile::TempDir,
    program: PathBuf,
    tables: u32,
    /// The text that fills a row up to its size.
    filling: String,
}

/// The pipeline as a process; it is killed when this is dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // The program may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Running {
    /// Its CPU time so far, user's and system's. Linux only.
    fn cpu(&self) -> Option<Duration> {
        Some(Duration::from_millis(Process(self.0.id()).busy()?))
    }

    /// The largest resident size so far, in MiB. Linux only.
    fn resident(&self) -> Option<f64> {
        Some(Process(self.0.id()).own_peak()? as f64 / 1024.0)
    }
}

impl Bench {
    /// `prepare` makes the tables of the position.
    fn new(
        server: &Program,
        program: &Path,
        prepare: &[Template],
        (tables, bytes): (u32, usize),
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let bench = Self {
            pair: Pair::start(server)?,
            folder,
            program: program.to_owned(),
            tables,
            // The other columns take about 70 bytes.
            filling: "x".repeat(bytes.saturating_sub(70)),
        };
        std::fs::write(bench.folder.path().join("keys.toml"), RING)?;
        let (mut source, mut staging) = (bench.source()?, bench.staging()?);
        let mut policy = format!(
            "[source]\nurl = \"mysql://root@{}\"\n[staging]\nurl = \"mysql://root@{}\"\n\
             [keys]\nfile = \"keys.toml\"\npinned = 1\n\
             [class.phone]\nmask = {{ randomised = {{}} }}\n\
             [class.mail]\nmask = {{ deterministic = {{}} }}\n",
            bench.pair.source.socket().display(),
            bench.pair.staging.socket().display()
        );
        for conn in [&mut source, &mut staging] {
            conn.query_drop("CREATE DATABASE bench")?;
        }
        let ascii = "VARCHAR(300) CHARACTER SET ascii COLLATE ascii_bin";
        let shape = |phone: &str, mail: &str| {
            format!(
                "(id BIGINT PRIMARY KEY, user_type VARCHAR(16), phone {phone}, mail {mail}, \
                 pad VARCHAR(2000)) DEFAULT CHARSET utf8mb4"
            )
        };
        for table in 0..tables {
            let plain = shape("VARCHAR(20)", "VARCHAR(40)");
            source.query_drop(format!("CREATE TABLE bench.t{table} {plain}"))?;
            staging.query_drop(format!("CREATE TABLE bench.t{table} {}", shape(ascii, ascii)))?;
            let _ = write!(
                policy,
                "[[table]]\nname = \"bench.t{table}\"\nwhere = \"user_type NOT IN ('VIP', 'CORP')\"\n\
                 [table.columns]\nid = \"public\"\nuser_type = \"public\"\nphone = \"phone\"\n\
                 mail = \"mail\"\npad = \"public\"\n"
            );
        }
        std::fs::write(bench.policy(), policy)?;
        staging.query_drop(format!("CREATE DATABASE {STATE}"))?;
        // The statements of the declaration, as an operator would run them.
        for sql in prepare {
            staging.query_drop(sql.expand(|name| (name == "state").then_some(STATE))?)?;
        }
        Ok(bench)
    }

    fn policy(&self) -> PathBuf {
        self.folder.path().join("policy.toml")
    }

    fn source(&self) -> anyhow::Result<Conn> {
        Ok(self.pair.source.connect("root")?)
    }

    fn staging(&self) -> anyhow::Result<Conn> {
        Ok(self.pair.staging.connect("root")?)
    }

    fn start(&self) -> anyhow::Result<Running> {
        let log = std::fs::File::create(self.folder.path().join("log"))?;
        let mut command = Command::new(&self.program);
        command.args(["sync", "run", "--policy"]).arg(self.policy());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Ok(Running(command.spawn().context("the pipeline does not start")?))
    }

    /// Statements of a hundred rows each, over all tables in turn; every other row passes.
    fn statements(&self, from: u64, rows: u64) -> impl Iterator<Item = String> + '_ {
        (from..from + rows).step_by(ROWS as usize).map(move |start| {
            let table = (start / ROWS) % u64::from(self.tables);
            let ids = start..(start + ROWS).min(from + rows);
            self.insert(&format!("t{table}"), ids, |id| id % 2 == 0)
        })
    }

    fn insert(
        &self,
        table: &str,
        ids: std::ops::Range<u64>,
        passes: impl Fn(u64) -> bool,
    ) -> String {
        let mut sql = format!("INSERT INTO bench.{table} VALUES ");
        let first = ids.start;
        for id in ids {
            let comma = if id == first { "" } else { "," };
            let class = if passes(id) { "NORMAL" } else { "VIP" };
            let _ = write!(
                sql,
                "{comma}({id},'{class}','139{id:08}','user{id:06}@example.com','{}')",
                self.filling
            );
        }
        sql
    }

    fn staged(&self, conn: &mut Conn) -> anyhow::Result<u64> {
        let mut all = 0;
        for table in 0..self.tables {
            // Before the first snapshot is in its place there is none.
            let count: Option<u64> =
                conn.query_first(format!("SELECT COUNT(*) FROM bench.t{table}"))?;
            all += count.unwrap_or(0);
        }
        Ok(all)
    }

    /// Waits until staging has the last of the rows that pass, and so many in all. Returns when that was.
    fn wait(&self, conn: &mut Conn, last: u64, rows: u64) -> anyhow::Result<Instant> {
        let until = Instant::now() + LONGEST;
        let table = (last / ROWS) % u64::from(self.tables);
        let sql = format!("SELECT id FROM bench.t{table} WHERE id = {last}");
        loop {
            // Counting rows all the time would take a core from what is measured.
            let is_there = conn.query_first::<u64, _>(&sql)?.is_some();
            let now = Instant::now();
            if is_there && self.staged(conn)? == rows {
                return Ok(now);
            }
            if now > until {
                let log = std::fs::read_to_string(self.folder.path().join("log"));
                let has = self.staged(conn)?;
                anyhow::bail!("staging has {has} of {rows} rows: {}", log.unwrap_or_default());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn load(&self, rows: u64) -> anyhow::Result<Load> {
        let (mut source, mut staging) = (self.source()?, self.staging()?);
        let rate = |begun: Instant, ended: Instant| rows as f64 / (ended - begun).as_secs_f64();
        let begun = Instant::now();
        // Alone first: how fast the source can be loaded at all is the measure of the third phase.
        for sql in self.statements(0, rows) {
            source.query_drop(sql)?;
        }
        let source_alone = rate(begun, Instant::now());
        let begun = Instant::now();
        let running = self.start()?;
        let snapshot = rate(begun, self.wait(&mut staging, rows - 2, rows / 2)?);
        // Stopped while the source goes on, so that there is something to catch up with.
        drop(running);
        for sql in self.statements(rows, rows) {
            source.query_drop(sql)?;
        }
        let begun = Instant::now();
        let running = self.start()?;
        let catching_up = rate(begun, self.wait(&mut staging, 2 * rows - 2, rows)?);
        let cpu_micros = running.cpu().map(|cpu| cpu.as_secs_f64() * 1e6 / rows as f64);
        let begun = Instant::now();
        for sql in self.statements(2 * rows, rows) {
            source.query_drop(sql)?;
        }
        let ended = self.wait(&mut staging, 3 * rows - 2, rows + rows / 2)?;
        let while_loading = rate(begun, ended);
        drop(running);
        let statements = self.plain(&mut staging, rows..2 * rows)?;
        let begun = Instant::now();
        for batch in statements.chunks(PLAIN) {
            staging.query_drop("START TRANSACTION")?;
            for sql in batch {
                staging.query_drop(sql)?;
            }
            staging.query_drop("COMMIT")?;
        }
        let plain = rate(begun, Instant::now());
        Ok(Load {
            tables: self.tables,
            bytes: self.filling.len() + 70,
            snapshot,
            catching_up,
            while_loading,
            source_alone,
            plain,
            cpu_micros,
        })
    }

    /// Statements that write the rows which staging has of those ids once more, table after table,
    /// into tables of the same shape.
    fn plain(&self, staging: &mut Conn, ids: std::ops::Range<u64>) -> anyhow::Result<Vec<String>> {
        let mut statements = Vec::new();
        for table in 0..self.tables {
            staging.query_drop(format!("CREATE TABLE bench.plain{table} LIKE bench.t{table}"))?;
            let rows: Vec<(u64, String, String, String, String)> = staging.query(format!(
                "SELECT * FROM bench.t{table} WHERE id >= {} AND id < {}",
                ids.start, ids.end
            ))?;
            for rows in rows.chunks(1000) {
                let tuple =
                    |(id, class, phone, mail, pad): &(u64, String, String, String, String)| {
                        format!("({id},'{class}','{phone}','{mail}','{pad}')")
                    };
                let tuples: Vec<String> = rows.iter().map(tuple).collect();
                let tuples = tuples.join(",");
                statements.push(format!("INSERT INTO bench.plain{table} VALUES {tuples}"));
            }
        }
        Ok(statements)
    }

    /// Commits at a rate, single rows up to 2,000 a second and ten rows above, and looks for each.
    fn latency(&self, rate: u64, seconds: u64, next: &mut u64) -> anyhow::Result<Latency> {
        let each = if rate > 2000 { 10 } else { 1 };
        let (mut source, mut staging) = (self.source()?, self.staging()?);
        let _running = self.start()?;
        // One row first: connecting and the snapshot are no part of the latency.
        self.probe(&mut source, &mut staging, next)?;
        let (first, commits) = (*next, rate * seconds / each);
        let begun = Instant::now();
        let (sender, committed) = std::sync::mpsc::channel();
        let seen = std::thread::scope(|scope| -> anyhow::Result<Vec<(Instant, Instant)>> {
            let writer = scope.spawn(move || -> anyhow::Result<()> {
                for n in 0..commits {
                    // By a schedule, not by pauses: a slow commit must not lower the rate of those
                    // after it.
                    let due = begun + Duration::from_secs_f64((n * each) as f64 / rate as f64);
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    let from = first + n * each;
                    source.query_drop(self.insert("t0", from..from + each, |_| true))?;
                    sender.send((from + each - 1, Instant::now()))?;
                }
                Ok(())
            });
            let mut waiting = std::collections::VecDeque::new();
            let mut seen = Vec::new();
            let until = begun + Duration::from_secs(seconds) + LONGEST;
            while (seen.len() as u64) < commits && Instant::now() < until {
                waiting.extend(committed.try_iter());
                let last: Option<Option<u64>> =
                    staging.query_first("SELECT MAX(id) FROM bench.t0")?;
                // Take the time before receiving the commits made meanwhile: a row can be seen
                // before its commit is acknowledged.
                let now = Instant::now();
                waiting.extend(committed.try_iter());
                while let Some((id, at)) = waiting.front().copied()
                    && last.flatten() >= Some(id)
                {
                    seen.push((at, now.max(at)));
                    waiting.pop_front();
                }
                // Twenty times finer than the figures to be measured.
                std::thread::sleep(Duration::from_micros(500));
            }
            writer.join().map_err(|_| anyhow::anyhow!("the writer broke"))??;
            Ok(seen)
        })?;
        *next += commits * each;
        let mut times: Vec<f64> =
            seen.iter().map(|(at, shown)| (*shown - *at).as_secs_f64() * 1000.0).collect();
        times.sort_by(f64::total_cmp);
        ensure!(!times.is_empty(), "no commit was seen in staging");
        let at = |part: usize| times[(times.len() * part / 100).min(times.len() - 1)];
        let took = seen.last().map_or(begun, |(at, _)| *at) - begun;
        Ok(Latency {
            rate,
            commits: times.len(),
            reached: (commits * each) as f64 / took.as_secs_f64(),
            p50_ms: at(50),
            p95_ms: at(95),
            p99_ms: at(99),
        })
    }

    /// Inserts one row and waits until staging shows it.
    fn probe(&self, source: &mut Conn, staging: &mut Conn, next: &mut u64) -> anyhow::Result<()> {
        let id = *next;
        *next += 1;
        source.query_drop(self.insert("t0", id..id + 1, |_| true))?;
        let until = Instant::now() + LONGEST;
        loop {
            let there: Option<u64> =
                staging.query_first(format!("SELECT id FROM bench.t0 WHERE id = {id}"))?;
            if there.is_some() {
                return Ok(());
            }
            ensure!(Instant::now() < until, "a row does not come to staging");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn recovery(&self, next: &mut u64) -> anyhow::Result<f64> {
        let (mut source, mut staging) = (self.source()?, self.staging()?);
        let running = self.start()?;
        self.probe(&mut source, &mut staging, next)?;
        for _ in 0..200 {
            source.query_drop(self.insert("t0", *next..*next + 10, |_| true))?;
            *next += 10;
        }
        // SIGKILL, in the middle of the latest commits.
        drop(running);
        let begun = Instant::now();
        let _running = self.start()?;
        self.probe(&mut source, &mut staging, next)?;
        Ok(begun.elapsed().as_secs_f64())
    }

    /// Inserts so many rows in one transaction, and measures the pipeline's resident memory after it.
    fn memory(&self, rows: u64) -> anyhow::Result<f64> {
        let (mut source, mut staging) = (self.source()?, self.staging()?);
        source.query_drop("DELETE FROM bench.t0")?;
        let mut next = 0;
        let running = self.start()?;
        self.probe(&mut source, &mut staging, &mut next)?;
        source.query_drop("START TRANSACTION")?;
        for start in (next..next + rows).step_by(1000) {
            let ids = start..(start + 1000).min(next + rows);
            source.query_drop(self.insert("t0", ids, |_| true))?;
        }
        source.query_drop("COMMIT")?;
        self.wait(&mut staging, next + rows - 1, next + rows)?;
        running.resident().context("the system does not say how large a process is")
    }
}

fn page(results: &Results) -> String {
    let most = results.loads.iter().map(|l| l.catching_up.max(l.snapshot)).fold(1.0, f64::max);
    let bar = |rate: f64| format!("width:{:.1}%", 100.0 * rate / most);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "The masking sync from end to end" }
                style { "body{font:16px/1.5 sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}td,th{border:1px solid #999;padding:.3rem .6rem;text-align:right}td.bar{width:30%;text-align:left}td.bar span{display:block;height:.8rem;background:#3b6ea5}" }
            }
            body {
                h1 { "The masking sync from end to end" }
                p { (results.server) "; " (results.machine) ". Half of the rows pass, two columns are encrypted. Ratios count; other machines give other figures." }
                h2 { "Rows of the source a second" }
                table {
                    tr { th { "tables" } th { "row, B" } th { "snapshot" } th { "catching up" } th { "of a plain load" } th { "while loading" } th { "CPU an event, µs" } th { "catching up" } }
                    @for load in &results.loads {
                        tr {
                            td { (load.tables) } td { (load.bytes) }
                            td { (format!("{:.0}", load.snapshot)) } td { (format!("{:.0}", load.catching_up)) }
                            td { (format!("{:.2}", load.catching_up / load.plain)) }
                            td { (format!("{:.0}", load.while_loading)) }
                            td { (load.cpu_micros.map_or_else(|| "–".to_owned(), |us| format!("{us:.1}"))) }
                            td.bar { span style=(bar(load.catching_up)) {} }
                        }
                    }
                }
                h2 { "Milliseconds until a commit is visible" }
                table {
                    tr { th { "events a second, asked" } th { "reached" } th { "P50" } th { "P95" } th { "P99" } }
                    @for l in &results.latencies {
                        tr { td { (l.rate) } td { (format!("{:.0}", l.reached)) } td { (format!("{:.1}", l.p50_ms)) } td { (format!("{:.1}", l.p95_ms)) } td { (format!("{:.1}", l.p99_ms)) } }
                    }
                }
                h2 { "After SIGKILL, and memory" }
                p { "Up to date after a start, seconds: "
                    (results.recovery_seconds.iter().map(|s| format!("{s:.2}")).collect::<Vec<_>>().join(", ")) "." }
                @if let Some((rows, mib)) = results.transaction {
                    p { "One transaction of " (rows) " rows: " (format!("{mib:.0}")) " MiB resident at most." }
                }
            }
        }
    };
    page.into_string()
}
