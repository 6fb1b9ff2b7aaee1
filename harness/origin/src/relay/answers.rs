//! Passes the target's answers to the client, unchanged or changed by rules.

use std::io::{self, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::front::Front;
use super::requests::{Pending, Queue, arrived, pass};
use crate::answer::Answer;
use crate::server::Shared;
use crate::wire::body::Body;
use crate::wire::conn::Conn;
use crate::wire::deliver::{Plan, plan};
use crate::wire::head::{MAX_HEAD, MAX_HEADERS};

/// The most bytes of content that a rule can be applied to.
const MAX_CONTENT: usize = 512 << 20;

/// Time limit for connecting to the target.
const CONNECT: Duration = Duration::from_secs(10);

/// The way in which the relay ends a connection.
enum End {
    /// As the target ended it.
    Close,
    /// Cut short by a rule.
    Cut,
    Reset,
    /// When the client ends it.
    Hang,
}

/// Serves one connection until it ends.
pub(super) fn serve(client: &TcpStream, front: &Front, shared: &Arc<Shared>) -> io::Result<()> {
    let _client_held = shared.hold(client)?;
    let upstream = TcpStream::connect_timeout(&front.target, CONNECT)?;
    let _upstream_held = shared.hold(&upstream)?;
    let _ = client.set_nodelay(true);
    let _ = upstream.set_nodelay(true);
    let queue = Queue::default();
    let mut answers = Conn::plain(upstream.try_clone()?);
    thread::scope(|scope| {
        // Two threads for each connection; with the default of 8 MiB a thousand connections reserve
        // 16 GiB of addresses.
        let requests = thread::Builder::new().stack_size(256 << 10);
        let forwarding = requests.spawn_scoped(scope, || pass(client, &upstream, &queue, front));
        let end = loop {
            match exchange(client, &mut answers, &queue, front, shared) {
                Ok(None) => {}
                Ok(Some(end)) => break end,
                Err(_) => break End::Close,
            }
        };
        match end {
            End::Close | End::Cut => {
                let _ = client.shutdown(Shutdown::Write);
                // The client reads what was sent before it sees the end of the other direction.
                if let Ok(forwarding) = &forwarding {
                    let limit = std::time::Instant::now() + Duration::from_millis(200);
                    while !forwarding.is_finished() && std::time::Instant::now() < limit {
                        shared.stop.sleep(Duration::from_millis(2));
                    }
                }
            }
            End::Reset => {
                // Closing with linger 0 sends RST in place of FIN.
                let _ = socket2::SockRef::from(client).set_linger(Some(Duration::ZERO));
            }
            End::Hang => {
                if let Ok(forwarding) = forwarding {
                    let _ = forwarding.join();
                }
            }
        }
        // The thread that passes requests on ends with these.
        let _ = client.shutdown(Shutdown::Read);
        let _ = upstream.shutdown(Shutdown::Both);
    });
    Ok(())
}

/// The head of an answer.
struct Head {
    status: u16,
    /// Names as the target wrote them.
    headers: Vec<(String, String)>,
    len: usize,
}

impl Head {
    /// The head at the start of `bytes`; `None` when it is not whole yet.
    fn parse(bytes: &[u8]) -> Result<Option<Self>, httparse::Error> {
        let mut storage = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut storage);
        let httparse::Status::Complete(len) = response.parse(bytes)? else { return Ok(None) };
        let header = |header: &httparse::Header<'_>| {
            (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned())
        };
        let headers = response.headers.iter().map(header).collect();
        Ok(Some(Self { status: response.code.unwrap_or_default(), headers, len }))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut fitting = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        fitting.next().map(|(_, value)| value.as_str())
    }

    /// Whether an answer with this status to such a request has no content, whatever it declares.
    fn bodiless(&self, method: &str) -> bool {
        method == "HEAD" || matches!(self.status, 100..=199 | 204 | 304)
    }

    fn body(&self, method: &str) -> Body {
        if self.bodiless(method) {
            return Body::Length(0);
        }
        Body::announced(|name| self.header(name), Body::Close).unwrap_or(Body::Close)
    }
}

/// Reads the next head; `None` when there is no further one, or none that is HTTP.
fn read_head(conn: &mut Conn) -> io::Result<Option<Head>> {
    loop {
        match Head::parse(conn.buffer()) {
            Ok(Some(head)) => return Ok(Some(head)),
            Ok(None) if conn.buffer().len() <= MAX_HEAD => {}
            Ok(None) | Err(_) => return Ok(None),
        }
        if conn.fill()? == 0 {
            return Ok(None);
        }
    }
}

/// Relays one answer. Returns how to end the connection, if it must end.
fn exchange(
    mut client: &TcpStream,
    upstream: &mut Conn,
    queue: &Queue,
    front: &Front,
    shared: &Shared,
) -> io::Result<Option<End>> {
    let Some(head) = read_head(upstream)? else {
        return raw(client, upstream).map(|()| Some(End::Close));
    };
    // Interim answers belong to no request of the queue: the final one follows. 101 is final, for
    // it ends HTTP on the connection.
    if matches!(head.status, 100 | 102..=199) {
        client.write_all(&upstream.take(head.len))?;
        return Ok(None);
    }
    // An answer to what is no whole request yet: to a slow head, or one too large.
    let pending =
        queue.pop().unwrap_or_else(|| arrived(front, &crate::wire::head::Head::guess(b"")));
    let Pending { id, method, rule } = pending;
    let body = head.body(&method);
    let Some(rule) = rule else {
        front.log.sending(id, head.status);
        let switched = head.status == 101;
        client.write_all(&upstream.take(head.len))?;
        let mut sent = 0;
        let passed = pass_body(client, upstream, body, &mut sent);
        front.log.done(id, sent);
        let ended = passed?;
        if switched {
            return raw(client, upstream).map(|()| Some(End::Close));
        }
        return Ok(ended.then_some(End::Close));
    };
    let done = |sent: u64, end: Option<End>| {
        front.log.done(id, sent);
        Ok(end)
    };
    let bodiless = head.bodiless(&method);
    let Ok(mut answer) = read_answer(upstream, head, body) else {
        return done(0, Some(End::Close));
    };
    // The relay frames the content anew, because a rule may have changed its length. After HEAD the
    // headers describe content that is not sent, and stay.
    if !bodiless {
        unframe(&mut answer);
    }
    if rule.delay_ms > 0 && shared.stop.sleep(Duration::from_millis(rule.delay_ms.into())) {
        return done(0, Some(End::Cut));
    }
    let planned = plan(&rule, |target| match target {
        None => answer.clone(),
        Some(target) => fetch(target, front, shared)
            .unwrap_or_else(|_| Answer::text(502, "the target did not answer\n")),
    });
    let delivery = match planned {
        Plan::Reset => return done(0, Some(End::Reset)),
        Plan::Hang => return done(0, Some(End::Hang)),
        Plan::Deliver(delivery) => delivery,
    };
    front.log.sending(id, delivery.answer.status);
    match delivery.send(&mut client, true, method == "HEAD", &shared.stop) {
        Ok(sent) if sent.reusable => done(sent.bytes, None),
        Ok(sent) => done(sent.bytes, Some(End::Cut)),
        Err((sent, _)) => done(sent, Some(End::Cut)),
    }
}

/// Passes on a body as it is; whether the connection ended with it.
fn pass_body(
    mut client: &TcpStream,
    upstream: &mut Conn,
    mut body: Body,
    sent: &mut u64,
) -> io::Result<bool> {
    let mut content = Vec::new();
    loop {
        content.clear();
        let taken = body.take(upstream.buffer(), &mut content);
        let n = taken.unwrap_or(upstream.buffer().len());
        client.write_all(&upstream.take(n))?;
        *sent += content.len() as u64;
        if body.is_done() {
            return Ok(false);
        }
        if upstream.fill()? == 0 {
            return Ok(true);
        }
    }
}

/// The answer whose head was read, with its content.
fn read_answer(upstream: &mut Conn, head: Head, mut body: Body) -> io::Result<Answer> {
    upstream.take(head.len);
    let mut content = Vec::new();
    loop {
        let taken = body.take(upstream.buffer(), &mut content);
        let n = taken.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        upstream.take(n);
        if body.is_done() {
            break;
        }
        if content.len() > MAX_CONTENT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if upstream.fill()? == 0 {
            if body.may_end() {
                break;
            }
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Answer { status: head.status, headers: head.headers, content: content.into() })
}

/// Takes away how the content ends: it may not be the same content any more.
fn unframe(answer: &mut Answer) {
    answer.remove("content-length");
    answer.remove("transfer-encoding");
}

/// The answer to another target, over a connection of its own.
fn fetch(target: &str, front: &Front, shared: &Shared) -> io::Result<Answer> {
    let stream = TcpStream::connect_timeout(&front.target, CONNECT)?;
    let _held = shared.hold(&stream)?;
    let mut conn = Conn::plain(stream);
    let host = front.target;
    let base = &front.base;
    write!(conn, "GET {base}{target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let head = read_head(&mut conn)?.ok_or(io::ErrorKind::InvalidData)?;
    let body = head.body("GET");
    let mut answer = read_answer(&mut conn, head, body)?;
    unframe(&mut answer);
    answer.remove("connection");
    Ok(answer)
}

/// Passes on all that comes until it ends.
fn raw(mut client: &TcpStream, upstream: &mut Conn) -> io::Result<()> {
    loop {
        client.write_all(&upstream.take(usize::MAX))?;
        if upstream.fill()? == 0 {
            return Ok(());
        }
    }
}
