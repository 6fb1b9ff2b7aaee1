//! The cost of a request beyond a bare hyper server, and that of an idle connection.
//!
//! `cargo run --release -p twinproof-httpd --example versus [REQUESTS] [CONNECTIONS]`
//!
//! Both servers run in processes of their own and are asked in turn, five rounds each. Shown are
//! requests per second and, on Linux, the processor time of the server for each request; the ratios
//! are of the medians. Then connections are opened, asked once and left alone.

#![expect(clippy::unwrap_used, reason = "an example fails by panicking")]

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use twinproof_httpd::{Answer, Boxed, Handler, Peer, Server, Settings};

const ROUNDS: usize = 5;
const AT_ONCE: usize = 16;
const REQUEST: &[u8] = b"GET /example.com/a/@v/v1.0.0.mod HTTP/1.1\r\nHost: localhost\r\n\
    User-Agent: GoCommand/1\r\nAccept-Encoding: gzip\r\n\r\n";
static BODY: [u8; 221] = [b'x'; 221];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.first().map(String::as_str) {
        Some(kind @ ("bare" | "ours")) => serve(kind == "ours"),
        requests => {
            let requests = requests.and_then(|n| n.parse().ok()).unwrap_or(200_000);
            let connections = args.get(1).and_then(|n| n.parse().ok()).unwrap_or(10_000);
            compare(requests);
            idle(connections);
        }
    }
}

fn answer() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(&BODY)));
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}

/// Answers everything alike.
struct Fixed;

impl Handler for Fixed {
    type Body = Full<Bytes>;
    type Later = Boxed<Full<Bytes>>;

    fn handle(&self, _: Request<Incoming>, _: &Arc<Peer>) -> Answer<Full<Bytes>> {
        Answer::Now(answer())
    }
}

fn serve(ours: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        if ours {
            let mut settings = Settings::new("127.0.0.1:0");
            settings.limits.connections = 100_000;
            let server = Server::bind(settings).unwrap();
            println!("{}", server.address());
            server.run(Arc::new(Fixed), std::future::pending()).await;
        } else {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            println!("{}", listener.local_addr().unwrap());
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                tcp.set_nodelay(true).unwrap();
                let service = service_fn(|_: Request<Incoming>| async {
                    Result::<_, Infallible>::Ok(answer())
                });
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(tcp), service);
                tokio::spawn(connection);
            }
        }
    });
}

struct Running(Child, SocketAddr);

impl Running {
    fn start(kind: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(kind)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self(child, line.trim().parse().unwrap())
    }

    fn stat(&self, file: &str) -> Option<String> {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.0.id())).ok()
    }

    /// Processor time so far, in ticks of a hundredth of a second.
    fn ticks(&self) -> Option<u64> {
        let stat = self.stat("stat")?;
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
    }

    /// Resident memory, in KiB.
    fn resident(&self) -> Option<u64> {
        let status = self.stat("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_ascii_whitespace().next()?.parse().ok()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ask(stream: &mut TcpStream, length: usize) {
    let mut answer = vec![0; length];
    stream.write_all(REQUEST).unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n") && answer.ends_with(&BODY));
}

/// Bytes of an answer.
fn length(address: SocketAddr) -> usize {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(REQUEST).unwrap();
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !answer.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        answer.extend_from_slice(&byte);
    }
    answer.len() + BODY.len()
}

/// Requests per second, and microseconds of processor time for each.
fn round(server: &Running, requests: usize) -> (f64, Option<f64>) {
    let length = length(server.1);
    let mut streams: Vec<TcpStream> =
        (0..AT_ONCE).map(|_| TcpStream::connect(server.1).unwrap()).collect();
    for stream in &streams {
        stream.set_nodelay(true).unwrap();
    }
    let (before, began) = (server.ticks(), Instant::now());
    let mut answer = vec![0; length];
    for _ in 0..requests / AT_ONCE {
        for stream in &mut streams {
            stream.write_all(REQUEST).unwrap();
        }
        for stream in &mut streams {
            stream.read_exact(&mut answer).unwrap();
        }
    }
    let took = began.elapsed().as_secs_f64();
    let ticks = server.ticks().zip(before).map(|(after, before)| after - before);
    (requests as f64 / took, ticks.map(|ticks| ticks as f64 * 10_000.0 / requests as f64))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

fn compare(requests: usize) {
    let servers = [Running::start("bare"), Running::start("ours")];
    let mut seen = [const { Vec::new() }; 2];
    for n in 0..ROUNDS {
        for (server, seen) in servers.iter().zip(&mut seen) {
            let (rate, micros) = round(server, requests);
            // The first one warms up.
            if n > 0 {
                seen.push((rate, micros.unwrap_or_default()));
            }
        }
    }
    let of = |seen: &[(f64, f64)]| {
        (median(seen.iter().map(|s| s.0).collect()), median(seen.iter().map(|s| s.1).collect()))
    };
    let (bare, ours) = (of(&seen[0]), of(&seen[1]));
    println!("{requests} requests, {AT_ONCE} connections, {ROUNDS} rounds");
    println!("bare hyper {:>8.0}/s {:>6.2} us of the server each", bare.0, bare.1);
    println!("this crate {:>8.0}/s {:>6.2} us of the server each", ours.0, ours.1);
    println!("ratio      {:>8.3}   {:>6.3}", ours.0 / bare.0, ours.1 / bare.1);
}

fn idle(connections: usize) {
    let server = Running::start("ours");
    let length = length(server.1);
    let before = server.resident();
    let mut held = Vec::new();
    for _ in 0..connections {
        let Ok(mut stream) = TcpStream::connect(server.1) else {
            println!("{} connections are all that can be opened", held.len());
            break;
        };
        ask(&mut stream, length);
        held.push(stream);
    }
    let busy = server.resident();
    std::thread::sleep(Duration::from_secs(3));
    let after = server.resident();
    if let (Some(before), Some(busy), Some(after)) = (before, busy, after) {
        println!(
            "{} idle connections: {before} KiB without, {busy} KiB just after their requests, \
             {after} KiB three seconds later",
            held.len()
        );
    }
    for stream in held.iter_mut().step_by(1000) {
        ask(stream, length);
    }
}
