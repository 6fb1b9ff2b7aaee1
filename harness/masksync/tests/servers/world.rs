//! A source and a staging server of the test's own, and a policy between them.

use mysql::prelude::Queryable as _;
use mysql::{Conn, OptsBuilder};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use twinproof_masksync::pipeline::{
    Halt, Metrics, Options, Setting, Stop, Verified, VerifyOptions, resnapshot, run, verify,
};
use twinproof_masksync::policy::read;
use twinproof_pipeline::{Flavour, Pair, Program, Server};
use twinproof_testkit::{Outcome, Requirement, Unavailable};

/// The folder with the policy of a pipeline that runs in a process of its own.
pub const CHILD: &str = "TWINPROOF_TEST_PIPELINE";

/// Runs a pipeline in this process.
pub fn child(folder: &Path) -> std::process::ExitCode {
    let text = std::fs::read_to_string(folder.join("policy.toml")).unwrap();
    let setting = Setting::new(read("policy.toml", &text, folder).unwrap()).unwrap();
    let done = run(&setting, &Options::default(), &Metrics::default(), &Stop::default());
    std::process::ExitCode::from(u8::from(done.is_err()))
}

/// Both servers, and what is between them.
pub struct World {
    pub kind: Flavour,
    pub source: Server,
    pub staging: Server,
    pub folder: TempDir,
    policy: String,
}

/// The policy's beginning; the tables follow.
fn head(source: &Path, staging: &Path) -> String {
    format!(
        r#"
tenant = "acme"
[source]
url = "mysql://sync@{}"
[staging]
url = "mysql://sync@{}"
[keys]
file = "keys.toml"
pinned = 1
[class.phone]
mask = {{ randomised = {{}} }}
[class.mail]
mask = {{ deterministic = {{}} }}
[class.name]
mask = {{ token = {{}} }}
[class.note]
mask = "null"
"#,
        source.display(),
        staging.display()
    )
}

/// Runs a test on each kind of server that is here.
pub fn each(test: impl Fn(World)) -> Outcome {
    for program in programs()? {
        test(World::new(&program, &[]));
    }
    Ok(())
}

/// The servers that are here, at least one.
pub fn programs() -> Result<Vec<Program>, Unavailable> {
    let programs = Program::all();
    match programs.is_empty() {
        true => Err(Requirement::Mysql.unavailable("neither mariadbd nor mysqld is on PATH")),
        false => Ok(programs),
    }
}

impl World {
    /// Servers, staging with further flags of its own.
    pub fn new(program: &Program, staging: &[&str]) -> Self {
        let kind = program.flavour;
        let Pair { source, staging, .. } = Pair::start_with(program, &[], staging).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("keys.toml"), crate::ring::RING).unwrap();
        let policy = head(&source.socket(), &staging.socket());
        let world = Self { kind, source, staging, folder, policy };
        // Exactly the rights that the documents name.
        let mut source = world.source();
        run_all(
            &mut source,
            &[
                "CREATE DATABASE shop",
                "CREATE USER sync@localhost",
                "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO sync@localhost",
            ],
        );
        let mut staging = world.staging();
        run_all(
            &mut staging,
            &[
                "CREATE DATABASE shop",
                "CREATE DATABASE twinproof_sync",
                "CREATE USER sync@localhost",
                "GRANT ALL ON shop.* TO sync@localhost",
                "GRANT SELECT, INSERT, UPDATE, DELETE ON twinproof_sync.* TO sync@localhost",
            ],
        );
        let setting = world.setting();
        if let Ok(setting) = setting {
            for statement in setting.state.statements() {
                staging.query_drop(statement).unwrap();
            }
        }
        world
    }

    /// The same table at both ends, `SELECT` on it, and its part of the policy.
    pub fn table(&mut self, name: &str, source: &str, staging: &str, policy: &str) {
        self.source().query_drop(format!("CREATE TABLE shop.{name} {source}")).unwrap();
        let grant = format!("GRANT SELECT ON shop.{name} TO sync@localhost");
        self.source().query_drop(grant).unwrap();
        self.staging().query_drop(format!("CREATE TABLE shop.{name} {staging}")).unwrap();
        self.policy.push_str(&format!("[[table]]\nname = \"shop.{name}\"\n{policy}\n"));
    }

    /// Drops tables at both ends, and forgets what was said and known of them.
    pub fn forget(&mut self, names: &[&str]) {
        for name in names {
            let drop = format!("DROP TABLE shop.{name}");
            self.at_source(&[&drop]);
            self.staging_is(&[&drop]);
        }
        self.staging_is(&["DELETE FROM twinproof_sync.state"]);
        let _ = std::fs::remove_file(self.folder.path().join("policy.toml.lock"));
        let end = self.policy.find("[[table]]").unwrap_or(self.policy.len());
        self.policy.truncate(end);
    }

    /// Asks staging for one text again and again, beside what follows.
    pub fn watch(&self, sql: &str) -> Watch {
        let (mut conn, sql, stop) = (self.staging(), sql.to_owned(), Stop::default());
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let mut states: Vec<String> = Vec::new();
            loop {
                let last = stopped.is_set();
                let text: String = conn.query_first(&sql).unwrap().unwrap_or_default();
                if states.last() != Some(&text) {
                    states.push(text);
                }
                if last {
                    return states;
                }
            }
        });
        Watch { stop, thread }
    }

    pub fn set_policy(&mut self, change: impl Fn(&str) -> String) {
        self.policy = change(&self.policy);
    }

    pub fn setting(&self) -> Result<Setting, Halt> {
        let mut text = self.policy.clone();
        if !text.contains("[[table]]") {
            text.push_str("[[table]]\nname = \"shop.none\"\n[table.columns]\nid = \"public\"\n");
        }
        Setting::new(read("policy.toml", &text, self.folder.path()).unwrap())
    }

    pub fn source(&self) -> Conn {
        connect(&self.source)
    }

    pub fn staging(&self) -> Conn {
        connect(&self.staging)
    }

    /// Runs statements at the source, on one connection.
    pub fn at_source(&self, statements: &[&str]) {
        run_all(&mut self.source(), statements);
    }

    pub fn staging_is(&self, statements: &[&str]) {
        run_all(&mut self.staging(), statements);
    }

    /// A pipeline that runs until it is stopped.
    pub fn start(&self) -> Running {
        let (setting, stop) = (self.setting().unwrap(), Stop::default());
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            run(&setting, &Options::default(), &Metrics::default(), &stopped)
        });
        Running { stop, thread }
    }

    /// A pipeline in a process of its own.
    pub fn child(&self) -> std::process::Child {
        std::fs::write(self.folder.path().join("policy.toml"), &self.policy).unwrap();
        std::process::Command::new(std::env::current_exe().unwrap())
            .env(CHILD, self.folder.path())
            .spawn()
            .unwrap()
    }

    /// Runs a pipeline for a while.
    pub fn sync_for(&self, time: Duration) -> Result<(), Halt> {
        let running = self.start();
        std::thread::sleep(time);
        running.stop.set();
        running.join().unwrap()
    }

    /// Waits until a query in staging gives so many rows.
    pub fn wait_for(&self, sql: &str, rows: usize) {
        let until = Instant::now() + Duration::from_secs(60);
        while self.staged(sql).len() != rows {
            assert!(Instant::now() < until, "{sql} does not give {rows} rows");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Copies all that the source has executed.
    pub fn sync(&self) -> Result<(), Halt> {
        let options = Options { until_now: true, once: true };
        run(&self.setting().unwrap(), &options, &Metrics::default(), &Stop::default())
    }

    pub fn resnapshot(&self, table: &str) -> Result<(), Halt> {
        let tables = [table.to_owned()];
        resnapshot(&self.setting().unwrap(), &tables, &Metrics::default(), &Stop::default())
    }

    pub fn verify(&self) -> Verified {
        self.verify_with(VerifyOptions::default())
    }

    pub fn verify_with(&self, options: VerifyOptions) -> Verified {
        verify(&self.setting().unwrap(), options).unwrap()
    }

    /// Fails unless staging is what it should be.
    pub fn assert_equal(&self) {
        let verified = self.verify();
        assert!(verified.differences.is_empty(), "{:?}: {:?}", self.kind, verified.differences);
        assert!(verified.skipped.is_empty(), "{:?}", verified.skipped);
    }

    /// The rows of a query in staging, a line each.
    pub fn staged(&self, sql: &str) -> Vec<String> {
        let rows: Vec<mysql::Row> = self.staging().query(sql).unwrap();
        let text = |value: mysql::Value| match value {
            mysql::Value::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            mysql::Value::NULL => "NULL".to_owned(),
            other => format!("{other:?}"),
        };
        let line =
            |row: mysql::Row| row.unwrap().into_iter().map(text).collect::<Vec<_>>().join("|");
        rows.into_iter().map(line).collect()
    }
}

/// Watches staging until it is stopped.
pub struct Watch {
    stop: Stop,
    thread: JoinHandle<Vec<String>>,
}

impl Watch {
    /// The states that were seen, without repetitions in a row; the last one is of now.
    pub fn stop(self) -> Vec<String> {
        self.stop.set();
        self.thread.join().unwrap()
    }
}

/// A pipeline that runs.
pub struct Running {
    pub stop: Stop,
    thread: JoinHandle<Result<(), Halt>>,
}

impl Running {
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    pub fn join(self) -> std::thread::Result<Result<(), Halt>> {
        self.thread.join()
    }
}

fn connect(server: &Server) -> Conn {
    let opts = OptsBuilder::new().user(Some("root")).socket(server.socket().to_str());
    Conn::new(opts.prefer_socket(false)).unwrap()
}

pub fn run_all(conn: &mut Conn, statements: &[&str]) {
    for statement in statements {
        let done = conn.query_drop(statement);
        assert!(done.is_ok(), "{statement}: {done:?}");
    }
}
