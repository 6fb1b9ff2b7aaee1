//! Metrics of a pipeline for Prometheus, and its health.

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A pipeline without an event or heartbeat for longer than this is unhealthy.
const SILENCE: Duration = Duration::from_secs(30);

/// Whether a pipeline is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// The source sent an event or heartbeat recently.
    Well,
    /// The source sent nothing for longer than the limit.
    Silent,
}

/// Counters of a pipeline.
pub struct Metrics {
    registry: Registry,
    /// Transactions of the source that are in staging.
    pub transactions: Counter,
    /// Row changes of the source that were read.
    pub rows: Counter,
    /// Rows of snapshots that were read.
    pub snapshot_rows: Counter,
    /// Batches that were committed in staging.
    pub batches: Counter,
    /// Times that the pipeline began again after an error.
    pub restarts: Counter,
    /// Seconds between the last committed transaction's statement and its commit in staging.
    pub lag: Gauge<f64, AtomicU64>,
    /// Rows of staging that the last whole comparison found to differ.
    pub differing: Gauge<f64, AtomicU64>,
    /// Seconds since staging was last compared as a whole; not a number before the first time.
    verify_age: Gauge<f64, AtomicU64>,
    /// When that was; 0 before.
    verified: AtomicU64,
    heard: AtomicU64,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("twinproof_sync");
        let mut counter = |name: &str, help: &str| {
            let counter = Counter::default();
            registry.register(name, help, counter.clone());
            counter
        };
        let transactions = counter("transactions", "Transactions of the source in staging");
        let rows = counter("rows", "Row changes of the source that were read");
        let snapshot_rows = counter("snapshot_rows", "Rows of snapshots that were read");
        let batches = counter("batches", "Batches committed in staging");
        let restarts = counter("restarts", "Times the pipeline began again after an error");
        let mut gauge = |name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        let lag = gauge("lag_seconds", "Age of the last transaction when it was committed");
        let differing = gauge("verify_differing_rows", "Rows that the last whole pass found");
        let verify_age = gauge("verify_age_seconds", "Age of the last whole pass of verify");
        let (verified, heard) = (AtomicU64::new(0), AtomicU64::new(now()));
        Self {
            registry,
            transactions,
            rows,
            snapshot_rows,
            batches,
            restarts,
            lag,
            differing,
            verify_age,
            verified,
            heard,
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl Metrics {
    /// Notes an event or heartbeat of the source.
    pub fn heard(&self) {
        self.heard.store(now(), Ordering::Relaxed);
    }

    /// A transaction of that age was committed.
    pub fn committed(&self, timestamp: u32) {
        if timestamp > 0 {
            self.lag.set(now().saturating_sub(u64::from(timestamp)) as f64);
        }
    }

    /// Staging was compared as a whole, and so many rows differ.
    pub fn verified(&self, differing: usize) {
        self.differing.set(differing as f64);
        self.verified.store(now(), Ordering::Relaxed);
        self.heard();
    }

    /// Whether all is well.
    #[must_use]
    pub fn health(&self) -> Health {
        let silent = now().saturating_sub(self.heard.load(Ordering::Relaxed));
        if silent <= SILENCE.as_secs() { Health::Well } else { Health::Silent }
    }

    /// All of it, as Prometheus reads it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        let age = match self.verified.load(Ordering::Relaxed) {
            0 => f64::NAN,
            at => now().saturating_sub(at) as f64,
        };
        self.verify_age.set(age);
        // Writing to a text does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
