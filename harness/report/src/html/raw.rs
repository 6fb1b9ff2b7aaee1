//! Raw evidence within the page: what each step of a case saw, with its outputs, up to a limit for
//! each output and one for the page. What is left out is counted and linked.

use super::exchange::variables;
use super::parts::{bundle_link, code, hash, shown};
use crate::evidence::{Bundle, is_within};
use crate::text;
use maud::{Markup, html};
use std::fmt::Write as _;
use twinproof_model::{
    BlobRef, CaseResult, Observation, ProcessObservation, RunRecord, StepRecord,
};

/// How much of one output is shown, in bytes.
const BLOB: u64 = 16 * 1024;
/// How much of one output that is no text is shown, in bytes.
const BINARY: usize = 256;
/// The largest record that is read, in bytes.
const RECORD: u64 = 4 * 1024 * 1024;
/// Entries of a folder that are listed.
const ENTRIES: usize = 200;

/// What the page may still hold of raw evidence, in bytes.
pub struct Budget(u64);

impl Default for Budget {
    fn default() -> Self {
        Self(8 * 1024 * 1024)
    }
}

/// The raw evidence of a case; nothing where there is no record, or no room for it.
pub fn raw(case: &CaseResult, bundle: &dyn Bundle, budget: &mut Budget) -> Option<Markup> {
    if budget.0 == 0 || !is_within(&case.record) {
        return None;
    }
    let bytes = bundle.read(&case.record, RECORD + 1)?;
    if bytes.len() as u64 > RECORD {
        return Some(
            html! { p { "The record is larger than " (text::bytes(RECORD)) ": " (bundle_link(&case.record)) } },
        );
    }
    let record: RunRecord = match serde_json::from_slice(&bytes) {
        Ok(record) => record,
        Err(error) => {
            return Some(html! { p { "The record cannot be read: " (shown(&error.to_string())) } });
        }
    };
    let mut page = Page { bundle, budget };
    let markup = html! {
        @if record.redactions > 0 {
            p { (text::plural(record.redactions, "secret was", "secrets were")) " replaced in what is stored." }
        }
        @if !record.variables.is_empty() {
            details { summary { "Variables" }
                dl { @for (k, v) in &record.variables { dt { (shown(k)) } dd { (code(v)) } } } }
        }
        ol.steps { @for step in &record.steps { (page.step(step)) } }
        @for (name, blob) in &record.logs { (page.blob(name, blob)) }
    };
    page.budget.0 = page.budget.0.saturating_sub(markup.0.len() as u64);
    Some(markup)
}

/// The part of the page that shows one case's evidence.
pub struct Page<'a> {
    bundle: &'a dyn Bundle,
    budget: &'a mut Budget,
}

impl Page<'_> {
    fn step(&mut self, step: &StepRecord) -> Markup {
        html! {
            li value=(step.index + 1) {
                @for (at, tried) in step.failed_tries.iter().enumerate() {
                    details { summary { "Try " (at + 1) " failed" } (self.observation(tried)) }
                }
                (self.observation(&step.observation))
                p.muted { "took " (text::duration(step.micros)) }
            }
        }
    }

    fn observation(&mut self, seen: &Observation) -> Markup {
        match seen {
            Observation::Wrote { path, content } => html! {
                p { "wrote " (code(path)) }
                @if let Some(blob) = content { (self.blob("content", blob)) }
            },
            Observation::Env => html! { p { "changed variables" } },
            Observation::Process(process) => self.process(process),
            Observation::Entries { path, entries } => html! {
                p { "looked at " (code(path)) ": "
                    @if entries.is_empty() { "nothing is there" } @else { (text::plural(entries.len() as u64, "entry", "entries")) } }
                @if !entries.is_empty() {
                    ul.entries {
                        @for e in entries.iter().take(ENTRIES) {
                            li {
                                code { @if e.path.is_empty() { "." } @else { (text::line(&e.path)) } } " "
                                span.muted {
                                    (format!("{:?}", e.kind).to_lowercase()) ", " (text::bytes(e.size))
                                    @if let Some(mode) = e.mode { ", " (format!("{mode:04o}")) }
                                }
                                @if let Some(target) = &e.target { " → " (code(target)) }
                                @if let Some(sha256) = &e.sha256 { " " (hash(sha256)) }
                                @if let Some(blob) = &e.content { (self.blob("content", blob)) }
                            }
                        }
                    }
                    @if entries.len() > ENTRIES { p { "And " (entries.len() - ENTRIES) " more in the record." } }
                }
            },
            Observation::Origin { variables: given } => html! {
                p { "scripted the origin" }
                (variables("What it gives", given))
            },
            Observation::Subject(launch) => self.launch(launch),
            Observation::Http(exchange) => self.http(exchange),
            Observation::Raw(exchange) => self.raw_exchange(exchange),
            Observation::Requests { requests, error } => html! {
                p { "looked at the requests so far"
                    @if let Some(error) = error { ": " (code(error)) } }
                (self.blob("requests", requests))
            },
            Observation::Script(run) => self.script(run),
            Observation::Sumdb(answer) => self.sumdb(answer),
            Observation::Canary(c) => html! {
                p { "canary " (code(&c.nonce)) " written to " (code(&c.written)) ", looked for at " (code(&c.looked_at)) ": "
                    @match &c.seen { Some(seen) => { "found " (code(seen)) }, None => "nothing there" } }
            },
            Observation::Probe { process, values, error } => html! {
                @if let Some(error) = error { p { "the answer could not be read: " (code(error)) } }
                dl { @for (k, v) in values { dt { (shown(k)) } dd { (code(v)) } } }
                @if let Some(process) = process { (self.process(process)) }
            },
            Observation::Golden => html! { p { "compared with a golden" } },
        }
    }

    fn process(&mut self, p: &ProcessObservation) -> Markup {
        let ended = match p.exit {
            _ if p.not_found => "the program was not found".to_owned(),
            _ if p.timed_out => format!("killed at its limit of {} ms", p.limit_ms),
            Some(code) => format!("exit {code}"),
            None => "it could not be started".to_owned(),
        };
        html! {
            p { "ran " (code(&p.argv.join(" "))) " in " (code(&p.cwd)) ": " b { (ended) }
                @if p.truncated { ", output cut at its size limit" } }
            (self.blob("stdout", &p.stdout))
            (self.blob("stderr", &p.stderr))
            details {
                summary { "Arguments and environment (" (text::plural(p.env.len() as u64, "variable", "variables")) ")" }
                ol.argv start="0" { @for a in &p.argv { li { (code(a)) } } }
                dl { @for (k, v) in &p.env { dt { (shown(k)) } dd { (code(v)) } } }
            }
        }
    }

    /// The bytes, as text where they are text; what is left out is counted.
    pub(super) fn blob(&mut self, what: &str, blob: &BlobRef) -> Markup {
        if blob.size == 0 {
            return html! { p.muted { (what) ": empty" } };
        }
        let path = self.bundle.blob_path(blob);
        let limit = BLOB.min(self.budget.0);
        let bytes =
            if limit > 0 && is_within(&path) { self.bundle.read(&path, limit) } else { None };
        let (shown_bytes, body) = match &bytes {
            Some(bytes) => bytes_shown(bytes),
            None => (0, String::new()),
        };
        self.budget.0 = self.budget.0.saturating_sub(body.len() as u64);
        let rest = blob.size.saturating_sub(shown_bytes);
        html! {
            details open[shown_bytes > 0 && rest == 0 && blob.size < 2048] {
                summary { (what) ", " (text::bytes(blob.size)) ", " (hash(&blob.sha256)) }
                @if !body.is_empty() { pre { (body) } }
                @if rest > 0 { p.muted { "Not shown: " (text::bytes(rest)) "." } }
                p { (bundle_link(&path)) }
            }
        }
    }
}

/// How many bytes are shown, and how.
fn bytes_shown(bytes: &[u8]) -> (u64, String) {
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        // The cut may have gone through a character.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    };
    match valid.filter(|t| !t.contains('\0')) {
        Some(text) => (text.len() as u64, text::block(text).into_owned()),
        None => {
            let head = &bytes[..bytes.len().min(BINARY)];
            (head.len() as u64, dump(head))
        }
    }
}

/// Sixteen bytes a line: offset, hexadecimal, ASCII.
fn dump(bytes: &[u8]) -> String {
    let mut out = String::new();
    for (at, line) in bytes.chunks(16).enumerate() {
        let hex: Vec<_> = line.iter().map(|b| format!("{b:02x}")).collect();
        let ascii: String =
            line.iter().map(|b| if b.is_ascii_graphic() { char::from(*b) } else { '.' }).collect();
        let _ = writeln!(out, "{:06x}  {:<47}  {ascii}", at * 16, hex.join(" "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_as_text_and_bytes_as_bytes() {
        assert_eq!(bytes_shown("naïve\u{1b}[0m".as_bytes()), (10, "naïve␛[0m".to_owned()));
        assert_eq!(bytes_shown(&"naï".as_bytes()[..3]), (2, "na".to_owned()));
        let (count, dump) = bytes_shown(b"MZ\x90\x00<b>");
        assert_eq!(count, 7);
        assert_eq!(dump, format!("000000  {:<47}  MZ..<b>\n", "4d 5a 90 00 3c 62 3e"));
    }
}
