//! SIGHUP and SIGTERM while requests are under way: none is lost.
//!
//! A client counts a request as lost when it has no whole answer to it, with one exception: a connection
//! that has been answered before and ends without a byte. Clients ask again then, as RFC 9112, section
//! 9.3.1, has it and Go's client does.

use super::client::{answer, connect, request};
use super::frames::{self, DATA, END, GOAWAY, HEADERS, PREFACE, SETTINGS, WHOLE, frame, head};
use super::servers::{SMALL, Servers, Speaks};
use super::table::{Limit, Row};
use anyhow::{Context as _, ensure};
use std::io::{BufRead as _, BufReader, Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Clients at once.
const CLIENTS: usize = 8;

/// The results of the requests of all clients.
#[derive(Default)]
struct Tally {
    ends: AtomicBool,
    answered: AtomicUsize,
    lost: AtomicUsize,
}

impl Tally {
    fn over(&self) -> bool {
        self.ends.load(Ordering::Relaxed)
    }

    fn answered(&self) {
        self.answered.fetch_add(1, Ordering::Relaxed);
    }

    fn lost(&self, why: &str) {
        eprintln!("lost: {why}");
        self.lost.fetch_add(1, Ordering::Relaxed);
    }
}

/// SIGHUP again and again, then SIGTERM, over HTTP/1.1, TLS and HTTP/2.
#[cfg(unix)]
pub fn signals(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (name, speaks, http2) in [
        ("HTTP/1.1", Speaks::Http, false),
        ("HTTP/2", Speaks::Http2, true),
        ("TLS", Speaks::Tls, false),
        ("HTTP/2 and TLS", Speaks::Tls, true),
    ] {
        let (mut lost, mut answered) = (0, 0);
        for _ in 0..servers.count(10, 2) {
            let tally = once(servers, speaks, http2)?;
            lost += tally.lost.into_inner();
            answered += tally.answered.into_inner();
        }
        ensure!(answered > 100, "{name}: only {answered} requests");
        let figure = format!("requests lost by signals, {name}");
        rows.push(Row::new("signals", figure, lost as f64, Limit::AtMost(0.0)));
    }
    let early = servers.count(100, 20);
    let killed = early_signals(servers, early)?;
    let figure = format!("of {early} ended by an early SIGHUP");
    rows.push(Row::new("signals", figure, killed as f64, Limit::AtMost(0.0)));
    Ok(rows)
}

#[cfg(not(unix))]
pub fn signals(_: &Servers) -> anyhow::Result<Vec<Row>> {
    Ok(Vec::new())
}

#[cfg(unix)]
fn once(servers: &Servers, speaks: Speaks, http2: bool) -> anyhow::Result<Tally> {
    use rustix::process::Signal;
    // The socket is this program's: a server that ends leaves it to the next one, which serves
    // clients that have connected meanwhile.
    let socket = std::net::TcpListener::bind("127.0.0.1:0")?;
    let mut server = servers.own_on(&socket, speaks)?;
    let (tally, address) = (Tally::default(), server.address.clone());
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|n| {
                let (tally, address) = (&tally, &address);
                // Half of them keep their connection, half make one for each request.
                scope.spawn(move || client(servers, address, (speaks, http2), n % 2 == 0, tally))
            })
            .collect();
        for _ in 0..10 {
            std::thread::sleep(Duration::from_millis(20));
            server.signal(Signal::HUP)?;
        }
        std::thread::sleep(Duration::from_millis(20));
        server.signal(Signal::TERM)?;
        let next = servers.own_on(&socket, speaks)?;
        let ended = server.ends(Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(50));
        tally.ends.store(true, Ordering::Relaxed);
        // The next server stays until its clients have their answers, however slow the machine is: an
        // answer that it takes with it would count as lost by a signal.
        for client in clients {
            ensure!(client.join().is_ok(), "a client panicked");
        }
        drop(next);
        ensure!(ended?, "it does not end in order");
        Ok(())
    })?;
    Ok(tally)
}

/// Asks until the server no longer accepts connections.
fn client(
    servers: &Servers,
    address: &str,
    (speaks, http2): (Speaks, bool),
    keeps: bool,
    tally: &Tally,
) {
    while !tally.over() {
        let connected = match (speaks, http2) {
            (Speaks::Tls, true) => servers.tls.http2(address).map(|s| two(s, keeps, tally)),
            (Speaks::Tls, false) => {
                servers.tls.connect(address).map(|s| one_by_one(s, keeps, tally))
            }
            (_, true) => connect(address).map(|s| two(s, keeps, tally)),
            (_, false) => connect(address).map(|s| one_by_one(s, keeps, tally)),
        };
        if let Err(error) = connected {
            tally.lost(&format!("a connection: {error:#}"));
        }
    }
}

/// Sends requests by HTTP/1.1, one after the other.
fn one_by_one(stream: impl Read + Write, keeps: bool, tally: &Tally) {
    let mut stream = BufReader::new(stream);
    for n in 0.. {
        if stream.get_mut().write_all(request(SMALL).as_bytes()).is_err() {
            // The server took no byte of the request.
            return if n == 0 {
                tally.lost("a first request was not taken")
            };
        }
        match stream.fill_buf() {
            Ok(bytes) if !bytes.is_empty() => {}
            _ if n > 0 => return,
            other => return tally.lost(&format!("a first request: {:?}", other.map(<[u8]>::len))),
        }
        match answer(&mut stream) {
            Ok((200, _)) => tally.answered(),
            other => return tally.lost(&format!("{other:?}")),
        }
        if !keeps || tally.over() {
            return;
        }
    }
}

/// HTTP/2: ten requests at a time. A request above the last one that a GOAWAY names was not begun,
/// and the client repeats it elsewhere.
fn two(stream: impl Read + Write, keeps: bool, tally: &Tally) {
    if let Err(error) = try_two(stream, keeps, tally) {
        tally.lost(&format!("{error:#}"));
    }
}

fn try_two(mut stream: impl Read + Write, keeps: bool, tally: &Tally) -> anyhow::Result<()> {
    let mut first = PREFACE.to_vec();
    first.extend(frame(SETTINGS, 0, 0, &[]));
    stream.write_all(&first)?;
    let (mut next, mut last) = (1_u32, u32::MAX);
    while last == u32::MAX {
        let mut asked = Vec::new();
        let mut waiting = std::collections::BTreeSet::new();
        for _ in 0..10 {
            asked.extend(frame(HEADERS, WHOLE, next, &head(SMALL)));
            waiting.insert(next);
            next += 2;
        }
        if stream.write_all(&asked).is_err() {
            return Ok(());
        }
        while !waiting.is_empty() {
            let Some(frame) = frames::next(&mut stream) else {
                // Its GOAWAY named the requests that it would not answer; or it ended between two
                // batches.
                waiting.retain(|stream| *stream <= last);
                ensure!(
                    waiting.is_empty() || waiting.len() == 10 && next > 21,
                    "{} of a batch",
                    waiting.len()
                );
                return Ok(());
            };
            match frame.kind {
                HEADERS | DATA if frame.flags & END != 0 && waiting.remove(&frame.stream) => {
                    tally.answered();
                }
                GOAWAY => {
                    let named = frame.payload.get(..4).context("a GOAWAY")?;
                    last = u32::from_be_bytes(named.try_into()?);
                    if last < i32::MAX.cast_unsigned() {
                        waiting.retain(|stream| *stream <= last);
                    } else {
                        last = u32::MAX;
                    }
                }
                SETTINGS if frame.flags & END == 0 => {
                    stream.write_all(&frames::frame(SETTINGS, END, 0, &[]))?;
                }
                frames::PING if frame.flags & END == 0 => {
                    stream.write_all(&frames::frame(frames::PING, END, 0, &frame.payload))?;
                }
                frames::RST_STREAM => anyhow::bail!("stream {} was reset", frame.stream),
                _ => {}
            }
        }
        if !keeps || tally.over() {
            return Ok(());
        }
    }
    Ok(())
}

/// Number of servers that end when SIGHUP comes while they start.
#[cfg(unix)]
fn early_signals(servers: &Servers, starts: usize) -> anyhow::Result<usize> {
    let mut ended = 0;
    for n in 0..starts {
        let outcome = servers.start_and_hang_up(Duration::from_micros(100 * n as u64))?;
        ended += usize::from(!outcome);
    }
    Ok(ended)
}
