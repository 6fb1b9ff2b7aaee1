//! Go modules in the words of their protocol: versions, requests, patterns, GOPROXY lists, archives, the rules of zips.
//!
//! Each module is one concept, and its documentation is the specification it implements:
//!
//! - [`escape`]: module paths and versions, their checks and their `!x` spelling in URLs;
//! - [`dirhash`]: the `h1:` hash of a module zip, a directory tree and a go.mod;
//! - [`request`]: what a request to a module proxy asks for, from the target as it comes over the wire;
//! - [`tile`]: how the tiles of a checksum database are asked for;
//! - [`glob`]: the patterns of GOPRIVATE, GONOPROXY and GONOSUMDB;
//! - [`goproxy`]: lists of proxies, as GOPROXY has them;
//! - [`semver`], [`pseudo`] and [`versions`]: versions, those of untagged commits, and lists of them;
//! - [`gomodfile`]: the `module` and `go` lines of a go.mod;
//! - [`zip`]: the rules of module zips, checked while or after one arrives, and kept in making one;
//! - [`txtar`]: archives of text files, as cmd/go's tests are written in.
//!
//! Nothing here opens a connection or knows a store.

pub mod dirhash;
pub mod escape;
pub mod glob;
pub mod gomodfile;
pub mod goproxy;
pub mod pseudo;
pub mod request;
pub mod semver;
pub mod tile;
pub mod txtar;
pub mod versions;
pub mod zip;

pub use dirhash::H1;
pub use request::{Request, RequestError};
