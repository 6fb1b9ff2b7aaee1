//! Throughput of the pipeline between two servers on this machine: snapshot, catch-up, latency.
//!
//! `cargo run --release -p twinproof-masksync --example throughput [ROWS]`
//!
//! It starts the servers itself (MariaDB, or MySQL where MariaDB is not installed). A row has about
//! 60 bytes, a transaction 100 rows, half of the rows pass, two columns are encrypted. Beside each
//! figure it prints the time of a plain load of the same rows, from memory, without masks.

#![expect(clippy::unwrap_used, reason = "an example fails by panicking")]

use mysql::prelude::Queryable as _;
use mysql::{Conn, OptsBuilder};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};
use twinproof_masksync::keys::Unbounded;
use twinproof_masksync::pipeline::{Metrics, Options, Setting, Stop, examine, run};
use twinproof_masksync::policy::read;
use twinproof_masksync::server::Role;
use twinproof_masksync::source::Snapshot;
use twinproof_pipeline::{Pair, Program, Server};

const RING: &str = "[[key]]\nid = 1\nstate = \"primary\"\n\
    secret = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n";
const TABLE: &str = "\n[keys]\nfile = \"keys.toml\"\npinned = 1\n\
    [class.phone]\nmask = { randomised = {} }\n[class.mail]\nmask = { deterministic = {} }\n\
    [[table]]\nname = \"shop.users\"\nwhere = \"user_type NOT IN ('VIP', 'CORP')\"\n\
    [table.columns]\nid = \"public\"\nuser_type = \"public\"\nphone = \"phone\"\nmail = \"mail\"\nn = \"public\"\n";

fn connect(database: &Server) -> Conn {
    let opts = OptsBuilder::new().user(Some("root")).socket(database.socket().to_str());
    Conn::new(opts.prefer_socket(false)).unwrap()
}

/// Statements that insert rows, a hundred each.
fn statements(table: &str, from: u64, rows: u64, passing: bool) -> Vec<String> {
    let mut all = Vec::new();
    for start in (from..from + rows).step_by(100) {
        let mut sql = format!("INSERT INTO {table} VALUES ");
        for id in start..(start + 100).min(from + rows) {
            let class = if passing || id % 2 == 0 { "NORMAL" } else { "VIP" };
            let comma = if id == start { "" } else { "," };
            let _ =
                write!(sql, "{comma}({id},'{class}','139{id:08}','user{id:06}@example.com',{id})");
        }
        all.push(sql);
    }
    all
}

fn timed(rows: u64, what: &str, work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    let rate = rows as f64 / begun.elapsed().as_secs_f64();
    println!("{what}: {rate:.0} rows/s");
    rate
}

fn main() {
    let rows: u64 = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(200_000);
    let program = Program::find(None).unwrap();
    let Pair { source, staging, .. } = Pair::start(&program).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("keys.toml"), RING).unwrap();
    let (mut at_source, mut at_staging) = (connect(&source), connect(&staging));
    let table = |name: &str, phone: &str, mail: &str| {
        format!(
            "CREATE TABLE shop.{name} (id BIGINT PRIMARY KEY, user_type VARCHAR(16), phone {phone}, \
             mail {mail}, n INT) DEFAULT CHARSET utf8mb4"
        )
    };
    let ascii = "VARCHAR(300) CHARACTER SET ascii COLLATE ascii_bin";
    for conn in [&mut at_source, &mut at_staging] {
        conn.query_drop("CREATE DATABASE shop").unwrap();
    }
    at_source.query_drop(table("users", "VARCHAR(20)", "VARCHAR(40)")).unwrap();
    at_staging.query_drop(table("users", ascii, ascii)).unwrap();
    at_staging.query_drop(table("plain", ascii, ascii)).unwrap();
    let server = |name: &str, database: &Server| {
        format!("[{name}]\nurl = \"mysql://root@{}\"\n", database.socket().display())
    };
    let policy = server("source", &source) + &server("staging", &staging) + TABLE;
    let setting = Setting::new(read("policy.toml", &policy, folder.path()).unwrap()).unwrap();
    for statement in setting.state.statements() {
        at_staging.query_drop(statement).unwrap();
    }
    println!("{}, {rows} rows", program.version);

    timed(rows, "source, loading the snapshot's rows", || {
        for sql in statements("shop.users", 0, rows, false) {
            at_source.query_drop(sql).unwrap();
        }
    });
    timed(rows, "snapshot, decided and masked, to nowhere", || snapshot(&setting));
    let once = Options { until_now: true, once: true };
    let sync = || run(&setting, &once, &Metrics::default(), &Stop::default()).unwrap();
    timed(rows, "snapshot, to staging", sync);
    timed(rows, "source, loading the stream's rows", || {
        for sql in statements("shop.users", rows, rows, false) {
            at_source.query_drop(sql).unwrap();
        }
    });
    let caught = timed(rows, "stream, catching up", sync);
    at_source.query_drop("UPDATE shop.users SET n = n + 1").unwrap();
    timed(2 * rows, "stream, one transaction that updates every row", sync);
    let plain = timed(rows / 2, "staging, a plain load of as many rows as pass", || {
        for batch in statements("shop.plain", 0, rows / 2, true).chunks(10) {
            at_staging.query_drop("START TRANSACTION").unwrap();
            for sql in batch {
                at_staging.query_drop(sql).unwrap();
            }
            at_staging.query_drop("COMMIT").unwrap();
        }
    });
    // Half of the stream's rows are written.
    println!("catching up to a plain load of the rows that pass: {:.2}", caught / 2.0 / plain);
    latency(&setting, &mut at_source, &mut at_staging, 2 * rows);
}

fn snapshot(setting: &Setting) {
    let keys = setting.keys_with(Arc::new(Unbounded));
    let mut source = setting.source.connect(Role::Ask).unwrap();
    let mut staging = setting.staging.open(&setting.state).unwrap();
    let mut examined = examine(&setting.policy, &keys, &mut source, &mut *staging).unwrap();
    let table = examined.tables.swap_remove(0);
    let mut snapshot = Snapshot::new(&table.policy, &table.source, &table.target.key);
    let mut plan = table.plan;
    while let Some(chunk) = snapshot.next_chunk(&mut source).unwrap() {
        for (row, _) in chunk.rows.iter().zip(&chunk.passes).filter(|(_, passes)| **passes) {
            std::hint::black_box(plan.mask(row).unwrap());
        }
    }
}

/// Single-row commits, 1,000 a second, each looked for in staging until it is seen.
fn latency(setting: &Setting, source: &mut Conn, staging: &mut Conn, first: u64) {
    const COMMITS: u64 = 5000;
    let stop = Stop::default();
    let running = {
        let (setting, stop) = (setting.clone(), stop.clone());
        std::thread::spawn(move || run(&setting, &Options::default(), &Metrics::default(), &stop))
    };
    std::thread::sleep(Duration::from_secs(2));
    let begun = Instant::now();
    let mut committed = Vec::new();
    let mut seen: Vec<Duration> = Vec::new();
    let until = begun + Duration::from_secs(30);
    while (seen.len() as u64) < COMMITS && Instant::now() < until {
        let due = (begun.elapsed().as_millis() as u64).min(COMMITS);
        while (committed.len() as u64) < due {
            let id = first + committed.len() as u64;
            let row = format!("({id},'NORMAL','139{id:08}','user{id:06}@example.com',0)");
            source.query_drop(format!("INSERT INTO shop.users VALUES {row}")).unwrap();
            committed.push(Instant::now());
        }
        let there: Option<Option<u64>> = staging
            .query_first(format!("SELECT MAX(id) FROM shop.users WHERE id >= {first}"))
            .unwrap();
        let now = Instant::now();
        if let Some(last) = there.flatten() {
            while (seen.len() as u64) <= last - first && seen.len() < committed.len() {
                seen.push(now - committed[seen.len()]);
            }
        }
    }
    stop.set();
    running.join().unwrap().unwrap();
    seen.sort_unstable();
    let at = |part: usize| seen.get(seen.len() * part / 100).copied().unwrap_or_default();
    println!(
        "latency at 1000 commits/s: {} seen, P50 {:?}, P95 {:?}, P99 {:?}",
        seen.len(),
        at(50),
        at(95),
        at(99)
    );
}
