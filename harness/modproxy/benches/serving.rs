//! Files from a warm store: through the full HTTP stack over one loopback connection, and the
//! proxy's own part of it.

#![expect(clippy::expect_used, reason = "a bench that cannot be set up ends")]

use std::hint::black_box;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::Request;
use http_body::Body as _;
use tokio::runtime::Runtime;
use twinproof_httpd::{Hangup, Settings as Listener};
use twinproof_modproxy::config::{Config, Format, Log};
use twinproof_modproxy::{Database, Proxy, Serving, Settings};
use twinproof_origin::{Origin, Setup};

/// A connection that asks for one thing again and again.
struct Client {
    stream: TcpStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Client {
    fn new(url: &str, target: &str) -> Self {
        let address = url.strip_prefix("http://").expect("a URL");
        let stream = TcpStream::connect(address).expect("a connection");
        // Without it, the delay of Nagle's algorithm would be measured.
        stream.set_nodelay(true).expect("a socket");
        let request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\n\r\n").into_bytes();
        Self { stream, request, buffer: vec![0; 1 << 20] }
    }

    /// Sends one request and reads the answer. Returns the length of its body, in bytes.
    fn ask(&mut self) -> usize {
        self.stream.write_all(&self.request).expect("sent");
        let mut filled = 0;
        let (head, length) = loop {
            let n = self.stream.read(&mut self.buffer[filled..]).expect("an answer");
            assert!(n > 0, "the connection was closed");
            filled += n;
            if let Some(end) = self.buffer[..filled].windows(4).position(|w| w == b"\r\n\r\n") {
                let head = std::str::from_utf8(&self.buffer[..end]).expect("ASCII");
                assert!(head.starts_with("HTTP/1.1 200"), "{head}");
                let length = head
                    .lines()
                    .filter_map(|line| line.split_once(": "))
                    .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                    .expect("a length");
                break (end + 4, length.1.parse::<usize>().expect("a number"));
            }
        };
        // The bytes read with the head are part of the body already.
        let mut left = (head + length) - filled;
        while left > 0 {
            let n = self.stream.read(&mut self.buffer).expect("the rest");
            assert!(n > 0, "the connection was closed");
            left -= n;
        }
        length
    }
}

fn serving(c: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let _entered = runtime.enter();
    let origin = Origin::start(Setup::default()).expect("an origin");
    let store = tempfile::tempdir().expect("a folder");
    let mut settings = Settings::new(store.path());
    settings.upstream = origin.url();
    settings.databases = vec![Database { key: origin.sumdb_key(), url: None, by_default: false }];
    // Changing files would otherwise expire, and be asked for again in the midst of it.
    settings.ttl.list = Duration::from_secs(3600);
    let serving = Serving::start(Config {
        server: Listener::new("127.0.0.1:0"),
        metrics: None,
        proxy: settings.clone(),
        log: Log { format: Format::Text, level: "off".to_owned(), access: false },
        poll: Duration::from_secs(60),
    });
    let serving = serving.expect("a listener");
    let url = serving.url();
    runtime.spawn(serving.run(Hangup::new(), || None, std::future::pending::<()>()));

    // A database grows as it is asked: here, by as much as the tile has.
    let name = origin.sumdb_name();
    for n in 0..100 {
        let target = format!("/sumdb/{name}/lookup/crafted.example/many@v1.0.{n}");
        Client::new(&url, &target).ask();
    }
    let targets = [
        ("list", "/crafted.example/hello/@v/list".to_owned()),
        ("list of 10,000", "/crafted.example/many/@v/list".to_owned()),
        ("info", "/crafted.example/hello/@v/v1.0.0.info".to_owned()),
        ("mod", "/crafted.example/hello/@v/v1.0.0.mod".to_owned()),
        ("zip of 2 KB", "/crafted.example/small/@v/v1.0.0.zip".to_owned()),
        ("zip of 1 MB", "/crafted.example/medium/@v/v1.0.0.zip".to_owned()),
        ("zip of 10 MB", "/crafted.example/medium/@v/v1.1.0.zip".to_owned()),
        ("tile", format!("/sumdb/{name}/tile/8/0/000.p/100")),
    ];
    let mut group = c.benchmark_group("http");
    for (what, target) in &targets {
        let mut client = Client::new(&url, target);
        let length = client.ask();
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(*what, |b| b.iter(|| black_box(client.ask())));
    }
    group.finish();

    let proxy = Proxy::start(settings, None).expect("a proxy");
    let mut group = c.benchmark_group("proxy");
    // The proxy alone, without HTTP and sockets.
    for (what, target) in &targets {
        let request = || Request::get(target.as_str()).body(()).expect("a request");
        // Once by the way that fills the memory, from which `hit` serves.
        runtime.block_on(proxy.respond(request()));
        let request = request();
        // A file that is too large for the memory cache has no hit.
        if proxy.hit(&request).is_none() {
            continue;
        }
        group.bench_function(*what, |b| {
            b.iter(|| {
                let answer = proxy.hit(&request).expect("a hit");
                black_box(answer.body().size_hint().exact())
            });
        });
    }
    group.finish();
}

criterion_group!(benches, serving);
criterion_main!(benches);
