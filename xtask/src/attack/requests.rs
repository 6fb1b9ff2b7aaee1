//! Requests that two readers could understand differently.

use super::client::{PATIENCE, connect, get, request, rest};
use super::servers::{MOD, SMALL, Server, Servers, Speaks};
use super::table::{Limit, Row};
use anyhow::ensure;
use std::io::Write as _;
use std::time::Duration;

/// Silence after which a server is taken to wait for more.
const SILENCE: Duration = Duration::from_millis(250);

/// Requests whose body, or a part of it, is another request. A server may refuse them; it must
/// never answer the inner one, and must close where the end of a request is ambiguous (RFC 9112,
/// sections 6.1 and 6.3).
fn attempts() -> Vec<Vec<u8>> {
    let inner = request(MOD);
    let length = inner.len();
    let chunked = format!("{length:x}\r\n{inner}\r\n0\r\n\r\n");
    let mut all = Vec::new();
    let both = |te: &str| {
        let cl = chunked.len();
        format!("Content-Length: {cl}\r\n{te}\r\n\r\n{chunked}")
    };
    for te in [
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\tchunked",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: Chunked ;a=b",
        "Transfer-Encoding:\u{b}chunked",
        "X: x\nTransfer-Encoding: chunked",
        "X: x\r\n Transfer-Encoding: chunked",
        "Transfer_Encoding: chunked",
        "Transfer-Encoding\0: chunked",
    ] {
        all.push(both(te));
    }
    for cl in [
        format!("Content-Length: {length}"),
        format!("Content-Length: {length}\r\nContent-Length: 0"),
        format!("Content-Length: 0\r\nContent-Length: {length}"),
        format!("Content-Length: {length}, {length}"),
        format!("Content-Length: {length}, 0"),
        format!("Content-Length: +{length}"),
        format!("Content-Length: 0x{length:x}"),
        format!("Content-Length: {length} "),
        format!("Content-Length: 0{length}"),
        format!("Content-Length : {length}"),
        format!("Content-Length:\r\n {length}"),
        format!("Content-Length: -{length}"),
        format!("Content-Length: {length}.0"),
        format!("content-length: {length}\r\nContent-Length: {length}"),
        "Content-Length: 18446744073709551615".to_owned(),
        "Content-Length: 18446744073709551616".to_owned(),
        "Content-Length: 184467440737095516160".to_owned(),
    ] {
        all.push(format!("{cl}\r\n\r\n{inner}"));
    }
    for size in
        ["0x5", "+5", "-5", "5;a\n", "5 ", " 5", "ffffffffffffffff", "10000000000000005", "g", ""]
    {
        all.push(format!("Transfer-Encoding: chunked\r\n\r\n{size}\r\n{inner}\r\n0\r\n\r\n"));
    }
    let whole = |method: &str, version: &str, rest: &str| {
        format!("{method} {SMALL} {version}\r\nHost: 127.0.0.1\r\n{rest}").into_bytes()
    };
    let mut bytes: Vec<Vec<u8>> = Vec::new();
    for rest in &all {
        for method in ["GET", "POST"] {
            bytes.push(whole(method, "HTTP/1.1", rest));
        }
        bytes.push(whole("GET", "HTTP/1.0", rest));
    }
    for upgrade in [
        "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nConnection: Upgrade",
        "Upgrade: websocket\r\nConnection: Upgrade",
    ] {
        bytes.push(whole(
            "GET",
            "HTTP/1.1",
            &format!("{upgrade}\r\nContent-Length: {length}\r\n\r\n{inner}"),
        ));
    }
    bytes
}

/// Number of times that the file of the inner request comes back.
fn hidden(server: &Server, attempt: &[u8], inner: &[u8]) -> anyhow::Result<usize> {
    let mut stream = connect(&server.address)?;
    stream.write_all(attempt)?;
    let (got, _) = rest(&mut stream, SILENCE)?;
    Ok(got.windows(inner.len()).filter(|window| *window == inner).count())
}

/// Requests that hide another one.
pub fn smuggling(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let (attempts, inner) = (attempts(), servers.origin_body(MOD)?);
    let measure = |server: &Server| -> anyhow::Result<f64> {
        // Each attempt ends by waiting for silence, so several run at once.
        let found = std::thread::scope(|scope| {
            let lanes: Vec<_> = attempts
                .chunks(attempts.len().div_ceil(16))
                .map(|lane| {
                    let inner = &inner;
                    scope.spawn(move || {
                        lane.iter().map(|attempt| hidden(server, attempt, inner)).collect()
                    })
                })
                .collect();
            let done = |lane: std::thread::ScopedJoinHandle<'_, anyhow::Result<Vec<usize>>>| {
                lane.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a client ended")))
            };
            lanes.into_iter().map(done).collect::<anyhow::Result<Vec<_>>>()
        })?;
        ensure!(get(&server.address, SMALL)?.0 == 200, "it serves no more");
        Ok(found.into_iter().flatten().filter(|count| *count > 0).count() as f64)
    };
    // nginx is not measured: it has no reason to refuse a body, whatever it takes for the next request.
    let own = measure(&servers.own(Speaks::Http)?)?;
    let figure = format!("inner requests answered, of {}", attempts.len());
    Ok(vec![Row::new("smuggling", figure, own, Limit::AtMost(0.0))])
}

/// Two requests and a malformed third, in two pieces cut at every byte.
pub fn pieces(servers: &Servers) -> anyhow::Result<Vec<Row>> {
    let (small, go_mod) = (servers.origin_body(SMALL)?, servers.origin_body(MOD)?);
    let bytes = format!("{}{}GET /x HTTP/1.1\r\n\r\n", request(SMALL), request(MOD)).into_bytes();
    let step = servers.count(1, 3);
    let measure = |server: &Server| -> anyhow::Result<f64> {
        let mut wrong = 0;
        for cut in (0..=bytes.len()).step_by(step) {
            let mut stream = connect(&server.address)?;
            stream.write_all(&bytes[..cut])?;
            std::thread::sleep(Duration::from_millis(1));
            stream.write_all(&bytes[cut..])?;
            let (got, ended) = rest(&mut stream, PATIENCE)?;
            let text = String::from_utf8_lossy(&got);
            // Our own 400 has the name of the protocol in its text.
            let statuses: Vec<&str> = text
                .match_indices("HTTP/1.1 ")
                .filter_map(|(at, mark)| text.get(at + mark.len()..)?.get(..3))
                .filter(|status| status.bytes().all(|b| b.is_ascii_digit()))
                .collect();
            let has = |body: &[u8]| got.windows(body.len()).any(|window| window == body);
            let right = statuses == ["200", "200", "400"] && has(&small) && has(&go_mod) && ended;
            wrong += usize::from(!right);
        }
        Ok(wrong as f64)
    };
    let (own, nginx) = servers.both(Speaks::Http, measure)?;
    let figure = format!("wrong answers, of {}", bytes.len() / step + 1);
    Ok(vec![Row::new("pieces", figure, own, Limit::AtMost(0.0)).beside(nginx)])
}
