//! Settings of a proxy: plain values, all of them resolved. Where they come from (a file, flags,
//! the environment) is the configuration's affair.

use std::path::PathBuf;
use std::time::Duration;

use twinproof_sumdb::PUBLIC_KEY;

/// All settings of a [`Proxy`](crate::Proxy). [`Settings::new`] has the defaults.
#[derive(Clone)]
pub struct Settings {
    /// The store: a folder in the layout of GOMODCACHE's `cache/download`. It is made when absent.
    pub dir: PathBuf,
    /// Whether the store is only read. Small files that it lacks are fetched, and not kept.
    pub read_only: bool,
    /// Whether files are synced to disk before they get their names. Without it a power failure may
    /// cost files; a killed process never does.
    pub sync: bool,
    /// Bytes that the files of versions may have. Above it, the least recently used versions go.
    pub budget: Option<u64>,
    /// The upstreams for missing files, in GOPROXY's syntax.
    pub upstream: String,
    /// Answers from the store alone.
    pub offline: bool,
    /// Certificates towards upstreams.
    pub tls: UpstreamTls,
    /// Hosts beside an upstream's own that it may redirect to: patterns as Go's `path.Match` has them,
    /// with a port or without.
    pub redirects: Vec<String>,
    /// Whether zips are taken that can be read in two ways, as `go` takes them.
    pub ambiguous_zips: bool,
    /// Credentials for upstreams.
    pub authorization: Vec<Authorization>,
    /// Time limits of fetches.
    pub times: Times,
    /// Sizes and numbers.
    pub limits: FileLimits,
    /// Lifetimes of answers that may change.
    pub ttl: Ttl,
    /// Bytes of small files that are kept in memory.
    pub memory: u64,
    /// The largest file kept in memory, in bytes.
    pub small: u64,
    /// Modules that may be asked for, in GOPRIVATE's syntax; empty for all.
    pub allow: String,
    /// Modules that may not, in GOPRIVATE's syntax.
    pub deny: String,
    /// Modules that are served from the store only and otherwise do not exist here, so that `go`
    /// goes on to the next proxy. In GOPRIVATE's syntax.
    pub exclude: String,
    /// Checksum databases that are relayed. The first one also verifies, when `verify` is set.
    pub databases: Vec<Database>,
    /// Whether zips and go.mod files must have the hash that the first database says.
    pub verify: bool,
    /// Modules that no database is ever asked about, in GOPRIVATE's syntax.
    pub nosumdb: String,
    /// The prefix of every path: empty, or `/name`.
    pub base_path: String,
}

/// Certificates towards upstreams: paths of PEM files.
#[derive(Clone, Debug, Default)]
pub struct UpstreamTls {
    /// Authorities that are trusted besides the system's.
    pub ca: Option<PathBuf>,
    /// The certificate chain that the proxy shows.
    pub cert: Option<PathBuf>,
    /// The private key of that certificate.
    pub key: Option<PathBuf>,
}

/// A credential for an upstream.
#[derive(Clone)]
pub struct Authorization {
    /// The beginning of the URLs it is for. It must be https.
    pub prefix: String,
    /// The value of the `Authorization` header.
    pub value: String,
}

/// Time limits of fetches.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Until connected, TLS included.
    pub connect: Duration,
    /// Without a byte arriving.
    pub idle: Duration,
    /// For everything but zips, from the request to the last byte.
    pub small: Duration,
    /// For zips.
    pub zip: Duration,
    /// For the wait until a fetch may start.
    pub patience: Duration,
}

/// Sizes and numbers.
#[derive(Clone, Copy, Debug)]
pub struct FileLimits {
    /// Bytes of an `.info` file, and of `@latest`.
    pub info: u64,
    /// Bytes of a `.mod` file.
    pub go_mod: u64,
    /// Bytes of a list.
    pub list: u64,
    /// Bytes of a zip.
    pub zip: u64,
    /// Bytes of everything in a zip, unpacked.
    pub unpacked: u64,
    /// The greatest ratio of a zip's unpacked size to its size; without a limit when absent, as for
    /// `go`.
    pub ratio: Option<u64>,
    /// Fetches of small files at the same time.
    pub fetches: usize,
    /// Fetches of zips at the same time.
    pub zips: usize,
}

/// Lifetimes of answers that may change.
#[derive(Clone, Copy, Debug)]
pub struct Ttl {
    /// Lists.
    pub list: Duration,
    /// `@latest`, and queries by branch or commit.
    pub latest: Duration,
    /// The fact that something does not exist.
    pub negative: Duration,
    /// The time beyond its lifetime for which an answer may still be used while upstreams fail.
    pub stale: Duration,
    /// A checksum database's tree head.
    pub tree: Duration,
}

/// A checksum database.
#[derive(Clone, Debug)]
pub struct Database {
    /// Its verifier key; the name is in it.
    pub key: String,
    /// The database's URL. When absent, the upstreams that support the database are asked, and
    /// otherwise `https://` followed by its name.
    pub url: Option<String>,
    /// No setting: the database is relayed where there is a way to it, and otherwise left to `go`.
    pub by_default: bool,
}

impl Database {
    /// The public one, which `go` asks where nothing is set.
    #[must_use]
    pub fn public() -> Self {
        Self { key: PUBLIC_KEY.to_owned(), url: None, by_default: true }
    }
}

/// Where the public mirror redirects requests for larger zips (golang/go#52908; the answer with its
/// `Location` stands in golang/go#68412).
const PUBLIC_STORAGE: &str = "storage.googleapis.com";

const MIB: u64 = 1 << 20;

impl Settings {
    /// The defaults: no upstream, no database, everything allowed.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            read_only: false,
            sync: true,
            budget: None,
            upstream: "off".to_owned(),
            offline: false,
            tls: UpstreamTls::default(),
            redirects: vec![PUBLIC_STORAGE.to_owned()],
            ambiguous_zips: false,
            authorization: Vec::new(),
            times: Times {
                connect: Duration::from_secs(10),
                idle: Duration::from_secs(30),
                small: Duration::from_secs(60),
                zip: Duration::from_secs(600),
                patience: Duration::from_secs(120),
            },
            // Those of golang.org/x/mod/zip: 16 MiB for a go.mod, 500 MiB for a zip and for what is
            // in it.
            limits: FileLimits {
                info: MIB,
                go_mod: 16 * MIB,
                list: 16 * MIB,
                zip: 500 * MIB,
                unpacked: 500 * MIB,
                ratio: None,
                fetches: 64,
                zips: 32,
            },
            ttl: Ttl {
                list: Duration::from_secs(60),
                latest: Duration::from_secs(60),
                negative: Duration::from_secs(10),
                stale: Duration::from_secs(7 * 24 * 3600),
                tree: Duration::from_secs(60),
            },
            memory: 64 * MIB,
            small: 128 << 10,
            allow: String::new(),
            deny: String::new(),
            exclude: String::new(),
            databases: Vec::new(),
            verify: false,
            nosumdb: String::new(),
            base_path: String::new(),
        }
    }
}
