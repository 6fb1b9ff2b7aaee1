//! A connection, plain or under TLS, with the bytes that were read ahead.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use rustls::{ServerConnection, StreamOwned};

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

/// A connection with a read buffer.
pub(crate) struct Conn {
    stream: Stream,
    buffer: Vec<u8>,
}

impl Conn {
    pub fn plain(stream: TcpStream) -> Self {
        Self { stream: Stream::Plain(stream), buffer: Vec::new() }
    }

    pub fn tls(stream: StreamOwned<ServerConnection, TcpStream>) -> Self {
        Self { stream: Stream::Tls(Box::new(stream)), buffer: Vec::new() }
    }

    pub fn is_tls(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// The first certificate that the client showed, DER.
    pub fn client_certificate(&self) -> Option<&[u8]> {
        match &self.stream {
            Stream::Plain(_) => None,
            Stream::Tls(stream) => {
                stream.conn.peer_certificates()?.first().map(|certificate| certificate.as_ref())
            }
        }
    }

    pub fn socket(&self) -> &TcpStream {
        match &self.stream {
            Stream::Plain(stream) => stream,
            Stream::Tls(stream) => &stream.sock,
        }
    }

    /// Bytes that were read and not yet taken.
    pub fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// Takes `n` bytes, or all there are, off the buffer.
    pub fn take(&mut self, n: usize) -> Vec<u8> {
        let rest = self.buffer.split_off(n.min(self.buffer.len()));
        std::mem::replace(&mut self.buffer, rest)
    }

    /// Reads more into the buffer; 0 at the end.
    pub fn fill(&mut self) -> io::Result<usize> {
        let mut chunk = [0; 8 << 10];
        loop {
            let read = match &mut self.stream {
                Stream::Plain(stream) => stream.read(&mut chunk),
                Stream::Tls(stream) => stream.read(&mut chunk),
            };
            match read {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(n) => {
                    self.buffer.extend_from_slice(chunk.get(..n).unwrap_or_default());
                    return Ok(n);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads and forgets until the other side closes.
    pub fn wait_for_close(&mut self) {
        // A hanging rule has no time limit: the end of the server closes the socket.
        let _ = self.socket().set_read_timeout(None);
        while self.fill().is_ok_and(|n| n > 0) {
            self.buffer.clear();
        }
    }

    /// Ends what is written; what comes in is read for a moment, so that the other side reads to the
    /// end in place of meeting a reset.
    pub fn close(mut self) {
        if let Stream::Tls(stream) = &mut self.stream {
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        self.cut();
    }

    /// As [`Conn::close`], without TLS's close_notify alert.
    pub fn cut(mut self) {
        let socket = self.socket();
        let quiet = Duration::from_millis(200);
        if socket.shutdown(Shutdown::Write).is_ok() && socket.set_read_timeout(Some(quiet)).is_ok()
        {
            let mut limit = 64;
            let mut chunk = [0; 8 << 10];
            let mut raw = match &self.stream {
                Stream::Plain(stream) => stream,
                Stream::Tls(stream) => &stream.sock,
            };
            while limit > 0 && raw.read(&mut chunk).is_ok_and(|n| n > 0) {
                limit -= 1;
            }
        }
        self.buffer.clear();
    }

    /// Makes the last close of the socket a reset.
    pub fn reset(self) {
        let _ = socket2::SockRef::from(self.socket()).set_linger(Some(Duration::ZERO));
    }
}

impl Write for Conn {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.flush(),
            Stream::Tls(stream) => stream.flush(),
        }
    }
}
