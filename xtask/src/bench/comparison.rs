//! Measurements of a comparison of proxies, as written to `proxy.json`.

use super::load::Load;

/// The result of a server with one target over some connections.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Row {
    pub server: String,
    /// The medians of the rounds.
    pub load: Load,
    /// Requests per second of the embedded proxy over those of this server.
    pub ratio: Option<f64>,
}

/// The measurements of a target over some connections.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Group {
    pub target: &'static str,
    pub connections: u32,
    pub rows: Vec<Row>,
}

/// Many clients that ask for one file that is not there yet.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Cold {
    pub server: String,
    pub clients: usize,
    /// Clients that got the right bytes.
    pub right: usize,
    /// Requests that the upstream got.
    pub upstream: usize,
    /// Upstream requests for the zip.
    pub zips: usize,
    /// Time until the last one was answered, in seconds.
    pub seconds: f64,
}

/// A real `go mod download` of a module graph.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Download {
    pub server: String,
    pub modules: usize,
    /// The median of the rounds, with an empty module cache each.
    pub seconds: f64,
}

/// Resident memory in MiB.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Memory {
    pub server: String,
    pub idle: Option<f64>,
    pub worked: Option<f64>,
    pub connections: Option<f64>,
}

/// Everything that was measured.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Comparison {
    pub machine: String,
    pub command: String,
    pub rounds: usize,
    pub seconds: u64,
    pub groups: Vec<Group>,
    pub cold: Vec<Cold>,
    pub downloads: Vec<Download>,
    pub memory: Vec<Memory>,
}

/// The name of the embedded proxy in tables.
pub const OWN: &str = "twinproof";
