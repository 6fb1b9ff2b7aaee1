//! The Go checksum database: the data it serves, the proofs of that data, and a client that verifies
//! every answer.
//!
//! Each module is one concept, and its documentation is the specification it implements:
//!
//! - [`note`]: signed notes (C2SP signed-note) and their keys;
//! - [`tlog`]: the transparency log of RFC 6962: hashes, tree heads, records, proofs;
//! - [`tile`]: the log cut into tiles, and how tiles are authenticated;
//! - [`client`]: lookups verified against all of the above, with proofs that can be kept;
//! - [`server`]: what a database answers, a log in memory, and one on disk.
//!
//! Module paths, versions and `h1:` hashes are those of `twinproof_gomod`.
//!
//! It is not an HTTP client: the caller brings the transport as a [`client::Fetch`].
//! It is not a go.sum editor either; it returns the lines and never touches a file of a project.

pub mod client;
pub mod note;
pub mod server;
pub mod tile;
pub mod tlog;

pub use client::{Client, Fetch, FetchError, LookupError, LookupProof, check_proof};
pub use tlog::Hash;

/// The name of Go's public checksum database, as in cmd/go's `GOSUMDB` default.
pub const PUBLIC_DATABASE: &str = "sum.golang.org";

/// The verifier key of Go's public checksum database.
///
/// Source: `knownGOSUMDB` in `cmd/go/internal/modfetch/key.go` of every Go distribution.
pub const PUBLIC_KEY: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
