//! Connections that come to nothing.

use super::client::{connect, get, latency, until};
use super::servers::{SMALL, Server, Servers, Speaks};
use super::table::{Limit, Row};
use std::io::Write as _;
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A connection that could be HTTP/2, and has said no more.
fn begin(server: &Server) -> anyhow::Result<TcpStream> {
    let mut stream = connect(&server.address)?;
    stream.write_all(b"P")?;
    Ok(stream)
}

/// Many connections that have sent one byte.
pub fn one_byte(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let connections = servers.count(5000, 1000);
    let measure = |server: &Server| -> anyhow::Result<[f64; 2]> {
        get(&server.address, SMALL)?;
        let alone = latency(&server.address, SMALL)?;
        let begun: Vec<_> =
            (0..connections).map(|_| begin(server)).collect::<anyhow::Result<_>>()?;
        let beside = latency(&server.address, SMALL)?;
        let (busy, time) = (server.process.busy(), Instant::now());
        sleep(Duration::from_secs(1));
        let worked = server.process.busy().zip(busy).map_or(0, |(after, before)| after - before);
        let share = worked as f64 / 10.0 / time.elapsed().as_secs_f64();
        drop(begun);
        Ok([share, (beside - alone).max(0.0)])
    };
    let own = measure(&servers.own(Speaks::Http)?)?;
    let nginx = servers.nginx(Speaks::Http)?.as_ref().map(measure).transpose()?;
    let busy = format!("% of a core for {connections} x one byte");
    Ok(vec![
        Row::new("one-byte", busy, own[0], Limit::AtMost(2.0)).beside(nginx.map(|n| n[0])),
        Row::new("one-byte", "ms that an answer is later", own[1], Limit::AtMost(1.0))
            .beside(nginx.map(|n| n[1])),
    ])
}

/// Connections that begin and leave.
pub fn leave(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let connections = servers.count(17_000, 3000);
    let (own, nginx) = servers.both(Speaks::Http, |server| {
        get(&server.address, SMALL)?;
        let before = server.process.descriptors().unwrap_or_default();
        for n in 0..connections {
            let mut stream = connect(&server.address)?;
            if n % 2 == 0 {
                stream.write_all(b"P")?;
            }
        }
        let left = || server.process.descriptors().unwrap_or_default().saturating_sub(before);
        until(Duration::from_secs(3), || left() == 0);
        Ok(left() as f64)
    })?;
    let figure = format!("descriptors left by {connections} clients");
    Ok(vec![Row::new("leave", figure, own, Limit::AtMost(2.0)).beside(nginx)])
}
