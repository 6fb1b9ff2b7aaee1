//! One connection of an origin, from its first request to its last.

use std::time::Duration;

use crate::answer::Answer;
use crate::protocol::Service;
use crate::record::{Id, Log, Request};
use crate::rules::Rules;
use crate::server::Held;
use crate::stop::Stop;
use crate::tls;
use crate::wire::conn::Conn;
use crate::wire::deliver::{Delivery, Plan, plan};
use crate::wire::head::{Head, HeadError, read_head, skip_body};

/// The state that all connections of an origin share.
pub(crate) struct Site {
    pub service: Service,
    pub rules: Rules,
    pub log: Log,
}

/// Time limit for a client that neither sends a request nor reads.
const IDLE: Duration = Duration::from_secs(300);

/// Serves a connection until it ends. `base` stands in front of every path that is asked for, and
/// `held` is the server's hold on its socket.
pub(crate) fn serve(mut conn: Conn, site: &Site, base: &str, stop: &Stop, held: Held<'_>) {
    let socket = conn.socket();
    // Small answers would wait for the acknowledgement of the one before (Nagle's algorithm).
    let _ = socket.set_nodelay(true);
    let _ = socket.set_read_timeout(Some(IDLE));
    let _ = socket.set_write_timeout(Some(IDLE));
    let client = conn.client_certificate().and_then(tls::subject);
    let end = loop {
        let head = match read_head(&mut conn) {
            Ok(head) => head,
            Err(HeadError::End) => break End::Close,
            Err(HeadError::Malformed) => break refuse(&mut conn, 400, stop).1,
            Err(HeadError::TooLarge) => break refuse_large(&mut conn, site, stop),
        };
        if let Some(end) = exchange(&mut conn, &head, client.as_ref(), (site, base), stop) {
            break end;
        }
    };
    match end {
        End::Close => conn.close(),
        End::Cut => conn.cut(),
        End::Reset => conn.reset(),
        End::Hang => conn.wait_for_close(),
    }
    drop(held);
}

/// The way in which the server ends a connection.
enum End {
    Close,
    Cut,
    Reset,
    Hang,
}

/// Refuses what is no request, or too large a one.
fn refuse(conn: &mut Conn, status: u16, stop: &Stop) -> (u64, End) {
    let answer = Answer::text(status, format!("{}\n", crate::answer::reason(status)));
    let sent = Delivery::from(answer).send(conn, false, false, stop);
    (sent.map_or_else(|(sent, _)| sent, |sent| sent.bytes), End::Close)
}

/// Refuses a request that is too large. It is recorded like any other.
fn refuse_large(conn: &mut Conn, site: &Site, stop: &Stop) -> End {
    const TOO_LARGE: u16 = 431;
    let id = arrived(conn, &Head::guess(conn.buffer()), None, site);
    site.log.sending(id, TOO_LARGE);
    let (sent, end) = refuse(conn, TOO_LARGE, stop);
    site.log.done(id, sent);
    end
}

/// Notes a request.
fn arrived(conn: &Conn, head: &Head, client: Option<&String>, site: &Site) -> Id {
    site.log.arrived(Request {
        number: 0,
        method: head.method.clone(),
        target: head.target.clone(),
        version: head.version,
        headers: head.headers.clone(),
        tls: conn.is_tls(),
        client: client.cloned(),
        status: None,
        sent: 0,
        rule: None,
        at: 0,
        took: None,
    })
}

/// Answers one request. Returns how to end the connection, if it must end.
fn exchange(
    conn: &mut Conn,
    head: &Head,
    client: Option<&String>,
    (site, base): (&Site, &str),
    stop: &Stop,
) -> Option<End> {
    let id = arrived(conn, head, client, site);
    let done = |sent: u64, end: Option<End>| {
        site.log.done(id, sent);
        end
    };
    let rule = site.rules.pick(&head.method, &head.target);
    if let Some((index, _)) = &rule {
        site.log.ruled(id, *index);
    }
    // The rest of a body would be read as the next request.
    let Ok(body_read) = skip_body(conn, head) else { return done(0, Some(End::Close)) };
    let usual = |target: Option<&str>, fork: bool| match head.method.as_str() {
        "GET" | "HEAD" => {
            let target = target.unwrap_or(&head.target);
            site.service.answer(&format!("{base}{target}"), fork)
        }
        _ => {
            let mut answer = Answer::text(405, "only GET and HEAD are allowed\n");
            answer.set("Allow", "GET, HEAD");
            answer
        }
    };
    let planned = match &rule {
        None => Plan::Deliver(Box::new(usual(None, false).into())),
        Some((_, rule)) => {
            // In small steps, so that the origin can be stopped meanwhile.
            if rule.delay_ms > 0 && stop.sleep(Duration::from_millis(rule.delay_ms.into())) {
                return done(0, Some(End::Cut));
            }
            plan(rule, |target| usual(target, rule.fork))
        }
    };
    let delivery = match planned {
        Plan::Reset => return done(0, Some(End::Reset)),
        Plan::Hang => return done(0, Some(End::Hang)),
        Plan::Deliver(delivery) => delivery,
    };
    site.log.sending(id, delivery.answer.status);
    let keep = body_read && head.keeps_alive();
    // A HEAD has the same headers and no content.
    match delivery.send(conn, keep, head.method == "HEAD", stop) {
        Ok(sent) if sent.reusable => done(sent.bytes, None),
        Ok(sent) if sent.whole => done(sent.bytes, Some(End::Close)),
        Ok(sent) => done(sent.bytes, Some(End::Cut)),
        Err((sent, _)) => done(sent, Some(End::Cut)),
    }
}
