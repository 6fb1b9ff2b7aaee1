//! What the steps that start, ask and watch servers may say of themselves.

use crate::key::Reader;
use crate::node::{self, Node};
use crate::step::{bytes, conditions, sha256, timeout};
use std::ops::Range;
use twinproof_model::Rule;
use twinproof_steps::{
    Http, OriginStep, Raw, Requests, ScriptStep, StatusMatch, SubjectStep, SumdbStep,
};

/// Most requests made at the same time.
const MAX_TIMES: u32 = 1000;
/// What an `http` step can capture, besides `header.NAME`.
const HTTP_VALUES: [&str; 5] = ["status", "body", "size", "sha256", "h1"];

/// Checks an `origin` step.
pub(crate) fn origin(s: &OriginStep, body: &Node<'_>, reader: &mut Reader<'_>) {
    rules(&s.rule, "rule", body, reader);
    for table in node::elements(node::get(body, "module")) {
        reader.filled(table, &["path", "version"]);
        if let Some(version) = node::text(table, "version").filter(|v| !v.starts_with('v')) {
            let message = format!("`{}` is no version of a module", version.escape_debug());
            let draft = reader.draft("bad-version", &message, node::value_span(table, "version"));
            reader.add(draft.help("write it like `v1.2.3`"));
        }
    }
}

/// Checks a `subject` step.
pub(crate) fn subject(s: &SubjectStep, body: &Node<'_>, reader: &mut Reader<'_>) {
    rules(&s.mutant, "mutant", body, reader);
    timeout(s.timeout, body, reader);
    settings(body, reader);
}

/// Reports settings that no subject declares.
pub(crate) fn settings(table: &Node<'_>, reader: &mut Reader<'_>) {
    let set = node::get(table, "set").and_then(node::table);
    for key in set.into_iter().flat_map(|t| t.keys()) {
        let name: &str = key.get_ref().as_ref();
        if !reader.context.settings.contains(name) {
            let message = format!("unknown setting `{name}`");
            let draft = reader.draft("unknown-setting", &message, key.span());
            let valid = reader.context.settings.iter().map(String::as_str);
            reader.add(draft.label("no subject declares it").suggest(name, valid, "settings"));
        }
    }
}

/// Checks rules: each must do something, and its bytes must be some.
pub(crate) fn rules(rules: &[Rule], key: &str, body: &Node<'_>, reader: &mut Reader<'_>) {
    let tables = node::elements(node::get(body, key));
    for (rule, table) in rules.iter().zip(tables) {
        reader.filled(table, &["path"]);
        bytes(table, "base64", reader);
        let only_when = ["path", "method", "after", "times"];
        let mut keys = node::table(table).into_iter().flat_map(|t| t.keys());
        if keys.all(|key| only_when.contains(&key.get_ref().as_ref())) {
            let draft = reader.draft("no-effect", "this rule does nothing", table.span());
            reader.add(draft.help("give `status`, `body`, `truncate` or another fault"));
        }
        if let Some(n) = rule.status.filter(|n| !(100..=599).contains(n)) {
            bad_status(n, node::value_span(table, "status"), reader);
        }
        if rule.times == Some(0) {
            let message = "a rule that applies to no request";
            reader.add(reader.draft("no-effect", message, node::value_span(table, "times")));
        }
    }
}

fn bad_status(status: u16, span: Range<usize>, reader: &mut Reader<'_>) {
    let draft = reader.draft("bad-status", &format!("there is no status {status}"), span);
    reader.add(draft.help("write 100 to 599"));
}

fn status(status: Option<&StatusMatch>, body: &Node<'_>, reader: &mut Reader<'_>) {
    let Some(status) = status else { return };
    let span = node::value_span(body, "status");
    if status.all().is_empty() {
        reader.add(reader.draft("empty-list", "`status` is empty", span.clone()));
    }
    for n in status.all().iter().filter(|n| !(100..=599).contains(*n)) {
        bad_status(*n, span.clone(), reader);
    }
}

fn url(url: &str, body: &Node<'_>, reader: &mut Reader<'_>) {
    let scheme = ["http://", "https://", "${"].iter().any(|p| url.starts_with(p));
    if !scheme && node::text(body, "url").is_some() {
        let message = format!("`{}` is no address", url.escape_debug());
        let draft = reader.draft("bad-url", &message, node::value_span(body, "url"));
        reader.add(draft.help("begin it with `http://`, `https://` or a variable"));
    }
}

fn method(method: Option<&str>, body: &Node<'_>, reader: &mut Reader<'_>) {
    if let Some(method) = method
        && (method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase()))
    {
        let message = format!("`{}` is no method", method.escape_debug());
        reader.add(reader.draft("bad-method", &message, node::value_span(body, "method")));
    }
}

/// Checks the keys of requests that a control may have too.
pub(crate) fn inputs(body: &Node<'_>, reader: &mut Reader<'_>) {
    method(node::text(body, "method"), body, reader);
    settings(body, reader);
}

/// Checks conditions on headers: their texts, and that no header is named twice.
fn headers(body: &Node<'_>, reader: &mut Reader<'_>) {
    let mut seen: Vec<(String, Range<usize>)> = Vec::new();
    let headers = node::get(body, "header").and_then(node::table);
    for (key, value) in headers.into_iter().flat_map(|t| t.iter()) {
        conditions(Some(value), reader);
        let name = key.get_ref().to_ascii_lowercase();
        if let Some((_, first)) = seen.iter().find(|(n, _)| *n == name) {
            let message = format!("the header `{name}` is given twice");
            let draft = reader.draft("duplicate-key", &message, key.span());
            let spot = reader.spot(first.clone());
            reader.add(draft.other(spot, "the first"));
        }
        seen.push((name, key.span()));
    }
}

/// Checks an `http` step.
pub(crate) fn http(s: &Http, body: &Node<'_>, reader: &mut Reader<'_>) {
    url(&s.url, body, reader);
    status(s.status.as_ref(), body, reader);
    method(s.method.as_deref(), body, reader);
    timeout(s.timeout, body, reader);
    reader.filled(body, &["ca", "cert", "key"]);
    conditions(node::get(body, "body"), reader);
    conditions(node::get(body, "error"), reader);
    headers(body, reader);
    sha256(s.sha256.as_deref(), body, reader);
    if let Some(hash) = s.h1.as_deref().filter(|h| !h.starts_with("h1:") && !h.contains("${")) {
        let message = format!("`{}` is no h1 hash", hash.escape_debug());
        let draft = reader.draft("bad-h1", &message, node::value_span(body, "h1"));
        reader.add(draft.help("write it as in a go.sum file: `h1:…=`"));
    }
    if let Some(n) = s.times.filter(|n| !(2..=MAX_TIMES).contains(n)) {
        let draft =
            reader.draft("bad-times", &format!("{n} requests"), node::value_span(body, "times"));
        reader.add(draft.help(format!("write 2 to {MAX_TIMES}")));
    }
    for (one, other) in [("cert", "key"), ("key", "cert")] {
        if node::get(body, one).is_some() && node::get(body, other).is_none() {
            let message = format!("`{one}` without `{other}`");
            reader.add(reader.draft("missing-key", &message, node::key_span(body, one)));
        }
    }
    let asserted = ["status", "body", "header", "size", "sha256", "h1", "complete"];
    if s.error.is_some()
        && let Some(key) = asserted.iter().find(|k| node::get(body, k).is_some())
    {
        let message = "nothing can be asserted of an answer that must not come";
        let draft = reader.draft("contradiction", message, node::key_span(body, key));
        let spot = reader.spot(node::key_span(body, "error"));
        reader.add(draft.other(spot, "there must be no answer"));
    }
    for (name, value) in &s.capture {
        let header = value.strip_prefix("header.").is_some_and(|h| !h.is_empty());
        if let Some(found) = node::get(body, "capture").and_then(|c| node::get(c, name))
            && found.get_ref().is_str()
            && !header
            && !HTTP_VALUES.contains(&value.as_str())
        {
            let message = format!("an `http` step has no value `{value}`");
            let draft = reader.draft("unknown-value", &message, found.span());
            let valid = HTTP_VALUES.into_iter().chain(["header.NAME"]);
            reader.add(draft.suggest(value, valid, "valid values"));
        }
    }
}

/// Checks a `raw` step.
pub(crate) fn raw(s: &Raw, body: &Node<'_>, reader: &mut Reader<'_>) {
    url(&s.url, body, reader);
    status(s.status.as_ref(), body, reader);
    timeout(s.timeout, body, reader);
    bytes(body, "base64", reader);
    conditions(node::get(body, "body"), reader);
    headers(body, reader);
    if s.send.is_some() == s.base64.is_some() {
        let (message, span) = if s.send.is_some() {
            ("this `raw` step sends two things", node::key_span(body, "base64"))
        } else {
            ("this `raw` step does not say what it sends", body.span())
        };
        reader.add(reader.draft("raw-content", message, span).help("give `send` or `base64`"));
    }
    if s.piece == Some(0) {
        let message = "pieces of no bytes";
        reader.add(reader.draft("no-effect", message, node::value_span(body, "piece")));
    }
}

/// Checks a `requests` step.
pub(crate) fn requests(s: &Requests, body: &Node<'_>, reader: &mut Reader<'_>) {
    reader.filled(body, &["path"]);
    method(s.method.as_deref(), body, reader);
    headers(body, reader);
    if s.distinct {
        reader.listed(body, "targets", true);
    }
    if let (Some(least), Some(most)) = (s.at_least, s.at_most)
        && least > most
    {
        let message = format!("at least {least} and at most {most}");
        let draft = reader.draft("contradiction", &message, node::value_span(body, "at_most"));
        let spot = reader.spot(node::value_span(body, "at_least"));
        reader.add(draft.other(spot, "the least"));
    }
    for (target, span) in node::texts(node::get(body, "targets")) {
        let (method, path) = target.split_once(' ').unwrap_or(("", ""));
        if method.is_empty() || path.is_empty() {
            let message = format!("`{}` is no method and target", target.escape_debug());
            let draft = reader.draft("bad-target", &message, span);
            reader.add(draft.help("write it like `GET /example.com/a/@v/list`"));
        }
    }
}

/// Checks a `script` step.
pub(crate) fn script(s: &ScriptStep, body: &Node<'_>, reader: &mut Reader<'_>) {
    timeout(s.timeout, body, reader);
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'+');
    if s.script.is_empty() || !s.script.bytes().all(plain) {
        let message = format!("`{}` is no script's name", s.script.escape_debug());
        let draft = reader.draft("bad-name", &message, node::value_span(body, "script"));
        reader.add(draft.help("write the name of its file without `.txt`, like `mod_proxy_list`"));
    }
}

/// Checks a `sumdb` step.
pub(crate) fn sumdb(s: &SumdbStep, body: &Node<'_>, reader: &mut Reader<'_>) {
    url(&s.url, body, reader);
    timeout(s.timeout, body, reader);
    reader.filled(body, &["key", "module", "version"]);
    for key in ["lines", "size", "error"] {
        conditions(node::get(body, key), reader);
    }
    for (one, other) in [("module", "version"), ("version", "module"), ("lines", "module")] {
        if node::get(body, one).is_some() && node::get(body, other).is_none() {
            let message = format!("`{one}` without `{other}`");
            reader.add(reader.draft("missing-key", &message, node::key_span(body, one)));
        }
    }
    if s.error.is_some()
        && let Some(key) = ["lines", "size"].iter().find(|k| node::get(body, k).is_some())
    {
        let message = "nothing can be asserted of an answer that must be refused";
        let draft = reader.draft("contradiction", message, node::key_span(body, key));
        let spot = reader.spot(node::key_span(body, "error"));
        reader.add(draft.other(spot, "it must be refused"));
    }
}
