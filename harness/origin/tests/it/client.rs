//! Clients of a test: one that follows HTTP, and one that sends and reads bytes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use twinproof_origin::{Module, Origin, Setup};

/// Far more than any of these tests takes.
pub const LIMIT: Duration = Duration::from_secs(60);

/// The answer to a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Got {
    pub status: u16,
    pub kind: String,
    pub body: Vec<u8>,
}

impl Got {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(LIMIT))
        // A redirect is an answer to be looked at and not one to be followed.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .build()
        .into()
}

/// GETs a URL.
pub fn get(url: &str) -> Got {
    let mut response = agent().get(url).call().expect("an answer");
    let kind = response.headers().get("content-type").map(|kind| kind.to_str().expect("ASCII"));
    let kind = kind.unwrap_or_default().to_owned();
    // The largest crafted module has 400 MiB.
    let body = response.body_mut().with_config().limit(1 << 30).read_to_vec().expect("a body");
    Got { status: response.status().as_u16(), kind, body }
}

/// Whether GETting a URL fails below HTTP.
pub fn fails(url: &str) -> bool {
    match agent().get(url).call() {
        Err(_) => true,
        Ok(mut response) => response.body_mut().read_to_vec().is_err(),
    }
}

/// Connects to the server of a base URL.
pub fn connect(url: &str) -> TcpStream {
    let (_, authority) = url.split_once("://").expect("a URL");
    let stream = TcpStream::connect(authority.split('/').next().expect("host")).expect("connects");
    stream.set_read_timeout(Some(LIMIT)).expect("a time limit");
    stream
}

/// Sends bytes and reads until the other side closes: what came, and whether it was a close.
pub fn exchange(url: &str, request: &str) -> (String, bool) {
    let mut stream = connect(url);
    stream.write_all(request.as_bytes()).expect("sends");
    let mut answer = Vec::new();
    // A reset is an error here, and an orderly close is none.
    let closed = stream.read_to_end(&mut answer).is_ok();
    (String::from_utf8_lossy(&answer).into_owned(), closed)
}

/// A GET request for bytes, after which the connection is to be closed.
pub fn request(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
}

/// An origin with one module of its own, `example.com/m` at v1.0.0.
pub fn origin() -> Origin {
    Origin::start(Setup { modules: vec![module()], ..Setup::default() }).expect("starts")
}

pub fn module() -> Module {
    Module {
        path: "example.com/m".to_owned(),
        version: "v1.0.0".to_owned(),
        files: vec![
            ("go.mod".to_owned(), b"module example.com/m\n".to_vec()),
            ("m.go".to_owned(), b"package m\n".to_vec()),
        ],
        ..Module::default()
    }
}
