//! `http`: makes an HTTP request from the harness.

use super::exchange::{Connection, HttpVersion, StatusMatch, define_exchange, lint_exchange};
use crate::info::Captures;
use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::rows::plural;
use crate::{Checks, Evidence, Input, Item, Part, Row, Scope, shown, text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_base::shell::quote;
use twinproof_model::{BlobRef, Exchange, Template, TextMatch, ValueMatch, Verdict};
use twinproof_toml::node::{self, Node};

/// Most requests made at the same time.
const MAX_TIMES: u32 = 1000;

define_exchange! {
    /// Makes an HTTP request from the harness. Nothing is decoded, the target is sent as it is written, and
    /// redirects are not followed unless the subject's declaration says that it answers by them.
    Http {
        /// GET when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        method: Option<String>,
        /// Headers sent.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, Template>,
        /// The version of HTTP, which is also asserted; 1.1 when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        http: Option<HttpVersion>,
        /// Makes it this often at the same time, each on a connection of its own. All must be answered
        /// alike; the other assertions are about the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        times: Option<u32>,
        /// File with the client's certificate (PEM).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cert: Option<Template>,
        /// File with the key of the client's certificate (PEM).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        key: Option<Template>,
        /// The size of the body in bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        size: Option<u64>,
        /// The SHA-256 of the body, lower-case hexadecimal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sha256: Option<Template>,
        /// The `h1:` hash of the module zip that the body is, or of the go.mod file that it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        h1: Option<Template>,
        /// `false` where the answer must break off before its end; an answer that does is otherwise an
        /// error.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        complete: Option<bool>,
        /// There must be no answer, and this is a condition on the reason.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<TextMatch>,
        /// Values for later steps: name → `status`, `body`, `size`, `sha256`, `h1` or `header.NAME`.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        capture: BTreeMap<String, String>,
    }
}

/// One request and its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HttpExchange {
    /// The method.
    pub method: String,
    /// The address.
    pub url: String,
    /// The status code; absent when there was no answer.
    pub status: Option<u16>,
    /// The version of HTTP of the answer: `HTTP/1.1`, `HTTP/2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Headers received, names in lower case, values of one name joined by `, `.
    pub headers: BTreeMap<String, String>,
    /// The body, or its first bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BlobRef>,
    /// Whether `body` has only the first bytes of the body.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// Size of the whole body in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// SHA-256 of the whole body, before redaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The `h1:` hash of the body, where a check needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub h1: Option<String>,
    /// Why the body has no `h1:` hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub h1_error: Option<String>,
    /// Why there was no answer, or why it broke off where there is a status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The addresses that redirects led to, where the subject's declaration allows them; the answer is
    /// that of the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirects: Vec<String>,
    /// The answers to the other requests made at the same time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<HttpAnswer>,
}

/// The parts of an answer that are compared between requests made at the same time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HttpAnswer {
    /// The status code; absent when there was no answer.
    pub status: Option<u16>,
    /// Size of the body in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// SHA-256 of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Why there was no answer, or why it broke off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl HttpExchange {
    /// The parts that are compared with other answers.
    #[must_use]
    pub fn answer(&self) -> HttpAnswer {
        HttpAnswer {
            status: self.status,
            size: self.size,
            sha256: self.sha256.clone(),
            error: self.error.clone(),
        }
    }
}

impl Kind for Http {
    type Seen = HttpExchange;
    const EXAMPLE: &'static str = r#"{ http = { name = "list", url = "${proxy}/example.com/a/@v/list", status = 200, body = "v1.0.0\n" } }"#;
    const INPUTS: &'static [Input] = &[
        Input::text("url", "Another address").checked(lint::url),
        Input::text("method", "Another method").checked(lint::method),
        Input::table("headers", "Further headers sent"),
        Input::text("cert", "Another client's certificate"),
        Input::text("key", "Another key"),
    ];
    const SOURCES: &'static [&'static str] = &["body"];
    const CAPTURES: Captures =
        Captures::Names(&["status", "body", "size", "sha256", "h1", "header."]);

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        self.asserts_answer()
            || self.size.is_some()
            || self.sha256.is_some()
            || self.h1.is_some()
            || self.complete.is_some()
            || self.error.is_some()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        const ASSERTED: [&str; 7] =
            ["status", "body", "header", "size", "sha256", "h1", "complete"];
        lint_exchange(body, lint);
        lint.filled(body, &["cert", "key"]);
        lint::conditions(node::get(body, "error"), lint);
        lint::sha256(body, "sha256", lint);
        if let Some(hash) =
            self.h1.as_ref().filter(|h| !h.as_str().starts_with("h1:") && !h.has_variables())
        {
            let message = format!("`{}` is no h1 hash", hash.as_str().escape_debug());
            let draft = lint.draft("bad-h1", &message, node::value_span(body, "h1"));
            lint.add(draft.help("write it as in a go.sum file: `h1:…=`"));
        }
        if let Some(n) = self.times.filter(|n| !(2..=MAX_TIMES).contains(n)) {
            let message = format!("{n} requests");
            let draft = lint.draft("bad-times", &message, node::value_span(body, "times"));
            lint.add(draft.help(format!("write 2 to {MAX_TIMES}")));
        }
        lint::needs(body, &[("cert", "key"), ("key", "cert")], lint);
        if self.error.is_some() {
            let why = "nothing can be asserted of an answer that must not come";
            let said = (node::key_span(body, "error"), "there must be no answer");
            lint::excludes(body, &ASSERTED, why, said, lint);
        }
    }

    fn check(&self, seen: &HttpExchange, checks: &mut Checks<'_>) {
        let actual = seen.described();
        if let Some(wanted) = &self.error {
            let reason = match (&seen.status, &seen.error) {
                (None, Some(error)) => Ok(error.clone()),
                _ => Err((Verdict::Fail, format!("an answer: {actual}"))),
            };
            checks.text("error", wanted, reason, &[]);
            return;
        }
        self.check_complete(seen, &actual, checks);
        checks.status(self.status.as_ref(), seen.status, &actual);
        // TLS negotiates the version (ALPN), so that it may be another than the one asked for.
        if let Some(version) = self.http {
            let holds = seen.version.as_deref() == Some(version.as_str());
            let actual = seen.version.clone().unwrap_or_else(|| actual.clone());
            checks.holds("http", holds, version.as_str(), actual);
        }
        let missing = seen.status.is_none().then_some(actual.as_str());
        checks.headers(&self.header, &seen.headers, missing);
        // Size and hash of an answer that broke off are those of a part: nothing is concluded from
        // them.
        let broken = seen.error.is_some().then(|| actual.clone());
        if let Some(size) = self.size {
            let shown = match (&broken, seen.size) {
                (None, Some(size)) => format!("{size} bytes"),
                _ => actual.clone(),
            };
            let holds = broken.is_none() && seen.size == Some(size);
            checks.holds("size", holds, format!("{size} bytes"), shown);
        }
        let h1 = seen.h1.clone().or_else(|| seen.h1_error.clone());
        for (what, wanted, hash) in
            [("sha256", &self.sha256, seen.sha256.clone()), ("h1", &self.h1, h1)]
        {
            let Some(wanted) = wanted else { continue };
            let Some(wanted) = checks.expand(what, wanted) else { continue };
            let shown = broken.clone().or(hash).unwrap_or_else(|| actual.clone());
            checks.holds(what, shown == wanted, wanted, shown);
        }
        if let Some(wanted) = &self.body {
            let body = checks.body(seen.body.as_ref(), seen.cut, broken, &actual);
            let evidence: Vec<_> = seen.body.iter().collect();
            checks.text("body", wanted, body, &evidence);
        }
        if let Some(times) = self.times {
            check_alike(times, seen, checks);
        }
    }

    fn exchange(&self, seen: &HttpExchange, evidence: Evidence<'_>) -> Option<Exchange> {
        // For reading only: a variable without a value stays as it is written.
        let expand =
            |text: &Template| evidence.scope.expand(text).unwrap_or_else(|_| text.to_string());
        let sent: BTreeMap<_, _> =
            self.headers.iter().map(|(name, value)| (name.clone(), expand(value))).collect();
        let version = self.http.unwrap_or_default();
        let target = shown::target(&seen.url);
        let times = self.times.map(|n| format!("{n} times at once: ")).unwrap_or_default();
        let request = format!(
            "{times}{} {target} {}\n{}",
            seen.method,
            version.as_str(),
            shown::fields(&sent)
        );
        let response = match seen.status {
            None => seen.described(),
            Some(_) => {
                let version = seen.version.as_deref().unwrap_or("HTTP");
                let body = shown::content(seen.body.as_ref(), evidence);
                let fields = shown::fields(&seen.headers);
                format!("{version} {}\n{fields}\n{body}", seen.described())
            }
        };
        let repeat = Some(self.curl(seen, &sent, evidence.scope));
        Some(Exchange { request: shown::cut(&request), response, repeat })
    }

    fn capture(&self, seen: &HttpExchange, evidence: Evidence<'_>) -> BTreeMap<String, String> {
        let found = |what: &str| match what {
            "status" => seen.status.map(|s| s.to_string()),
            "size" => seen.size.map(|s| s.to_string()),
            "sha256" => seen.sha256.clone(),
            "h1" => seen.h1.clone(),
            "body" if !seen.cut => {
                let bytes = evidence.blobs.get(seen.body.as_ref()?)?;
                text::of_file(&bytes).map(|t| text::without_final_line_end(&t).to_owned())
            }
            _ => {
                let name = what.strip_prefix("header.")?;
                seen.headers.get(&name.to_ascii_lowercase()).cloned()
            }
        };
        self.capture.iter().filter_map(|(n, w)| Some((n.clone(), found(w)?))).collect()
    }

    fn golden(
        &self,
        _: &str,
        seen: &HttpExchange,
        evidence: Evidence<'_>,
    ) -> Result<String, String> {
        let blob = seen.body.as_ref().filter(|_| !seen.cut).ok_or("there is no whole body")?;
        text::of_file(&evidence.read(blob)?).ok_or_else(|| "it is not UTF-8".to_owned())
    }
}

impl Http {
    /// The request as a command line.
    fn curl(&self, seen: &HttpExchange, sent: &BTreeMap<String, String>, scope: &Scope) -> String {
        // Without these two options curl takes `..` out of a path and reads `[` and `{` as
        // patterns: it would send another request.
        let mut words = vec!["curl -sSi --path-as-is -g".to_owned()];
        match seen.method.as_str() {
            "GET" => {}
            "HEAD" => words.push("-I".to_owned()),
            method => words.push(format!("-X {}", quote(method))),
        }
        if self.http == Some(HttpVersion::Two) {
            let tls = seen.url.starts_with("https:");
            words.push(if tls { "--http2" } else { "--http2-prior-knowledge" }.to_owned());
        }
        for (name, value) in sent {
            words.push(format!("-H {}", shown::word(&format!("{name}: {value}"), scope)));
        }
        for (flag, file) in [("--cacert", &self.ca), ("--cert", &self.cert), ("--key", &self.key)] {
            let path = file.as_ref().map(|f| scope.expand(f).unwrap_or_else(|_| f.to_string()));
            words.extend(path.map(|path| format!("{flag} {}", quote(&path))));
        }
        let is_zip = |kind: &String| kind.starts_with("application/zip");
        if seen.headers.get("content-type").is_some_and(is_zip) {
            // A zip on a terminal is of no use; its headers are.
            words.push("-o answer.zip -D -".to_owned());
        }
        if !seen.redirects.is_empty() {
            words.push("-L".to_owned());
        }
        words.push(shown::word(&seen.url, scope));
        words.join(" ")
    }

    /// Whether the answer came to its end, where it began.
    fn check_complete(&self, seen: &HttpExchange, actual: &str, checks: &mut Checks<'_>) {
        let broke_off = seen.status.is_some() && seen.error.is_some();
        match self.complete {
            Some(false) => {
                checks.holds("complete", broke_off, "an answer that breaks off", actual);
            }
            Some(true) => {
                let whole = seen.status.is_some() && seen.error.is_none();
                checks.holds("complete", whole, "a whole answer", actual);
            }
            // An answer that breaks off fails every case that does not ask for one.
            None if broke_off => checks.holds("complete", false, "a whole answer", actual),
            None => {}
        }
    }
}

/// Whether all answers to requests made at the same time are one.
fn check_alike(times: u32, seen: &HttpExchange, checks: &mut Checks<'_>) {
    // Equal answers are counted together: the report shows what differed, and how often.
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let first = seen.answer();
    for answer in std::iter::once(&first).chain(&seen.others) {
        let shown = match (&answer.status, &answer.error) {
            (Some(status), None) => {
                let hash = answer.sha256.as_deref().unwrap_or_default();
                let hash = hash.get(..12).unwrap_or(hash);
                format!("{status}, {} bytes, SHA-256 {hash}…", answer.size.unwrap_or_default())
            }
            (Some(status), Some(error)) => format!("{status}, but {error}"),
            (None, error) => format!("no answer: {}", error.as_deref().unwrap_or("none came")),
        };
        *kinds.entry(shown).or_default() += 1;
    }
    let count = seen.others.len() + 1;
    let holds = kinds.len() == 1 && count == times as usize && first.error.is_none();
    let shown: Vec<_> = kinds.iter().map(|(what, n)| format!("{n} × {what}")).collect();
    checks.holds("alike", holds, format!("{times} equal answers"), shown.join("; "));
}

impl HttpExchange {
    /// The answer in a few words: its status, or why there is none.
    fn described(&self) -> String {
        match (&self.status, &self.error) {
            (Some(status), None) => status.to_string(),
            (Some(status), Some(error)) => format!("{status}, but {error}"),
            (None, Some(error)) => format!("no answer: {error}"),
            (None, None) => "no answer".to_owned(),
        }
    }
}

impl Seen for HttpExchange {
    fn rows(&self) -> Vec<Row<'_>> {
        let mut line = vec![
            Part::text("requested "),
            Part::code(format!("{} {}", self.method, self.url)),
            Part::text(": "),
        ];
        match (&self.status, &self.error) {
            (Some(status), _) => line.push(Part::strong(format!("status {status}"))),
            (None, Some(_)) => line.push(Part::text("no answer: ")),
            (None, None) => line.push(Part::text("no answer")),
        }
        if let Some(error) = &self.error {
            if self.status.is_some() {
                line.push(Part::text(", but "));
            }
            line.push(Part::code(error));
        }
        if let Some(version) = &self.version {
            line.push(Part::text(format!(", {version}")));
        }
        if let Some(size) = self.size {
            line.extend([Part::text(", body of "), Part::Size(size)]);
        }
        if let Some(sha256) = &self.sha256 {
            line.extend([Part::text(" "), Part::Hash(sha256)]);
        }
        if let Some(h1) = self.h1.as_ref().or(self.h1_error.as_ref()) {
            line.extend([Part::text(", "), Part::code(h1)]);
        }
        let mut rows = vec![Row::Line(line)];
        if !self.redirects.is_empty() {
            let mut way = vec![Part::text("by way of "), Part::code(self.redirects.join(", "))];
            way.push(Part::text(", where it was redirected"));
            rows.push(Row::Line(way));
        }
        rows.push(Row::Values(Some("Headers"), &self.headers));
        let title = if self.cut { "beginning of the body" } else { "body" };
        rows.extend(self.body.iter().map(|body| Row::blob(title, body)));
        if !self.others.is_empty() {
            let count = plural(self.others.len() as u64, "other request", "other requests");
            let list = Row::List(self.others.iter().map(HttpAnswer::item).collect());
            rows.push(Row::Folded(format!("Answers to {count} at the same time"), vec![list]));
        }
        rows
    }
}

impl HttpAnswer {
    fn item(&self) -> Item<'_> {
        let status = self.status.map_or_else(|| "no answer".to_owned(), |s| s.to_string());
        let mut line = vec![Part::text(status)];
        if let Some(size) = self.size {
            line.extend([Part::text(", "), Part::Size(size)]);
        }
        if let Some(sha256) = &self.sha256 {
            line.extend([Part::text(" "), Part::Hash(sha256)]);
        }
        if let Some(error) = &self.error {
            line.extend([Part::text(", "), Part::code(error)]);
        }
        Item { line, blob: None }
    }
}
