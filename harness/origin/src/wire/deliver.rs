//! Changes an answer by a rule, and sends it.

use std::io::{self, Write};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use twinproof_model::Rule;

use crate::answer::{Answer, reason};
use crate::content::Content;
use crate::stop::Stop;

/// The most bytes of content in which texts are replaced; a longer one is cut there.
const MAX_REPLACED: usize = 64 << 20;

/// An answer, and how it is sent.
#[derive(Debug)]
pub(crate) struct Delivery {
    pub answer: Answer,
    /// The length declared, where it is not the true one.
    declare: Option<u64>,
    /// Bytes of content after which the connection is closed.
    truncate: Option<u64>,
    /// Bytes of content at a time, and the time between.
    drip: Option<(u64, Duration)>,
    /// No length is declared: the content ends with the connection.
    unframed: bool,
}

/// The treatment of a request.
#[derive(Debug)]
pub(crate) enum Plan {
    Deliver(Box<Delivery>),
    Reset,
    Hang,
}

/// The result of sending.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Bytes of content.
    pub bytes: u64,
    /// Whether another request can follow.
    pub reusable: bool,
    /// Whether all of the content that was announced was sent.
    pub whole: bool,
}

impl From<Answer> for Delivery {
    fn from(answer: Answer) -> Self {
        Self { answer, declare: None, truncate: None, drip: None, unframed: false }
    }
}

/// The plan of an answer under `rule`; `answer` gives the answer without it, of another target when
/// one is given. The caller waits for the rule's delay.
pub(crate) fn plan(rule: &Rule, answer: impl FnOnce(Option<&str>) -> Answer) -> Plan {
    if rule.reset {
        return Plan::Reset;
    }
    if rule.hang {
        return Plan::Hang;
    }
    let body = match (&rule.body, &rule.base64) {
        (Some(text), _) => Some(Content::from(text.as_str())),
        (None, Some(text)) => Some(Content::from(STANDARD.decode(text).unwrap_or_default())),
        (None, None) => None,
    };
    let status = rule.status.or(rule.redirect.as_ref().map(|_| 302));
    let mut answer = match (status, &rule.from) {
        // The answer that there would be is of no use.
        (Some(status), None) => Answer::text(status, format!("{}\n", reason(status))),
        (status, from) => {
            let answer = answer(from.as_deref());
            Answer { status: status.unwrap_or(answer.status), ..answer }
        }
    };
    if let Some(body) = body {
        answer.content = body;
    }
    if let Some(to) = &rule.redirect {
        answer.set("Location", to);
    }
    if !rule.replace.is_empty() {
        answer.content = replaced(&answer.content, rule).into();
    }
    if let Some(offset) = rule.flip {
        answer.content.flip(offset);
    }
    for (name, value) in &rule.header {
        answer.set(name, value);
    }
    for name in &rule.drop_header {
        answer.remove(name);
    }
    let drip = rule
        .drip
        .map(|bytes| (bytes.max(1), Duration::from_millis(rule.drip_ms.unwrap_or(10).into())));
    // Without a length and without chunks, the end of the connection is the end of the content;
    // declaring another length is not that.
    let drops_length =
        rule.drop_header.iter().any(|name| name.eq_ignore_ascii_case("content-length"));
    Plan::Deliver(Box::new(Delivery {
        answer,
        declare: rule.declare,
        truncate: rule.truncate,
        drip,
        unframed: drops_length && rule.declare.is_none(),
    }))
}

fn replaced(content: &Content, rule: &Rule) -> Vec<u8> {
    let mut bytes = content.to_vec(MAX_REPLACED);
    for (from, to) in rule.replace.iter().filter(|(from, _)| !from.is_empty()) {
        let mut out = Vec::with_capacity(bytes.len());
        let mut rest = bytes.as_slice();
        while let Some(at) = rest.windows(from.len()).position(|run| run == from.as_bytes()) {
            out.extend_from_slice(rest.get(..at).unwrap_or_default());
            out.extend_from_slice(to.as_bytes());
            rest = rest.get(at + from.len()..).unwrap_or_default();
        }
        out.extend_from_slice(rest);
        bytes = out;
    }
    bytes
}

impl Delivery {
    /// Whether the answer says in a header of its own how its content ends.
    fn frames_itself(&self) -> bool {
        self.answer.get("content-length").is_some() || self.chunked()
    }

    fn chunked(&self) -> bool {
        self.answer.get("transfer-encoding").is_some()
    }

    fn head(&self, keep: bool) -> String {
        let Answer { status, headers, content } = &self.answer;
        let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(*status));
        let mut put = |name: &str, value: &str| {
            // A header that would end the line is cut there: rules cannot forge heads by accident.
            let value = value.split(['\r', '\n']).next().unwrap_or_default();
            head.push_str(&format!("{name}: {value}\r\n"));
        };
        for (name, value) in headers {
            put(name, value);
        }
        let bodiless = matches!(status, 100..=199 | 204 | 304);
        if !bodiless && !self.unframed && !self.frames_itself() {
            put("Content-Length", &self.declare.unwrap_or(content.len()).to_string());
        }
        if !keep && self.answer.get("connection").is_none() {
            put("Connection", "close");
        }
        head.push_str("\r\n");
        head
    }

    /// Sends it. With `bodiless` the content stays away, as after a HEAD request.
    pub fn send(
        &self,
        out: &mut impl Write,
        keep: bool,
        bodiless: bool,
        stop: &Stop,
    ) -> Result<Sent, (u64, io::Error)> {
        let content = &self.answer.content;
        let bodiless = bodiless || matches!(self.answer.status, 100..=199 | 204 | 304);
        let true_length = self.declare.is_none_or(|declared| declared == content.len())
            && self.answer.get("content-length").is_none_or(|l| l == content.len().to_string());
        let length = if bodiless { 0 } else { content.len() };
        let end = self.truncate.map_or(length, |limit| length.min(limit));
        let whole = bodiless || (end == length && true_length);
        let framed = true_length && !self.unframed;
        let reusable = keep && whole && (framed || bodiless) && self.truncate.is_none();
        let fail = |sent: u64| move |error: io::Error| (sent, error);

        // The head does not announce that the body will be cut short.
        let mut head = self.head(keep && !self.unframed).into_bytes();
        if bodiless || end == 0 {
            if self.chunked() && whole && !bodiless {
                head.extend_from_slice(b"0\r\n\r\n");
            }
            out.write_all(&head).and_then(|()| out.flush()).map_err(fail(0))?;
            return Ok(Sent { bytes: 0, reusable, whole });
        }

        // 64 KiB: larger writes gain nothing on the loopback interface.
        let (piece, pause) = self.drip.map_or((64 << 10, None), |(n, t)| (n, Some(t)));
        let mut buffer = vec![0; usize::try_from(piece.min(64 << 10).min(end)).unwrap_or(1)];
        let mut sent = 0;
        // The head goes out at once, so that a client's limit for the first byte is not what a slow
        // body tests.
        if pause.is_some() {
            out.write_all(&std::mem::take(&mut head))
                .and_then(|()| out.flush())
                .map_err(fail(0))?;
        }
        while sent < end {
            if let Some(pause) = pause.filter(|_| sent > 0)
                && stop.sleep(pause)
            {
                return Ok(Sent { bytes: sent, reusable: false, whole: false });
            }
            let want = usize::try_from(end - sent).unwrap_or(usize::MAX).min(buffer.len());
            let n = content.read_at(sent, buffer.get_mut(..want).unwrap_or_default());
            let run = buffer.get(..n).unwrap_or_default();
            // The first piece goes out with the head.
            let mut message = std::mem::take(&mut head);
            if self.chunked() {
                message.extend_from_slice(format!("{n:x}\r\n").as_bytes());
                message.extend_from_slice(run);
                message.extend_from_slice(b"\r\n");
            } else if message.is_empty() {
                out.write_all(run).and_then(|()| out.flush()).map_err(fail(sent))?;
                sent += n as u64;
                continue;
            } else {
                message.extend_from_slice(run);
            }
            out.write_all(&message).and_then(|()| out.flush()).map_err(fail(sent))?;
            sent += n as u64;
        }
        if self.chunked() && whole {
            out.write_all(b"0\r\n\r\n").and_then(|()| out.flush()).map_err(fail(sent))?;
        }
        Ok(Sent { bytes: sent, reusable, whole })
    }
}
