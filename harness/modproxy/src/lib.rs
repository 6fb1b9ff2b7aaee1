//! A Go module proxy: answers from a store, fetches what it lacks once for all requests, keeps only
//! what it has checked.
//!
//! [`Proxy`] is the whole of it, from a request to its answer, without a listener: whoever has
//! connections (the crate `twinproof-httpd`, a test, a benchmark) calls [`Proxy::respond`].
//!
//! # What is believed
//!
//! | | believed when | for how long |
//! | --- | --- | --- |
//! | `.info` of a version | JSON about exactly that version | for ever |
//! | `.mod` | not empty; its hash is the database's, where one verifies | for ever |
//! | `.zip` | every rule of module zips holds; its hash likewise | for ever |
//! | list, `@latest`, `.info` of a branch or commit | it is one | for a time, longer while upstreams fail |
//! | tiles and lookups of a database | proven to be in its signed tree | for ever |
//!
//! Verified files are served byte for byte as they came.

mod answer;
mod body;
pub mod config;
mod core;
mod eviction;
mod failure;
mod fetch_limiter;
mod info;
mod kind;
mod memory_cache;
mod metrics;
mod opened;
mod partial_zip;
mod policy;
mod proxy;
mod serve;
mod settings;
mod singleflight;
mod store;
mod sumdb;
mod ttl_cache;
mod upstream;

pub use crate::core::SettingsError;
pub use body::Body;
pub use proxy::{Proxy, StartError};
pub use serve::{ServeError, Serving};
pub use settings::{Authorization, Database, FileLimits, Settings, Times, Ttl, UpstreamTls};
pub use sumdb::DatabaseError;
pub use upstream::{TlsError, UpstreamError, client};
