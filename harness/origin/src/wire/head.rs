//! The heads of requests.

use std::io::{self, Write};

use crate::record::{self, Header};
use crate::wire::conn::Conn;

/// The most bytes that a head may have.
pub(crate) const MAX_HEAD: usize = 64 << 10;

/// The most headers that a head may have.
pub(crate) const MAX_HEADERS: usize = 256;

/// The most bytes that a request's body may have.
const MAX_BODY: u64 = 16 << 20;

/// The head of a request.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub method: String,
    pub target: String,
    pub version: u8,
    pub headers: Vec<Header>,
    /// Length in bytes.
    pub len: usize,
}

/// The reason why no request was read.
#[derive(Debug)]
pub(crate) enum HeadError {
    /// The connection ended, between requests or in one.
    End,
    /// The bytes are not HTTP/1.
    Malformed,
    /// The head exceeds a limit.
    TooLarge,
}

impl Head {
    /// The head at the start of `bytes`; `None` when it is not whole yet.
    pub fn parse(bytes: &[u8]) -> Result<Option<Self>, HeadError> {
        let mut storage = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut storage);
        match request.parse(bytes) {
            Ok(httparse::Status::Complete(len)) => Ok(Some(Self {
                method: request.method.unwrap_or_default().to_owned(),
                target: request.path.unwrap_or_default().to_owned(),
                version: request.version.unwrap_or_default(),
                headers: record::headers(request.headers),
                len,
            })),
            Ok(httparse::Status::Partial) if bytes.len() > MAX_HEAD => Err(HeadError::TooLarge),
            Ok(httparse::Status::Partial) => Ok(None),
            Err(httparse::Error::TooManyHeaders) => Err(HeadError::TooLarge),
            Err(_) => Err(HeadError::Malformed),
        }
    }

    /// The known part of a head that is malformed or not whole.
    pub fn guess(bytes: &[u8]) -> Self {
        let line = bytes.split(|&b| b == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line.get(..line.len().min(4096)).unwrap_or_default());
        let mut words = line.split_ascii_whitespace().map(str::to_owned);
        let mut next = || words.next().unwrap_or_default();
        Self { method: next(), target: next(), version: 1, headers: Vec::new(), len: 0 }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|header| header.name == name).map(|header| header.value.as_str())
    }

    /// Whether the client wants the connection kept.
    pub fn keeps_alive(&self) -> bool {
        let connection = self.header("connection").unwrap_or_default().to_ascii_lowercase();
        let says = |word: &str| connection.split(',').any(|part| part.trim() == word);
        if self.version == 0 { says("keep-alive") } else { !says("close") }
    }
}

/// Reads the next request's head off a connection.
pub(crate) fn read_head(conn: &mut Conn) -> Result<Head, HeadError> {
    loop {
        if let Some(head) = Head::parse(conn.buffer())? {
            conn.take(head.len);
            return Ok(head);
        }
        if conn.fill().map_err(|_| HeadError::End)? == 0 {
            return Err(HeadError::End);
        }
    }
}

/// Reads and forgets a request's body; whether the connection can be used further.
pub(crate) fn skip_body(conn: &mut Conn, head: &Head) -> io::Result<bool> {
    if head.header("transfer-encoding").is_some() {
        return Ok(false);
    }
    let Some(length) = head.header("content-length") else { return Ok(true) };
    let Some(mut left) = length.parse::<u64>().ok().filter(|length| *length <= MAX_BODY) else {
        return Ok(false);
    };
    if left > 0 && head.header("expect").is_some_and(|e| e.eq_ignore_ascii_case("100-continue")) {
        conn.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        conn.flush()?;
    }
    loop {
        let taken = conn.take(usize::try_from(left).unwrap_or(usize::MAX)).len();
        left -= taken as u64;
        if left == 0 {
            return Ok(true);
        }
        if conn.fill()? == 0 {
            return Ok(false);
        }
    }
}
