//! The memory that clients can make a server hold.

use super::client::{PATIENCE, answer, connect, latency, request};
use super::frames::{self, DATA, HEADERS, PREFACE, SETTINGS, WHOLE, frame, head};
use super::servers::{LARGE, SMALL, Server, Servers, Speaks};
use super::table::{Limit, Row};
use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::Duration;

/// Requests at once on a connection of HTTP/2.
const STREAMS: u32 = 250;

/// The limit of memory in the attack on it, in MiB.
const MEMORY: u64 = 256;

/// Time that a server has to settle.
const SETTLE: Duration = Duration::from_millis(1500);

/// A connection with windows of one byte and as many requests for a large zip as it may have.
fn stall(address: &str) -> anyhow::Result<TcpStream> {
    let mut bytes = PREFACE.to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 1]));
    for n in 0..STREAMS {
        bytes.extend(frame(HEADERS, WHOLE, 2 * n + 1, &head(LARGE)));
    }
    let mut stream = connect(address)?;
    stream.write_all(&bytes)?;
    Ok(stream)
}

/// Number of streams of a connection that have received their first byte.
fn begun(stream: &mut TcpStream) -> anyhow::Result<u32> {
    stream.set_read_timeout(Some(Duration::from_millis(100)))?;
    let mut seen = 0;
    while seen < STREAMS
        && let Some(frame) = frames::next(stream)
    {
        seen += u32::from(frame.kind == DATA && !frame.payload.is_empty());
    }
    Ok(seen)
}

/// KiB that each of so many stalled streams holds.
fn held_by_streams(server: &Server, connections: usize) -> anyhow::Result<f64> {
    // The first one's one-time cost is not counted.
    drop(stall(&server.address)?);
    sleep(SETTLE);
    let before = server.resident()?;
    let stalled = (0..connections).map(|_| stall(&server.address));
    let mut stalled = stalled.collect::<anyhow::Result<Vec<_>>>()?;
    sleep(SETTLE);
    let begun: Vec<u32> = stalled.iter_mut().map(begun).collect::<anyhow::Result<_>>()?;
    let held = server.resident()? - before;
    Ok(held.max(0.0) / f64::from(begun.iter().sum::<u32>().max(1)))
}

/// HTTP/2 with windows of one byte.
pub fn window(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let connections = servers.count(20, 6);
    let (own, nginx) =
        servers.both(Speaks::Http2, |server| held_by_streams(server, connections))?;
    let one = Row::new("window", "KiB a stalled stream of HTTP/2", own, Limit::TimesNginx(2.0));
    // Far more than there is memory for.
    let limit = format!("{MEMORY}MiB");
    let server = servers.proxy(&["--offline", "--memory-limit", &limit])?;
    let stalled: Vec<_> =
        (0..servers.count(300, 60)).map_while(|_| stall(&server.address).ok()).collect();
    sleep(SETTLE);
    let peak = server.process.peak().unwrap_or_default() as f64 / 1024.0;
    drop(stalled);
    let most = Limit::AtMost(MEMORY as f64);
    let all = Row::new("window", format!("MiB in all, limit {MEMORY}"), peak, most);
    Ok(vec![one.beside(nginx), all])
}

/// TLS readers that ask for a large zip and read nothing of it.
pub fn slow_tls(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let connections = servers.count(1000, 100);
    let (own, nginx) = servers.both(Speaks::Tls, |server| {
        let before = warm(servers, server)?;
        let mut held = Vec::new();
        for _ in 0..connections {
            let mut stream = servers.tls.connect(&server.address)?;
            stream.write_all(request(LARGE).as_bytes())?;
            stream.flush()?;
            held.push(stream);
        }
        sleep(SETTLE);
        Ok((server.resident()? - before).max(0.0) / connections as f64)
    })?;
    let figure = "KiB a TLS reader that takes nothing";
    Ok(vec![Row::new("slow-tls", figure, own, Limit::TimesNginx(1.5)).beside(nginx)])
}

/// TLS connections that were answered once, and do nothing.
pub fn idle_tls(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let connections = servers.count(2000, 150);
    let (own, nginx) = servers.both(Speaks::Tls, |server| {
        let before = warm(servers, server)?;
        let mut idle = Vec::new();
        for _ in 0..connections {
            let mut stream = BufReader::new(servers.tls.connect(&server.address)?);
            stream.get_mut().write_all(request(SMALL).as_bytes())?;
            answer(&mut stream)?;
            idle.push(stream);
        }
        sleep(SETTLE);
        Ok((server.resident()? - before).max(0.0) / connections as f64)
    })?;
    let figure = "KiB an idle TLS connection";
    Ok(vec![Row::new("idle-tls", figure, own, Limit::TimesNginx(1.2)).beside(nginx)])
}

/// Memory of a connection in each of its states, beside the bytes that the server's budget books
/// for it: the constants of `harness/httpd/src/memory.rs`.
pub fn costs(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let connections = servers.count(1000, 120);
    let mut rows = Vec::new();
    let mut row =
        |figure: &str, booked: f64, speaks, open: &dyn Fn(&Server) -> anyhow::Result<Open>| {
            let server = servers.own(speaks)?;
            // The one-time cost of the first ones is not counted.
            let _first: Vec<_> = (0..100).map(|_| open(&server)).collect::<anyhow::Result<_>>()?;
            sleep(Duration::from_millis(300));
            let before = server.resident()?;
            let _open: Vec<_> =
                (0..connections).map(|_| open(&server)).collect::<anyhow::Result<_>>()?;
            sleep(Duration::from_millis(300));
            let cost = (server.resident()? - before).max(0.0) / connections as f64;
            rows.push(Row::new("costs", format!("KiB {figure}"), cost, Limit::AtMost(booked)));
            anyhow::Ok(())
        };
    row("a connection, answered", 8.0, Speaks::Http, &|server| {
        let mut stream = connect(&server.address)?;
        stream.write_all(request(SMALL).as_bytes())?;
        answer(&mut BufReader::new(&stream))?;
        Ok(Box::new(stream))
    })?;
    row("the same by TLS", 16.0, Speaks::Tls, &|server| {
        let mut stream = servers.tls.connect(&server.address)?;
        stream.write_all(request(SMALL).as_bytes())?;
        answer(&mut BufReader::new(&mut stream))?;
        Ok(Box::new(stream))
    })?;
    row("one in its TLS handshake", 24.0, Speaks::Tls, &|server| {
        Ok(Box::new(servers.tls.begin(&server.address)?))
    })?;
    row("a connection of HTTP/2, answered", 24.0, Speaks::Http2, &|server| {
        let mut stream = connect(&server.address)?;
        let mut bytes = [PREFACE, &frame(SETTINGS, 0, 0, &[])].concat();
        bytes.extend(frame(HEADERS, WHOLE, 1, &head(SMALL)));
        stream.write_all(&bytes)?;
        while frames::next(&mut stream).is_some_and(|frame| frame.kind != DATA) {}
        Ok(Box::new(stream))
    })?;
    row("one that takes no answers", 56.0, Speaks::Http, &|server| {
        let stream = connect(&server.address)?;
        stream.set_nonblocking(true)?;
        // As many as the socket takes: the server stops reading when it cannot write.
        let many = request(SMALL).repeat(500);
        while (&stream).write(many.as_bytes()).is_ok_and(|taken| taken > 0) {}
        Ok(Box::new(stream))
    })?;
    row("one that takes nothing of a zip", 24.0, Speaks::Http, &|server| {
        let mut stream = connect(&server.address)?;
        stream.write_all(request(LARGE).as_bytes())?;
        Ok(Box::new(stream))
    })?;
    Ok(rows)
}

/// A connection that is kept.
type Open = Box<dyn std::any::Any>;

/// The resident memory once everything has been done once.
fn warm(servers: &Servers, server: &Server) -> anyhow::Result<f64> {
    for target in [SMALL, LARGE] {
        for _ in 0..10 {
            let mut stream = BufReader::new(servers.tls.connect(&server.address)?);
            stream.get_ref().sock.set_read_timeout(Some(PATIENCE))?;
            stream.get_mut().write_all(request(target).as_bytes())?;
            answer(&mut stream)?;
        }
    }
    sleep(SETTLE);
    server.resident()
}

/// Latency of small requests during an attack, less half a millisecond, over that without one; at
/// least 1.
pub fn slowed(server: &Server, attack: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let alone = latency(&server.address, SMALL)?;
    attack()?;
    let beside = latency(&server.address, SMALL)?;
    Ok(((beside - 0.5).max(alone) / alone).max(1.0))
}
