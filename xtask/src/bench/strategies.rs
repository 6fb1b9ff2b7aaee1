//! `bench strategies`: the three ways of sync of the document's table, each on the same workload.

use crate::repository;
use crate::{masking, peers};
use maud::{DOCTYPE, html};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use twinproof::CONFORMANT;
use twinproof::cli::Repository;
use twinproof_history::{Action, measure};
use twinproof_pipeline::{Pair, Plan, Program, record};

/// The ways, with the document's figures: P95 latency, failures, coverage.
const WAYS: [(&str, &str, &str); 3] = [
    ("dump", "full dump", "47 h, 0 %, 0 %"),
    ("naive", "direct binlog copy", "82 ms, 12.3 %, 100 %"),
    ("embedded", "masked pipeline", "2.1 s, 0 %, 100 %"),
];
/// A full dump that runs once a day: its copy is on average half a day old, and up to a day and the
/// dump's own time. P95 of an age that grows evenly is 95 % of the period, and the dump's time.
const PERIOD: Duration = Duration::from_secs(24 * 3600);

/// Compare three ways of sync on one workload: full dumps, a direct binlog copy, the masked pipeline
#[derive(clap::Args, Debug)]
pub struct BenchStrategies {
    /// Number of marked rows whose arrival in staging is timed
    #[arg(long, default_value_t = 60)]
    beats: u32,
    /// Seed of the random choices
    #[arg(long, default_value_t = 90)]
    seed: u64,
    /// Folder for the results
    #[arg(long, value_name = "FOLDER", default_value = "out/bench-strategies")]
    out: PathBuf,
}

/// The measurements of one strategy.
#[derive(Debug, Serialize)]
struct Way {
    way: &'static str,
    document: &'static str,
    beats: usize,
    p50_ms: f64,
    p95_ms: f64,
    /// The same, scaled to one dump a day; only of dumps.
    #[serde(skip_serializing_if = "Option::is_none")]
    p95_daily_hours: Option<f64>,
    wrong: u64,
    rows: u64,
    failure_rate: f64,
    /// 95 %, Wilson.
    failure_interval: (f64, f64),
    masked: u64,
    sensitive: u64,
    coverage: f64,
}

impl BenchStrategies {
    pub fn run(&self, repository: &Repository) -> anyhow::Result<u8> {
        let root = repository::root(repository)?;
        peers::build(root);
        let server = Program::find(None)?;
        let mut pair = Pair::start(&server)?;
        let mut ways = Vec::new();
        for (name, way, document) in WAYS {
            eprintln!("measuring: {way}");
            ways.push(self.way(root, &mut pair, name, way, document)?);
        }
        println!("{}, seed {}", server.version, self.seed);
        println!(
            "{:<19} {:>9} {:>9} {:>22} {:>9}",
            "way", "P50", "P95", "wrong rows (95 %)", "masked"
        );
        for way in &ways {
            println!(
                "{:<19} {:>6.1} ms {:>6.1} ms {:>6.2} % ({:.2}–{:.2}) {:>7.1} %",
                way.way,
                way.p50_ms,
                way.p95_ms,
                way.failure_rate * 100.0,
                way.failure_interval.0 * 100.0,
                way.failure_interval.1 * 100.0,
                way.coverage * 100.0
            );
            println!("{:<19} the document: {}", "", way.document);
            if let Some(hours) = way.p95_daily_hours {
                println!("{:<19} scaled to one dump a day, not measured: P95 {hours:.1} h", "");
            }
        }
        let out = root.join(&self.out);
        std::fs::create_dir_all(&out)?;
        let json = serde_json::json!({ "server": server.version, "seed": self.seed, "ways": ways });
        twinproof_base::file::write(&out.join("strategies.json"), json.to_string().as_bytes())?;
        let page = page(&server.version, &ways);
        twinproof_base::file::write(&out.join("strategies.html"), page.as_bytes())?;
        println!("{}", out.join("strategies.html").display());
        Ok(CONFORMANT)
    }

    fn way(
        &self,
        root: &Path,
        pair: &mut Pair,
        name: &str,
        way: &'static str,
        document: &'static str,
    ) -> anyhow::Result<Way> {
        let declaration = masking::declaration(root, name)?;
        let folder = tempfile::tempdir()?;
        let surroundings = masking::surroundings(&declaration, folder.path())?;
        let mut actions = vec![Action::Generate(60), Action::Start, Action::Settle, Action::Busy];
        for i in 0..self.beats {
            // Uneven pauses, so that a copy that comes at even times is met at all its ages.
            actions.extend([Action::Settle, Action::Wait(7 + i * 37 % 90)]);
        }
        actions.extend([Action::Quiet, Action::Settle]);
        // A dump's plain texts fit into no column of ASCII.
        let spec = std::fs::read_to_string(root.join("suites/masking/users.tables"))?.replace(
            "CHARACTER SET ascii COLLATE ascii_bin",
            "CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        );
        let plan = Plan {
            spec,
            seed: self.seed,
            actions,
            watch: true,
            patience: Duration::from_secs(20),
            defect: None,
        };
        let measured = measure(&record(&plan, &surroundings, pair)?, name != "dump");
        let at = |part: f64| {
            let place = (measured.latencies.len() as f64 * part).ceil() as usize;
            let micros =
                measured.latencies.get(place.saturating_sub(1)).copied().unwrap_or_default();
            micros as f64 / 1000.0
        };
        let share = |n: u64, of: u64| if of == 0 { 0.0 } else { n as f64 / of as f64 };
        let p95 = at(0.95);
        let daily = Duration::from_secs_f64(PERIOD.as_secs_f64() * 0.95 + p95 / 1000.0);
        Ok(Way {
            way,
            document,
            beats: measured.latencies.len(),
            p50_ms: at(0.5),
            p95_ms: p95,
            p95_daily_hours: (name == "dump").then(|| daily.as_secs_f64() / 3600.0),
            wrong: measured.wrong,
            rows: measured.rows,
            failure_rate: share(measured.wrong, measured.rows),
            failure_interval: wilson(measured.wrong, measured.rows),
            masked: measured.masked,
            sensitive: measured.sensitive,
            coverage: share(measured.masked, measured.sensitive),
        })
    }
}

/// Wilson's interval of a share, 95 %.
fn wilson(hits: u64, of: u64) -> (f64, f64) {
    if of == 0 {
        return (0.0, 1.0);
    }
    // Wilson's score interval for 95 %: unlike the usual one it is right for shares near 0 and 1.
    let (n, z) = (of as f64, 1.959_964);
    let p = hits as f64 / n;
    let middle = p + z * z / (2.0 * n);
    let spread = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z * z / n;
    (((middle - spread) / whole).max(0.0), ((middle + spread) / whole).min(1.0))
}

fn page(server: &str, ways: &[Way]) -> String {
    let longest = ways.iter().map(|w| w.p95_ms).fold(1.0, f64::max);
    // Logarithmic: the ways are some orders of magnitude apart.
    let bar = |ms: f64| 40.0 + 560.0 * (1.0 + ms).ln() / (1.0 + longest).ln();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { "Three ways of sync" }
                style { "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse}td,th{border:1px solid #999;padding:.3rem .6rem;text-align:right}td:first-child,th:first-child{text-align:left}" }
            }
            body {
                h1 { "Three ways of sync on one workload" }
                p { (server) ". Latency: seen in staging − committed at the source, one clock, polled. Wrong rows: rows of staging that differ from the nearest state of the source, over all states seen." }
                table {
                    tr { th { "way" } th { "P50" } th { "P95" } th { "wrong rows (95 % interval)" } th { "sensitive cells masked" } th { "the document's figures" } }
                    @for way in ways {
                        tr {
                            td { (way.way) }
                            td { (format!("{:.1} ms", way.p50_ms)) }
                            td {
                                (format!("{:.1} ms", way.p95_ms))
                                @if let Some(hours) = way.p95_daily_hours {
                                    br; (format!("{hours:.1} h scaled to one dump a day (computed, not measured)"))
                                }
                            }
                            td { (format!("{} of {}: {:.2} % ({:.2}–{:.2} %)", way.wrong, way.rows, way.failure_rate * 100.0, way.failure_interval.0 * 100.0, way.failure_interval.1 * 100.0)) }
                            td { (format!("{} of {}: {:.1} %", way.masked, way.sensitive, way.coverage * 100.0)) }
                            td { (way.document) }
                        }
                    }
                }
                h2 { "P95 latency, logarithmic" }
                svg viewBox="0 0 800 150" role="img" aria-label="P95 latency of each way" {
                    @for (i, way) in ways.iter().enumerate() {
                        rect x="150" y=(10 + i * 45) height="30" width=(format!("{:.0}", bar(way.p95_ms))) fill="#3b6ea5" {}
                        text x="0" y=(30 + i * 45) font-size="15" { (way.way) }
                        text x="158" y=(30 + i * 45) font-size="15" fill="#fff" { (format!("{:.1} ms", way.p95_ms)) }
                    }
                }
            }
        }
    };
    page.into_string()
}

#[cfg(test)]
mod tests {
    use super::wilson;

    #[test]
    fn an_interval_holds_the_share() {
        let (low, high) = wilson(12, 100);
        assert!(
            (0.0699..0.0701).contains(&low) && (0.1980..0.1982).contains(&high),
            "{low} {high}"
        );
        assert!(wilson(0, 50).0 < 1e-9);
    }
}
