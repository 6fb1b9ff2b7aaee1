//! Settings of a server: its address, which clients may connect, and its limits.

use std::path::PathBuf;
use std::time::Duration;

/// A server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address to listen at, `host:port`; port 0 chooses a free one.
    pub listen: String,
    /// TLS; plain HTTP when absent.
    pub tls: Option<Tls>,
    /// The limits.
    pub limits: HttpLimits,
    /// Whether every request is logged (target `access`, level info).
    pub access_log: bool,
}

impl Settings {
    /// Plain HTTP with the default limits and no log.
    #[must_use]
    pub fn new(listen: impl Into<String>) -> Self {
        Self { listen: listen.into(), tls: None, limits: HttpLimits::default(), access_log: false }
    }
}

/// TLS 1.2 and 1.3.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificate chain, a PEM file, the server's own first.
    pub cert: PathBuf,
    /// Its private key, a PEM file (PKCS#8, PKCS#1 or SEC1).
    pub key: PathBuf,
    /// Certificates of clients; none is asked for when absent.
    pub client: Option<ClientAuth>,
    /// Interval at which the files are read again.
    pub poll: Duration,
}

impl Tls {
    /// TLS without client certificates, the files read again every ten seconds.
    #[must_use]
    pub fn new(cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        let poll = Duration::from_secs(10);
        Self { cert: cert.into(), key: key.into(), client: None, poll }
    }
}

/// The clients that are let in.
#[derive(Clone, Debug)]
pub struct ClientAuth {
    /// The authorities whose client certificates are accepted, a PEM file.
    pub ca: PathBuf,
    /// The answer to all other clients.
    pub mode: Mode,
    /// The identities let in: patterns for a subject alternative name (DNS name, URI, mail address
    /// or IP address) of the certificate, as Go's `path.Match` has them (`*` stops at `/`). Empty:
    /// every client with a certificate of the authority.
    pub identities: Vec<String>,
}

/// The answer to a client that is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The handshake fails.
    Refuse,
    /// Every request is answered with 403 and the reason.
    Forbid,
}

/// The limits. Every wait has one.
#[derive(Clone, Debug)]
pub struct HttpLimits {
    /// Bytes of the head of a request: its first line and its header fields.
    pub head: usize,
    /// Header fields of a request.
    pub fields: usize,
    /// Bytes of a target: path and query.
    pub target: usize,
    /// Bytes of the body of a request. A longer one is refused before the handler sees it.
    pub body: u64,
    /// Connections at once.
    pub connections: usize,
    /// Requests on one connection.
    pub requests: Option<u64>,
    /// Requests at once on one connection of HTTP/2.
    pub streams: u32,
    /// From the first byte of a head to its last, and from one HTTP/2 frame that is due to it.
    pub head_time: Duration,
    /// Time limit for a connection without a request.
    pub idle_time: Duration,
    /// Time limit for a client that takes no byte of an answer that is ready.
    pub write_time: Duration,
    /// Time limit of a TLS handshake.
    pub handshake_time: Duration,
    /// Time limit for requests under way when the server stops.
    pub drain_time: Duration,
    /// Bytes that connections and their answers may hold in memory, all together. Requests and parts
    /// of files then wait for others, further connections are turned away.
    pub memory: u64,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            // nginx and Go allow 8 KiB to 1 MiB. Requests of go are under 1 KiB; 16 KiB leaves room
            // for cookies of corporate proxies.
            head: 16 << 10,
            fields: 100,
            target: 8 << 10,
            body: 0,
            connections: 16_384,
            requests: None,
            streams: 250,
            head_time: Duration::from_secs(10),
            // Longer than the 90 s after which Go's HTTP client closes an idle connection: the
            // client then closes first, and no request meets a closing server.
            idle_time: Duration::from_secs(120),
            write_time: Duration::from_secs(30),
            handshake_time: Duration::from_secs(10),
            drain_time: Duration::from_secs(30),
            memory: 256 << 20,
        }
    }
}
