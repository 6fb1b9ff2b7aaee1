//! What the servers of this program have in common: their log, their runtime, their first line.

use crate::exit::Failure;
use std::io::{IsTerminal, Write};
use std::num::NonZero;
use tracing_subscriber::EnvFilter;
use twinproof_modproxy::config::{Format, Log};

/// Begins the log, on the standard error stream.
pub fn begin_log(log: &Log) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&log.level)
        .map_err(|error| Failure::invalid(format!("log level `{}`: {error}", log.level)))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match log.format {
        Format::Text => builder.with_ansi(std::io::stderr().is_terminal()).try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    }
    .map_err(Failure::broken)
}

/// Runs a server to its end, with a thread for each core but one: what blocks (files, hashes) has
/// threads of its own, and on a small machine it is dearer to wake a second thread than to answer.
pub fn block_on(server: impl Future<Output = Result<u8, Failure>>) -> Result<u8, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads((cores - 1).max(1))
        .enable_all()
        .build();
    runtime.map_err(Failure::broken)?.block_on(server)
}

/// Says where a server listens, for whoever waits for that.
pub fn announce(url: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "listening on {url}").and_then(|()| out.flush()).map_err(Failure::broken)
}
