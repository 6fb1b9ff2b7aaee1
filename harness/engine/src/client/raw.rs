//! Sends bytes as they are, and records the bytes of the answer.

use super::responses::{self, Response};
use super::tls::{Credentials, name_of};
use rustls::{ClientConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};
use twinproof_base::error_chain;

/// Most bytes received that are kept.
const KEPT: usize = 4 << 20;
/// Time to read on after the last expected answer, to notice surplus ones.
const SURPLUS: Duration = Duration::from_millis(250);

/// Bytes to send, and until when to read.
#[derive(Clone, Debug)]
pub struct Send {
    /// The server's URL; only scheme, host and port matter.
    pub url: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Size of the pieces that the bytes are sent in.
    pub piece: usize,
    /// Pause after each piece.
    pub pause: Duration,
    /// Whether the sending side is closed after the last piece.
    pub half_close: bool,
    /// Number of answers after which reading stops; without it, reading goes on to the end of the
    /// connection or of the time.
    pub enough: Option<usize>,
    /// The authorities and the client certificate for `https`.
    pub credentials: Credentials,
    /// Time limit of the whole exchange.
    pub limit: Duration,
}

/// The bytes that came, and how the connection ended.
#[derive(Debug, Default)]
pub struct Sent {
    /// Host and port.
    pub address: String,
    /// The bytes received, at most `KEPT` (4 MiB).
    pub received: Vec<u8>,
    /// Number of bytes received.
    pub bytes: u64,
    /// The first answer.
    pub first: Option<Response>,
    /// Number of answers received.
    pub answers: u32,
    /// Whether the other side closed the connection.
    pub closed: bool,
    /// Whether the time limit ended it.
    pub timed_out: bool,
    /// The error that ended the exchange early.
    pub error: Option<String>,
}

/// Sends the bytes and reads the answer.
pub fn send(send: &Send) -> Sent {
    let mut sent = Sent::default();
    let deadline = Instant::now() + send.limit;
    match connect(send, deadline, &mut sent) {
        Ok(stream) => converse(send, stream, deadline, &mut sent),
        Err(error) => sent.error = Some(error),
    }
    // An answer to HEAD has a Content-Length and no content: without this the reader would wait for
    // it.
    let head = send.bytes.starts_with(b"HEAD ");
    let mut found = responses::all(&sent.received, head, sent.closed);
    sent.answers = u32::try_from(found.len()).unwrap_or(u32::MAX);
    sent.first = (!found.is_empty()).then(|| found.swap_remove(0));
    sent
}

/// A connection, under TLS or not.
enum Stream {
    Plain(TcpStream),
    Secure(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Stream {
    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Secure(stream) => &stream.sock,
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.write_all(bytes),
            Self::Secure(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
        }
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Secure(stream) => stream.read(buffer),
        }
    }

    fn close_sending(&mut self) -> io::Result<()> {
        if let Self::Secure(stream) = self {
            stream.conn.send_close_notify();
            stream.flush()?;
        }
        self.socket().shutdown(Shutdown::Write)
    }
}

fn connect(send: &Send, deadline: Instant, sent: &mut Sent) -> Result<Stream, String> {
    let (scheme, rest) = send.url.split_once("://").ok_or("the address has no scheme")?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let secure = scheme.eq_ignore_ascii_case("https");
    // A colon behind the last `]` is that of a port; others are part of an IPv6 address.
    let port_at = authority.rfind(':').filter(|at| !authority[*at..].contains(']'));
    let (host, port) = match port_at {
        Some(at) => (&authority[..at], authority[at + 1..].parse().map_err(|_| "no port")?),
        None => (authority, if secure { 443 } else { 80_u16 }),
    };
    sent.address = format!("{host}:{port}");
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let failed = |e: io::Error| format!("no connection to {host}:{port}: {e}");
    let address = (bare, port).to_socket_addrs().map_err(failed)?.next();
    let address = address.ok_or_else(|| format!("{host} has no address"))?;
    // A time limit of zero is an error for sockets.
    let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
    let socket = TcpStream::connect_timeout(&address, left).map_err(failed)?;
    // A piece is to be a packet of its own.
    let _ = socket.set_nodelay(true);
    let limits =
        // Writing too: a server that does not read fills the buffers of both sides.
        socket.set_write_timeout(Some(left)).and_then(|()| socket.set_read_timeout(Some(left)));
    limits.map_err(failed)?;
    if !secure {
        return Ok(Stream::Plain(socket));
    }
    let config = send.credentials.config(&[b"http/1.1"])?;
    let connection = ClientConnection::new(config, name_of(host)?).map_err(|e| error_chain(&e))?;
    let mut stream = StreamOwned::new(connection, socket);
    while stream.conn.is_handshaking() {
        let step = stream.conn.complete_io(&mut stream.sock);
        step.map_err(|e| format!("no TLS: {}", error_chain(&e)))?;
    }
    Ok(Stream::Secure(Box::new(stream)))
}

fn converse(send: &Send, mut stream: Stream, deadline: Instant, sent: &mut Sent) {
    for piece in send.bytes.chunks(send.piece.max(1)) {
        if Instant::now() >= deadline {
            sent.timed_out = true;
            return;
        }
        // A server may answer and close before it has read everything. Its answer is read even where
        // writing failed.
        if stream.write(piece).is_err() {
            break;
        }
        if !send.pause.is_zero() {
            let until = (Instant::now() + send.pause).min(deadline);
            if !listen(&mut stream, until, sent, &mut |_| false) {
                return;
            }
        }
    }
    if send.half_close
        && let Err(error) = stream.close_sending()
    {
        sent.error = Some(format!("the sending side cannot be closed: {error}"));
    }
    let head = send.bytes.starts_with(b"HEAD ");
    let enough = |bytes: &[u8]| {
        send.enough.is_some_and(|enough| {
            let found = responses::all(bytes, head, false);
            found.iter().filter(|r| r.complete).count() >= enough
        })
    };
    let open = listen(&mut stream, deadline, sent, &mut |bytes| enough(bytes));
    let satisfied = open && enough(&sent.received);
    if satisfied {
        // A server that answers once too often may be open to request smuggling: record the surplus
        // answer.
        let until = (Instant::now() + SURPLUS).min(deadline);
        listen(&mut stream, until, sent, &mut |_| false);
    } else if open {
        sent.timed_out = true;
    }
}

/// Reads until that moment, until `done` says so, or until the end; whether the connection is open.
fn listen(
    stream: &mut Stream,
    until: Instant,
    sent: &mut Sent,
    done: &mut dyn FnMut(&[u8]) -> bool,
) -> bool {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.socket().set_read_timeout(Some(left)).is_err() {
            return true;
        }
        match stream.read(&mut buffer) {
            Ok(0) => {
                sent.closed = true;
                return false;
            }
            Ok(n) => {
                sent.bytes += n as u64;
                let room = KEPT.saturating_sub(sent.received.len()).min(n);
                sent.received.extend_from_slice(&buffer[..room]);
                if done(&sent.received) {
                    return true;
                }
            }
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            // TLS without a last word, as many servers end it.
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
                sent.closed = true;
                return false;
            }
            Err(e) => {
                sent.closed = matches!(
                    e.kind(),
                    io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted
                );
                sent.error = Some(error_chain(&e));
                return false;
            }
        }
    }
}
