//! `sync`: copies production rows to staging, filtered and masked.

use crate::exit::{BROKEN, CONFORMANT, Failure, INVALID, NOT_CONFORMANT, NOT_KNOWN};
use crate::serving::{announce, begin_log, block_on};
use crate::sync_health::SyncHealth;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use twinproof_httpd::{Server, Settings, stop_signal};
use twinproof_masksync::keys::Unbounded;
use twinproof_masksync::pipeline::{
    Examined, Halt, Metrics, Options, Request, Setting, Stop, Verified, VerifyOptions, examine,
    preview, resnapshot, run, unmask, verify,
};
use twinproof_masksync::policy::read;
use twinproof_masksync::server::Role;
use twinproof_modproxy::config::{Format, Log};

/// No longer policy is read, in bytes.
const POLICY: u64 = 1 << 20;
/// No longer token is read, in bytes.
const TOKEN: u64 = 64 << 20;
/// Time that a pipeline has for its current transaction after SIGTERM.
const GRACE: Duration = Duration::from_secs(60);

/// Copy production rows to staging, filtered and masked.
#[derive(clap::Args, Debug)]
pub struct Sync {
    #[command(subcommand)]
    command: SyncCommand,
}

#[derive(clap::Subcommand, Debug)]
enum SyncCommand {
    /// Check the policy and both servers, and print the statements that add what is missing
    Check(File),
    /// Show the first rows of each table before and after masking, without writing anything
    ///
    /// This prints production values to the terminal.
    Preview(PreviewRows),
    /// Take snapshots where there are none, then apply the source's changes until SIGTERM or ^C
    Run(Run),
    /// Compare staging with the source, cell by cell
    Verify(Verify),
    /// Take the snapshots of tables again, while no pipeline runs
    Resnapshot(Resnapshot),
    /// Decrypt a token from the standard input, and write a line to the audit file
    Unmask(Unmask),
}

#[derive(clap::Args, Debug)]
struct File {
    /// The policy, a TOML file
    #[arg(long, value_name = "FILE", env = "TWINPROOF_SYNC_POLICY")]
    policy: PathBuf,
    /// Log level (error, warn, info, debug, trace), or directives such as
    /// `info,twinproof_masksync=debug`
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log_level: String,
    /// Log lines of JSON
    #[arg(long)]
    log_json: bool,
}

#[derive(clap::Args, Debug)]
struct PreviewRows {
    #[command(flatten)]
    file: File,
    /// Number of rows of each table
    #[arg(long, value_name = "N", default_value_t = 5)]
    rows: usize,
}

#[derive(clap::Args, Debug)]
struct Run {
    #[command(flatten)]
    file: File,
    /// End when everything is applied that the source had executed when the stream began
    #[arg(long)]
    until_now: bool,
    /// End when a server is out of reach, instead of retrying
    #[arg(long)]
    once: bool,
    /// Serve /metrics and /healthz at this address, host:port
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<String>,
}

#[derive(clap::Args, Debug)]
struct Verify {
    #[command(flatten)]
    file: File,
    /// Check only the form of randomised tokens
    #[arg(long)]
    without_keys: bool,
    /// Compare sums of chunks, and cell by cell only what differs; randomised tokens are not opened
    #[arg(long)]
    fast: bool,
    /// Have the pipeline copy rows that differ again, once it runs
    #[arg(long)]
    repair: bool,
    /// Verify again this many seconds after each pass, until SIGTERM or ^C
    #[arg(long, value_name = "SECONDS")]
    continuous: Option<u64>,
    /// With --continuous, serve /metrics at this address, host:port
    #[arg(long, value_name = "ADDRESS", requires = "continuous")]
    metrics: Option<String>,
}

#[derive(clap::Args, Debug)]
struct Resnapshot {
    #[command(flatten)]
    file: File,
    /// The tables, each `schema.table` of the source
    #[arg(value_name = "TABLE", required = true)]
    tables: Vec<String>,
}

#[derive(clap::Args, Debug)]
struct Unmask {
    #[command(flatten)]
    file: File,
    /// The table, `schema.table` of the source
    #[arg(long)]
    table: String,
    /// The column
    #[arg(long)]
    column: String,
    /// The key of the row in staging, once for each of its columns
    #[arg(long = "key", value_name = "VALUE")]
    key: Vec<String>,
    /// File to which the audit line is added
    #[arg(long, value_name = "FILE")]
    audit: PathBuf,
    /// Reason for reading the value; it goes into the audit file
    #[arg(long)]
    reason: String,
}

impl Sync {
    /// Runs the command.
    ///
    /// # Errors
    /// When the policy cannot be read, or a server cannot be asked.
    pub fn run(&self) -> Result<u8, Failure> {
        match &self.command {
            SyncCommand::Check(file) => file.with(check),
            SyncCommand::Preview(preview) => preview.file.with(|setting| preview.run(setting)),
            SyncCommand::Run(run) => run.file.with(|setting| run.run(setting)),
            SyncCommand::Verify(verify) => verify.file.with(|setting| verify.run(setting)),
            SyncCommand::Resnapshot(again) => again.file.with(|setting| {
                let (metrics, stop) = (Metrics::default(), Stop::default());
                exit_code(resnapshot(setting, &again.tables, &metrics, &stop), |()| {
                    println!("{} taken again", again.tables.join(", "));
                    CONFORMANT
                })
            }),
            SyncCommand::Unmask(unmask) => unmask.file.with(|setting| unmask.run(setting)),
        }
    }
}

/// The exit code of a command. A pipeline that halted is logged and is no failure of the program.
fn exit_code<T>(result: Result<T, Halt>, code: impl FnOnce(T) -> u8) -> Result<u8, Failure> {
    Ok(match result {
        Ok(value) => code(value),
        Err(halt) => {
            eprintln!("error: {halt}");
            NOT_CONFORMANT
        }
    })
}

impl File {
    /// Reads policy and keys, and does something with them.
    fn with(&self, then: impl FnOnce(&Setting) -> Result<u8, Failure>) -> Result<u8, Failure> {
        let format = if self.log_json { Format::Json } else { Format::Text };
        let _log = begin_log(&Log { format, level: self.log_level.clone(), access: false })?;
        let unreadable =
            |e: std::io::Error| Failure::invalid(format!("{}: {e}", self.policy.display()));
        let mut text = String::new();
        let file = std::fs::File::open(&self.policy).map_err(unreadable)?;
        file.take(POLICY).read_to_string(&mut text).map_err(unreadable)?;
        let folder = self.policy.parent().map(PathBuf::from).unwrap_or_default();
        let name = self.policy.file_name().unwrap_or_default().to_string_lossy();
        let policy = match read(&name, &text, &folder) {
            Ok(policy) => policy,
            Err(mistakes) => {
                eprintln!("{mistakes}");
                return Ok(INVALID);
            }
        };
        match Setting::new(policy) {
            Ok(setting) => then(&setting),
            Err(halt) => Err(Failure::invalid(halt)),
        }
    }
}

fn examined(setting: &Setting) -> Result<Examined, Halt> {
    let mut source = setting.source.connect(Role::Ask)?;
    let mut staging = setting.staging.open(&setting.state)?;
    let keys = setting.keys_with(Arc::new(Unbounded));
    Ok(examine(&setting.policy, &keys, &mut source, &mut *staging)?)
}

fn check(setting: &Setting) -> Result<u8, Failure> {
    let found = examined(setting).map_err(Failure::broken)?;
    for finding in &found.findings {
        println!("{}", finding.what);
        if !finding.fix.is_empty() {
            println!("  {}", finding.fix);
        }
    }
    if found.findings.is_empty() {
        println!("nothing is missing: {} tables can be copied", found.tables.len());
        return Ok(CONFORMANT);
    }
    println!("{} to be mended", found.findings.len());
    Ok(NOT_CONFORMANT)
}

impl PreviewRows {
    fn run(&self, setting: &Setting) -> Result<u8, Failure> {
        exit_code(preview(setting, self.rows), |tables| {
            for table in tables {
                println!("{}", table.table);
                for (before, after) in &table.rows {
                    for (i, (name, class)) in table.columns.iter().enumerate() {
                        let was = before.get(i).map_or("", String::as_str);
                        match after.as_ref().and_then(|after| after.get(i)) {
                            Some(is) => println!("  {name} ({class}): {was} -> {is}"),
                            None => println!("  {name} ({class}): {was} -> does not pass"),
                        }
                    }
                    println!();
                }
            }
            CONFORMANT
        })
    }
}

impl Run {
    fn run(&self, setting: &Setting) -> Result<u8, Failure> {
        let options = Options { until_now: self.until_now, once: self.once };
        let setting = setting.clone();
        serving(self.metrics.as_ref(), move |metrics, stop| {
            exit_code(run(&setting, &options, metrics, stop), |()| CONFORMANT)
        })
    }
}

/// Does work beside an HTTP server for its metrics, until it is done or a signal asks it to end.
fn serving(
    address: Option<&String>,
    work: impl FnOnce(&Metrics, &Stop) -> Result<u8, Failure> + Send + 'static,
) -> Result<u8, Failure> {
    let (metrics, stop) = (Arc::new(Metrics::default()), Stop::default());
    block_on(async move {
        let server = match address {
            Some(address) => {
                let server =
                    Server::bind(Settings::new(address.clone())).map_err(Failure::invalid)?;
                announce(&server.url())?;
                let health = Arc::new(SyncHealth(Arc::clone(&metrics)));
                Some(tokio::spawn(server.run(health, std::future::pending())))
            }
            None => None,
        };
        let work = {
            let stop = stop.clone();
            tokio::task::spawn_blocking(move || work(&metrics, &stop))
        };
        tokio::pin!(work);
        let result = tokio::select! {
            result = &mut work => Some(result),
            () = stop_signal() => {
                tracing::info!("stopping on a signal");
                stop.set();
                tokio::time::timeout(GRACE, work).await.ok()
            }
        };
        if let Some(server) = server {
            server.abort();
        }
        match result {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(Failure::broken("the pipeline broke")),
            None => {
                tracing::error!("it did not end in time; what was not committed is rolled back");
                Ok(BROKEN)
            }
        }
    })
}

impl Verify {
    fn run(&self, setting: &Setting) -> Result<u8, Failure> {
        let Self { without_keys, fast, repair, .. } = *self;
        let options = VerifyOptions { without_keys, fast, repair };
        let Some(seconds) = self.continuous else {
            return exit_code(verify(setting, options), |verified| shown(&verified));
        };
        let (setting, pause) = (setting.clone(), Duration::from_secs(seconds));
        serving(self.metrics.as_ref(), move |metrics, stop| {
            let mut code = NOT_KNOWN;
            while !stop.is_set() {
                match verify(&setting, options) {
                    Ok(verified) => {
                        metrics.verified(verified.differences.values().map(Vec::len).sum());
                        code = shown(&verified);
                    }
                    // The next pass may find the servers again; the age of the last one grows.
                    Err(halt) => tracing::warn!(error = %halt, "not compared"),
                }
                let until = Instant::now() + pause;
                while Instant::now() < until && !stop.is_set() {
                    std::thread::sleep(Duration::from_millis(100).min(pause));
                }
            }
            Ok(code)
        })
    }
}

/// Prints the differences, and returns the exit code.
fn shown(verified: &Verified) -> u8 {
    for ((difference, table, column), keys) in &verified.differences {
        let column = if column.is_empty() { String::new() } else { format!(".{column}") };
        let shown: Vec<&str> = keys.iter().take(5).map(String::as_str).collect();
        println!(
            "{difference:?}: {table}{column}, {} rows, keys by hash {}",
            keys.len(),
            shown.join(" ")
        );
    }
    for skipped in &verified.skipped {
        println!("not looked at: {skipped}");
    }
    for unrepaired in &verified.unrepaired {
        println!("not to be copied again: {unrepaired}");
    }
    if verified.queued > 0 {
        println!("{} rows wait for the pipeline, which copies them again", verified.queued);
    }
    println!("{} rows, {} cells compared", verified.rows, verified.cells);
    match (verified.differences.is_empty(), verified.skipped.is_empty()) {
        (false, _) => NOT_CONFORMANT,
        (true, false) => NOT_KNOWN,
        (true, true) => CONFORMANT,
    }
}

impl Unmask {
    fn run(&self, setting: &Setting) -> Result<u8, Failure> {
        let mut token = String::new();
        let read = std::io::stdin().lock().take(TOKEN).read_to_string(&mut token);
        read.map_err(|e| Failure::invalid(format!("standard input: {e}")))?;
        let request = Request {
            table: self.table.clone(),
            column: self.column.clone(),
            key: self.key.clone(),
            token: token.trim().to_owned(),
            reason: self.reason.clone(),
        };
        let value = unmask(setting, &request, &self.audit).map_err(Failure::invalid)?;
        // Not by `println!`: a value need not be UTF-8.
        let mut out = std::io::stdout().lock();
        out.write_all(&value.0).and_then(|()| out.write_all(b"\n")).map_err(Failure::broken)?;
        Ok(CONFORMANT)
    }
}
