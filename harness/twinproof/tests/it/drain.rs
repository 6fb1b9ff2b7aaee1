//! The end by a signal: requests under way are answered, no new ones are accepted.

use crate::client::{Connection, get};
use crate::files::Files;
use crate::served::{Served, until};
use rustix::process::Signal;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

const TARGET: &str = "/example.com/a/@v/v1.0.0.info";
const INFO: &str = r#"{"Version":"v1.0.0","Time":"2024-01-02T03:04:05Z"}"#;

/// An upstream that answers when the test says so.
struct Upstream(TcpListener);

impl Upstream {
    fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().unwrap())
    }

    /// The next request, in whole.
    fn asked(&self) -> TcpStream {
        let (stream, _) = self.0.accept().unwrap();
        let mut head = BufReader::new(stream.try_clone().unwrap());
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            assert!(head.read_line(&mut line).unwrap() > 0);
        }
        stream
    }
}

fn proxy(files: &Files, upstream: &Upstream, drain_time: &str) -> Served {
    Served::proxy(&[
        "--store",
        &files.name("store"),
        "--upstream",
        &upstream.url(),
        "--metrics-listen",
        "127.0.0.1:0",
        "--log-format",
        "json",
        "--limits-drain-time",
        drain_time,
    ])
}

fn refused(address: &str) -> Option<()> {
    TcpStream::connect(address).is_err().then_some(())
}

#[test]
fn request_under_way_is_answered_before_the_end() {
    for signal in [Signal::TERM, Signal::INT] {
        let (files, upstream) = (Files::new(), Upstream::new());
        let mut proxy = proxy(&files, &upstream, "1h");
        let admin = proxy.metrics_url();
        let mut idle = Connection::plain(proxy.address());
        assert_eq!(idle.get("/readyz"), (200, "ready\n".to_owned()));
        let mut client = Connection::plain(proxy.address());
        client.send("GET", TARGET);
        let mut asked = upstream.asked();

        proxy.signal(signal);
        let ready = || Some(get(&format!("{admin}/readyz"))).filter(|(status, _)| *status == 503);
        assert_eq!(until("not ready", ready).1, "draining\n");
        // Until the address is closed, what connects here is accepted, or only waits for that: whether
        // the server counts it is open.
        let mut probes = 0;
        until("no new connections", || {
            let closed = refused(proxy.address());
            probes += i64::from(closed.is_none());
            closed
        });
        assert_eq!(get(&format!("{admin}/healthz")), (200, "ok\n".to_owned()));

        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
        write!(asked, "{head}Content-Length: {}\r\n\r\n{INFO}", INFO.len()).unwrap();
        let (answer, last) = client.receive();
        assert_eq!(answer, (200, INFO.to_owned()));
        assert!(last);
        assert_eq!(proxy.end().code(), Some(0));
        let line: serde_json::Value = serde_json::from_str(&proxy.says("stopped")).unwrap();
        let connections = line["connections"].as_i64().unwrap();
        assert!((2..=2 + probes).contains(&connections), "{connections}, {probes} of them probes");
        assert_eq!(line["cut"], 0);
        // And it was kept.
        let kept = files.at("store/example.com/a/@v/v1.0.0.info");
        assert_eq!(std::fs::read_to_string(kept).unwrap(), INFO);
    }
}

#[test]
fn request_that_outlasts_the_drain_is_cut_off() {
    let (files, upstream) = (Files::new(), Upstream::new());
    let mut proxy = proxy(&files, &upstream, "50ms");
    let mut client = Connection::plain(proxy.address());
    client.send("GET", TARGET);
    let _asked = upstream.asked();
    proxy.signal(Signal::TERM);
    // A code of its own tells it from an end in order.
    assert_eq!(proxy.end().code(), Some(255));
    let line: serde_json::Value = serde_json::from_str(&proxy.says("stopped")).unwrap();
    assert_eq!((&line["connections"], &line["cut"]), (&1.into(), &1.into()));
}
