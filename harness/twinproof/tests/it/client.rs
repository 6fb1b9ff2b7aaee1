//! Requests of tests to servers: one, or several over one connection.

use crate::served::PATIENCE;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// Status and body of an answer.
pub type Answer = (u16, String);

/// The answer of a server; `None` when there is none, or not a whole one.
pub fn fetch(url: &str) -> Option<(u16, Vec<u8>)> {
    let config = ureq::Agent::config_builder();
    let config = config.timeout_global(Some(PATIENCE)).http_status_as_error(false);
    let mut answer = ureq::Agent::from(config.build()).get(url).call().ok()?;
    let body = answer.body_mut().with_config().limit(64 << 20).read_to_vec().ok()?;
    Some((answer.status().as_u16(), body))
}

/// The status of an answer, if it comes whole.
pub fn status(url: &str) -> Option<u16> {
    fetch(url).map(|(status, _)| status)
}

/// Status and text of an answer that must come.
pub fn get(url: &str) -> Answer {
    let (status, body) = fetch(url).unwrap();
    (status, String::from_utf8_lossy(&body).into_owned())
}

pub fn connect(address: &str) -> TcpStream {
    let tcp = TcpStream::connect(address).unwrap();
    tcp.set_read_timeout(Some(PATIENCE)).unwrap();
    tcp
}

/// A connection that stays open.
pub struct Connection<S: Read + Write>(BufReader<S>);

impl Connection<TcpStream> {
    pub fn plain(address: &str) -> Self {
        Self::over(connect(address))
    }
}

impl<S: Read + Write> Connection<S> {
    pub fn over(stream: S) -> Self {
        Self(BufReader::new(stream))
    }

    pub fn send(&mut self, method: &str, target: &str) {
        let head = format!("{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        self.0.get_mut().write_all(head.as_bytes()).unwrap();
        self.0.get_mut().flush().unwrap();
    }

    /// The next answer, and whether it is the last.
    pub fn receive(&mut self) -> (Answer, bool) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(self.0.read_line(&mut head).unwrap() > 0, "it ends: {head}");
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.unwrap().parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        let last = head.contains("connection: close\r\n");
        ((status, String::from_utf8_lossy(&body).into_owned()), last)
    }

    pub fn get(&mut self, target: &str) -> Answer {
        self.send("GET", target);
        self.receive().0
    }
}
