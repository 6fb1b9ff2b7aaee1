//! Passes a client's bytes to the target unchanged, and records the requests in them.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Mutex, PoisonError};

use twinproof_model::Rule;

use super::front::Front;
use crate::record::{Id, Request};
use crate::wire::body::Body;
use crate::wire::head::Head;

/// A request that waits for its answer.
pub(super) struct Pending {
    pub id: Id,
    pub method: String,
    pub rule: Option<Rule>,
}

/// The requests of a connection that wait for their answers.
#[derive(Default)]
pub(super) struct Queue(Mutex<VecDeque<Pending>>);

impl Queue {
    fn push(&self, pending: Pending) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(pending);
    }

    pub fn pop(&self) -> Option<Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// The position in the client's bytes.
enum State {
    /// In a head, of which so much is there.
    Head(Vec<u8>),
    Body(Body),
    /// Behind something that is not HTTP.
    Lost,
}

/// Notes a request.
pub(super) fn arrived(front: &Front, head: &Head) -> Pending {
    let id = front.log.arrived(Request {
        number: 0,
        method: head.method.clone(),
        target: front.below_base(&head.target).to_owned(),
        version: head.version,
        headers: head.headers.clone(),
        tls: false,
        client: None,
        status: None,
        sent: 0,
        rule: None,
        at: 0,
        took: None,
    });
    let rule = front.rules.pick(&head.method, front.below_base(&head.target));
    if let Some((index, _)) = &rule {
        front.log.ruled(id, *index);
    }
    Pending { id, method: head.method.clone(), rule: rule.map(|(_, rule)| rule) }
}

/// Passes on what the client sends until it ends, and then the end.
pub(super) fn pass(client: &TcpStream, upstream: &TcpStream, queue: &Queue, front: &Front) {
    let mut state = State::Head(Vec::new());
    let mut chunk = [0; 16 << 10];
    let (mut from, mut to) = (client, upstream);
    loop {
        match from.read(&mut chunk) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Ok(0) | Err(_) => break,
            Ok(n) => {
                let bytes = chunk.get(..n).unwrap_or_default();
                // Noted first: the answer may be quick.
                state = note(state, bytes, queue, front);
                // A target that reads no more may still answer, so a failure here ends nothing.
                let _ = to.write_all(bytes);
            }
        }
    }
    // A client that has sent its request may close its sending side and still wait for the answer
    // (RFC 9112, section 9.6).
    let _ = upstream.shutdown(Shutdown::Write);
}

fn note(mut state: State, mut bytes: &[u8], queue: &Queue, front: &Front) -> State {
    loop {
        state = match state {
            State::Lost => return State::Lost,
            State::Head(mut head) => {
                let before = head.len();
                head.extend_from_slice(bytes);
                match Head::parse(&head) {
                    Ok(None) => return State::Head(head),
                    Ok(Some(parsed)) => {
                        bytes = bytes.get(parsed.len.saturating_sub(before)..).unwrap_or_default();
                        queue.push(arrived(front, &parsed));
                        Body::announced(|name| parsed.header(name), Body::Length(0))
                            .map_or(State::Lost, State::Body)
                    }
                    Err(_) => {
                        queue.push(arrived(front, &Head::guess(&head)));
                        State::Lost
                    }
                }
            }
            State::Body(mut body) => match body.take(bytes, &mut Vec::new()) {
                Err(_) => State::Lost,
                Ok(n) => {
                    bytes = bytes.get(n..).unwrap_or_default();
                    if !body.is_done() {
                        return State::Body(body);
                    }
                    State::Head(Vec::new())
                }
            },
        };
    }
}
