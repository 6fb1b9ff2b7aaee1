//! `raw`: sends bytes as they are and reads the answer.

use super::exchange::{Connection, StatusMatch, define_exchange, lint_exchange};
use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::rows::plural;
use crate::{Checks, Evidence, Input, Part, Row, shown};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{BlobRef, Exchange, Template, TextMatch, ValueMatch};
use twinproof_toml::node::{self, Node};

define_exchange! {
    /// Sends bytes as they are and reads what comes: until the other side closes, until the answers are
    /// complete (where `closed` is not asserted), or until the time limit. Of the address only host and
    /// port are used, and TLS where it is `https`.
    Raw {
        /// The text to send. Give this or `base64`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        send: Option<Template>,
        /// The bytes to send, as base64.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        base64: Option<String>,
        /// Sends it in pieces of this many bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        piece: Option<u32>,
        /// Milliseconds after each piece; after all of it when it is sent in one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pause_ms: Option<u32>,
        /// Closes the sending side when all is sent.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        half_close: bool,
        /// Number of answers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answers: Option<u32>,
        /// Whether the other side closes the connection before the time limit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        closed: Option<bool>,
    }
}

/// Bytes sent as they are, and the answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RawExchange {
    /// Host and port.
    pub address: String,
    /// The bytes that were sent, or the beginning of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<BlobRef>,
    /// The bytes that were received, or the beginning of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received: Option<BlobRef>,
    /// Number of bytes received.
    pub bytes: u64,
    /// Status code of the first answer.
    pub status: Option<u16>,
    /// Its headers, as in [`HttpExchange`].
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Its body, or the beginning of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BlobRef>,
    /// Number of answers, without interim ones (1xx).
    pub answers: u32,
    /// Whether the other side closed the connection.
    pub closed: bool,
    /// Whether the time limit ended it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timed_out: bool,
    /// The error that ended the exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Kind for Raw {
    type Seen = RawExchange;
    const EXAMPLE: &'static str = r#"{ raw = { name = "truncated", url = "${proxy}", send = "GET ${base}/%${end}", status = [400, 404, 410] } }"#;
    const INPUTS: &'static [Input] = &[
        Input::text("url", "Another address").checked(lint::url),
        Input::text("send", "Something else to send").instead_of(&["base64"]),
        Input::text("base64", "Other bytes").instead_of(&["send"]).checked(lint::bytes),
    ];

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        self.asserts_answer() || self.answers.is_some() || self.closed.is_some()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        lint_exchange(body, lint);
        if self.send.is_some() == self.base64.is_some() {
            let (message, span) = if self.send.is_some() {
                ("this `raw` step sends two things", node::key_span(body, "base64"))
            } else {
                ("this `raw` step does not say what it sends", body.span())
            };
            lint.add(lint.draft("raw-content", message, span).help("give `send` or `base64`"));
        }
        if self.piece == Some(0) {
            let message = "pieces of no bytes";
            lint.add(lint.draft("no-effect", message, node::value_span(body, "piece")));
        }
    }

    fn check(&self, seen: &RawExchange, checks: &mut Checks<'_>) {
        let after = match (&seen.error, seen.closed, seen.timed_out) {
            (Some(error), _, _) => error.clone(),
            (None, true, _) => "the connection was closed".to_owned(),
            (None, false, true) => "the connection was open at the time limit".to_owned(),
            (None, false, false) => "the connection was open".to_owned(),
        };
        let actual = match seen.status {
            Some(status) => status.to_string(),
            None if seen.bytes == 0 => format!("no answer; {after}"),
            None => format!("{} bytes that are no answer; {after}", seen.bytes),
        };
        checks.status(self.status.as_ref(), seen.status, &actual);
        let missing = seen.status.is_none().then_some(actual.as_str());
        checks.headers(&self.header, &seen.headers, missing);
        if let Some(answers) = self.answers {
            let counted = |count: u32| plural(count.into(), "answer", "answers");
            let shown = format!("{}; {after}", counted(seen.answers));
            checks.holds("answers", answers == seen.answers, counted(answers), shown);
        }
        if let Some(closed) = self.closed {
            let expected = if closed { "a closed connection" } else { "an open connection" };
            checks.holds("closed", seen.closed == closed, expected, after);
        }
        if let Some(wanted) = &self.body {
            let body = checks.body(seen.body.as_ref(), false, None, &actual);
            let evidence: Vec<_> = seen.body.iter().collect();
            checks.text("body", wanted, body, &evidence);
        }
    }

    fn exchange(&self, seen: &RawExchange, evidence: Evidence<'_>) -> Option<Exchange> {
        let sent = seen.sent.as_ref();
        let url = evidence.scope.expand(&self.url).unwrap_or_else(|_| self.url.to_string());
        // A longer command line is of no use to anybody.
        let short = sent.filter(|blob| blob.size <= REPEATED);
        let bytes = short.and_then(|blob| evidence.blobs.get(blob));
        let end = match (&seen.error, seen.closed) {
            (Some(error), _) => error.as_str(),
            (None, true) => "the connection was closed",
            (None, false) => "the connection was open at the end",
        };
        let received = shown::content(seen.received.as_ref(), evidence);
        Some(Exchange {
            request: shown::content(sent, evidence),
            response: format!("{received}\n({end})"),
            repeat: bytes.map(|bytes| repeated(&bytes, &url, evidence.scope)),
        })
    }
}

/// Longest bytes that a command line repeats.
const REPEATED: u64 = 4096;

/// The bytes as a command line: of `curl` where they are one plain GET, of `nc` otherwise.
fn repeated(bytes: &[u8], url: &str, scope: &crate::Scope) -> String {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    let head = text.strip_suffix("\r\n\r\n").and_then(|head| head.split_once("\r\n"));
    let plain = |fields: &str| {
        fields.split("\r\n").all(|f| f.starts_with("Host: ") || f == "Connection: close")
    };
    if let Some((line, fields)) = head
        && plain(fields)
        && let Some(target) = line.strip_prefix("GET ").and_then(|l| l.strip_suffix(" HTTP/1.1"))
        && target.bytes().all(|b| b.is_ascii_graphic())
    {
        let (target, url) = (shown::word(target, scope), shown::word(url, scope));
        // curl where it sends the same bytes, because everybody has it; else `printf` and `nc`.
        return format!("curl -sSi --request-target {target} {url}");
    }
    format!("{} | nc HOST PORT   # of {}", shown::printf(bytes), shown::word(url, scope))
}

impl Seen for RawExchange {
    fn rows(&self) -> Vec<Row<'_>> {
        let mut line = vec![
            Part::text("sent bytes to "),
            Part::code(&self.address),
            Part::text(format!(": {}", plural(self.answers.into(), "answer", "answers"))),
        ];
        if let Some(status) = self.status {
            line.extend([
                Part::text(", the first with "),
                Part::strong(format!("status {status}")),
            ]);
        }
        let end = if self.closed { "closed" } else { "open" };
        line.extend([
            Part::text(", "),
            Part::Size(self.bytes),
            Part::text(format!(" in all, the connection {end} at the end")),
        ]);
        if self.timed_out {
            line.push(Part::text(", which the time limit was"));
        }
        if let Some(error) = &self.error {
            line.extend([Part::text(": "), Part::code(error)]);
        }
        let mut rows =
            vec![Row::Line(line), Row::Values(Some("Headers of the first answer"), &self.headers)];
        rows.extend(self.sent.iter().map(|blob| Row::blob("sent", blob)));
        rows.extend(self.received.iter().map(|blob| Row::blob("received", blob)));
        rows
    }
}
