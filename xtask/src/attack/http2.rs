//! Floods of HTTP/2 frames. A server need not take them: it may end the connection, and must go on
//! serving others.

use super::client::{connect, get};
use super::frames::{
    CONTINUATION, END, HEADERS, PING, PREFACE, PRIORITY, RST_STREAM, SETTINGS, WHOLE,
    WINDOW_UPDATE, frame, head,
};
use super::memory::slowed;
use super::servers::{SMALL, Server, Servers, Speaks};
use super::table::{Limit, Row};
use anyhow::ensure;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// Frames that ask for nothing.
fn idle_frames() -> [(&'static str, Vec<u8>); 5] {
    [
        ("PING", frame(PING, 0, 0, &[0; 8])),
        ("SETTINGS", frame(SETTINGS, 0, 0, &[])),
        ("PRIORITY", frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 16])),
        ("WINDOW_UPDATE", frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        ("unknown", frame(0xee, 0, 0, &[0; 8])),
    ]
}

/// Sends something again and again, and reads the answers. The server's processor time in
/// milliseconds until it ended the connection, or `limit` was over.
fn flood(
    server: &Server,
    limit: Duration,
    mut next: impl FnMut() -> Vec<u8>,
) -> anyhow::Result<f64> {
    let mut stream = connect(&server.address)?;
    stream.write_all(PREFACE)?;
    stream.write_all(&frame(SETTINGS, 0, 0, &[]))?;
    let reader = stream.try_clone()?;
    let reader = std::thread::spawn(move || drain(reader));
    let (before, begun) = (server.process.busy().unwrap_or_default(), Instant::now());
    while begun.elapsed() < limit && stream.write_all(&next()).is_ok() {}
    let busy = server.process.busy().unwrap_or_default() - before;
    // The other side may have ended it already.
    let _ = stream.shutdown(Shutdown::Both);
    ensure!(reader.join().is_ok(), "the reader ended");
    Ok(busy as f64)
}

fn drain(mut stream: TcpStream) {
    let mut piece = [0; 64 << 10];
    while stream.read(&mut piece).is_ok_and(|length| length > 0) {}
}

/// PING, SETTINGS, PRIORITY, WINDOW_UPDATE and unknown frames.
pub fn control(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let limit = Duration::from_millis(servers.count(2000, 250) as u64);
    let measure = |server: &Server| -> anyhow::Result<Vec<f64>> {
        idle_frames()
            .iter()
            .map(|(_, frame)| {
                let many = frame.repeat(1000);
                let busy = flood(server, limit, || many.clone())?;
                Ok(100.0 * busy / limit.as_millis() as f64)
            })
            .collect()
    };
    let own = measure(&servers.own(Speaks::Http2)?)?;
    let nginx = servers.nginx(Speaks::Http2)?.as_ref().map(measure).transpose()?;
    let rows = idle_frames().into_iter().enumerate().map(|(at, (name, _))| {
        let figure = format!("% of a core for {name} frames");
        Row::new("control", figure, own[at], Limit::AtMost(10.0))
            .beside(nginx.as_ref().map(|n| n[at]))
    });
    Ok(rows.collect())
}

/// Requests that are reset at once.
pub fn reset(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let limit = Duration::from_millis(servers.count(2000, 250) as u64);
    let measure = |server: &Server| {
        let before = server.resident()?;
        let mut stream = 1_u32;
        flood(server, limit, || {
            let mut bytes = Vec::new();
            for _ in 0..100 {
                bytes.extend(frame(HEADERS, WHOLE, stream, &head(SMALL)));
                bytes.extend(frame(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
                stream = stream.saturating_add(2);
            }
            bytes
        })?;
        Ok((server.resident()? - before).max(0.0) / 1024.0)
    };
    let (own, nginx) = servers.both(Speaks::Http2, measure)?;
    let later = slowed(&servers.own(Speaks::Http)?, || Ok(()))?;
    ensure!(later.is_finite(), "it answers afterwards");
    let figure = "MiB after streams reset at once";
    Ok(vec![Row::new("reset", figure, own, Limit::AtMost(8.0)).beside(nginx)])
}

/// A head without an end, and one that unpacks to much more than it is.
pub fn heads(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let limit = Duration::from_millis(servers.count(2000, 250) as u64);
    let mut rows = Vec::new();
    // A field of 4,000 bytes goes to the table, and is then named by one byte each time.
    let mut bomb = head(SMALL);
    bomb.extend([0x40, 1, b'y', 0x7f, 0xa1, 0x1e]);
    bomb.resize(bomb.len() + 4000, b'z');
    bomb.resize(bomb.len() + 12_000, 0xbe);
    for (what, continued) in [("a head without an end", true), ("a head that unpacks", false)] {
        let (own, nginx) = servers.both(Speaks::Http2, |server| {
            let before = server.resident()?;
            let mut stream = 1_u32;
            flood(server, limit, || {
                if continued {
                    let first = stream == 1;
                    stream += 2;
                    let (kind, flags) = if first { (HEADERS, END) } else { (CONTINUATION, 0) };
                    // Fields of one byte each that are not indexed.
                    return frame(kind, flags, 1, &[0x00, 1, b'a', 0].repeat(2000));
                }
                let bytes = frame(HEADERS, WHOLE, stream, &bomb);
                stream = stream.saturating_add(2);
                bytes
            })?;
            let held = (server.resident()? - before).max(0.0) / 1024.0;
            // The server goes on serving: a new connection is taken and answered with SETTINGS.
            let mut again = connect(&server.address)?;
            again.write_all(PREFACE)?;
            again.write_all(&frame(SETTINGS, 0, 0, &[]))?;
            ensure!(
                super::frames::next(&mut again).is_some_and(|f| f.kind == SETTINGS),
                "it serves no more"
            );
            Ok(held)
        })?;
        let figure = format!("MiB after {what}");
        rows.push(Row::new("heads", figure, own, Limit::AtMost(8.0)).beside(nginx));
    }
    let server = servers.own(Speaks::Http)?;
    ensure!(get(&server.address, SMALL)?.0 == 200, "it serves");
    Ok(rows)
}
