//! Clients without a library's rules: sockets, TLS, requests of HTTP/1.1.

use anyhow::{Context as _, ensure};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Time limit for an answer.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A client's side of TLS.
#[derive(Clone)]
pub struct Tls(Arc<ClientConfig>);

/// A connection by TLS.
pub type Secure = StreamOwned<ClientConnection, TcpStream>;

impl Tls {
    /// Trusts this authority.
    pub fn new(ca_pem: &str) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes())?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// Connects, and makes the handshake.
    pub fn connect(&self, address: &str) -> anyhow::Result<Secure> {
        let name = ServerName::try_from("127.0.0.1")?;
        let mut tls = ClientConnection::new(Arc::clone(&self.0), name)?;
        let mut tcp = connect(address)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut tcp)?;
        }
        Ok(StreamOwned::new(tls, tcp))
    }

    /// Connects, and stops when the server has said its part of the handshake.
    pub fn begin(&self, address: &str) -> anyhow::Result<TcpStream> {
        let name = ServerName::try_from("127.0.0.1")?;
        let mut tls = ClientConnection::new(Arc::clone(&self.0), name)?;
        let mut tcp = connect(address)?;
        while tls.wants_write() {
            tls.write_tls(&mut tcp)?;
        }
        // The server's part has come once a byte of it can be seen; it is left unread.
        ensure!(tcp.peek(&mut [0])? == 1, "the server says nothing");
        Ok(tcp)
    }

    /// Connects, and speaks HTTP/2.
    pub fn http2(&self, address: &str) -> anyhow::Result<Secure> {
        let mut config = (*self.0).clone();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Self(Arc::new(config)).connect(address)
    }
}

/// A connection on which neither side waits for more than [`PATIENCE`].
pub fn connect(address: &str) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(address).with_context(|| address.to_owned())?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // Frames and pieces are sent alone, not gathered by Nagle's algorithm.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The same, from another address of this machine.
pub fn connect_from(address: &str, from: [u8; 4]) -> anyhow::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    // Loopback is a whole network: another address of it is another client to the server.
    socket.bind(&SocketAddr::from((from, 0)).into())?;
    let to: SocketAddr = address.parse()?;
    socket.connect(&to.into())?;
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A GET of HTTP/1.1.
pub fn request(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
}

/// The next answer: status and body.
pub fn answer(from: &mut impl BufRead) -> anyhow::Result<(u16, Vec<u8>)> {
    let mut line = String::new();
    ensure!(from.read_line(&mut line)? > 0, "no answer");
    let status = line.split(' ').nth(1).and_then(|s| s.parse().ok());
    let status = status.with_context(|| format!("no status line: {line:?}"))?;
    let (mut length, mut chunked) = (None, false);
    loop {
        line.clear();
        ensure!(from.read_line(&mut line)? > 0, "half an answer");
        let Some((name, value)) = line.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = Some(value.trim().parse::<u64>()?),
            "transfer-encoding" => chunked = true,
            _ => {}
        }
    }
    // None of the servers sends one here, and a reader for it would be untested.
    ensure!(!chunked, "an answer in chunks is not read here");
    let mut body = Vec::new();
    match length {
        Some(length) => {
            from.take(length).read_to_end(&mut body)?;
            ensure!(body.len() as u64 == length, "half an answer");
        }
        None => _ = from.read_to_end(&mut body)?,
    }
    Ok((status, body))
}

/// Makes one request, on a connection of its own.
pub fn get(address: &str, target: &str) -> anyhow::Result<(u16, Vec<u8>)> {
    let mut stream = connect(address)?;
    stream.write_all(request(target).as_bytes())?;
    answer(&mut BufReader::new(stream))
}

/// Latency of small requests, in milliseconds: the median of 50.
pub fn latency(address: &str, target: &str) -> anyhow::Result<f64> {
    let mut stream = BufReader::new(connect(address)?);
    let mut times = Vec::new();
    for _ in 0..50 {
        let begun = Instant::now();
        stream.get_mut().write_all(request(target).as_bytes())?;
        ensure!(answer(&mut stream)?.0 == 200, "{target}");
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
    }
    // The median: one interrupted request must not decide.
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// Waits for something, for at most so long. Whether it came.
pub fn until(limit: Duration, mut there: impl FnMut() -> bool) -> bool {
    let begun = Instant::now();
    while !there() {
        if begun.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    true
}

/// The bytes that come until the other side ends, or is silent for `silence`; at most a megabyte.
pub fn rest(stream: &mut TcpStream, silence: Duration) -> anyhow::Result<(Vec<u8>, bool)> {
    stream.set_read_timeout(Some(silence))?;
    let (mut all, mut piece) = (Vec::new(), [0; 16 << 10]);
    while all.len() < 1 << 20 {
        match stream.read(&mut piece) {
            Ok(0) => return Ok((all, true)),
            Ok(length) => all.extend(&piece[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
                return Ok((all, true));
            }
            Err(_) => return Ok((all, false)),
        }
    }
    Ok((all, false))
}
