//! The configuration of a proxy that is served: one TOML file, flags and the environment.
//!
//! Every setting is a [`Key`] of one table, [`KEYS`]. It can be given in the file (`[tls]`,
//! `cert = "…"`), as a flag (`--tls-cert`) and as a variable (`TWINPROOF_PROXY_TLS_CERT`). A flag
//! goes before a variable, a variable before the file.
//!
//! | kind | in the file | as a flag or variable |
//! | --- | --- | --- |
//! | text, path | `"…"` | as it is |
//! | time | `"500ms"`, `"30s"`, `"5m"`, `"2h"`, `"7d"`, seconds `"30"` | the same |
//! | bytes | `4096`, `"64KiB"`, `"500MiB"`, `"20GiB"` | the same |
//! | count | `32` | the same |
//! | switch | `true`, `false` | the same; the flag alone is `true` |
//! | list | `["a", "b"]`, or a text with commas | with commas |
//!
//! Paths in the file are relative to its folder.
//!
//! # Secrets
//!
//! No secret stands in the file or in a flag. Credentials for upstreams are named by where they are:
//!
//! ```toml
//! [[upstream.auth]]
//! url = "https://corp.example/goproxy"
//! bearer_file = "/run/secrets/token"   # or bearer_env, basic_file, basic_env (user:password)
//! ```
//!
//! The variables `TWINPROOF_PROXY_UPSTREAM_BEARER` and `TWINPROOF_PROXY_UPSTREAM_BASIC` hold one for
//! all upstreams of the list by https.
//!
//! # Mistakes
//!
//! All of them are found at once, each with its place: file, line and column, or the flag or
//! variable ([`twinproof_toml::Diagnostics`]; the file of a place is then `--flag` or the variable's name).

mod auth;
mod file;
mod given;
mod keys;
mod load;
pub mod memory;
mod resolve;
mod value;

pub use given::{Given, Origin};
pub use keys::{KEYS, Key};
pub use value::{Kind, parse_bytes};

use crate::settings::Settings;
use std::time::Duration;

/// The variable that names the file.
pub const FILE_VARIABLE: &str = "TWINPROOF_PROXY_CONFIG";

/// A proxy that is served.
#[derive(Clone)]
pub struct Config {
    /// The main listener.
    pub server: twinproof_httpd::Settings,
    /// The address of a separate listener for health, readiness and metrics; the main listener
    /// serves them when absent.
    pub metrics: Option<String>,
    /// The proxy.
    pub proxy: Settings,
    /// The log's level and format.
    pub log: Log,
    /// Interval at which certificates towards upstreams are read again.
    pub poll: Duration,
}

/// The log's level and format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Format of the log's lines.
    pub format: Format,
    /// The logged events: a level, or directives such as `info,twinproof_modproxy=debug`.
    pub level: String,
    /// Whether every request is logged.
    pub access: bool,
}

/// Format of a log's lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
}
