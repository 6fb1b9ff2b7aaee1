//! Raw evidence within the page: the observation of each step of a case, with its outputs, up to a
//! limit for each output and one for the page. Bytes left out are counted, and their file is
//! linked.

use super::parts::{bundle_link, code, hash, shown};
use crate::evidence::{Bundle, is_within};
use crate::text;
use maud::{Markup, html};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use twinproof_model::{BlobRef, CaseResult};
use twinproof_steps::{Observation, Part, Row, RunRecord, StepRecord};

/// The most bytes shown of an output.
const BLOB: u64 = 16 * 1024;
/// The most bytes shown of an output that is not text.
const BINARY: usize = 256;
/// The largest record that is read, in bytes.
const RECORD: u64 = 4 * 1024 * 1024;
/// Entries of a folder that are listed.
const ENTRIES: usize = 200;

/// Bytes of raw evidence that the page may still add.
pub struct Budget(u64);

impl Default for Budget {
    fn default() -> Self {
        // Pages of more than some ten megabytes open slowly, and mail servers refuse them.
        Self(8 * 1024 * 1024)
    }
}

/// The raw evidence of a case; nothing where there is no record, or no room for it.
pub fn raw(case: &CaseResult, bundle: &dyn Bundle, budget: &mut Budget) -> Option<Markup> {
    if budget.0 == 0 || !is_within(&case.record) {
        return None;
    }
    // One byte more than the limit shows whether the record is larger.
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
        (values_of(Some("Variables"), &record.variables))
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
        self.rows(&seen.rows())
    }

    fn rows(&mut self, rows: &[Row<'_>]) -> Markup {
        html! { @for row in rows { (self.row(row)) } }
    }

    fn row(&mut self, row: &Row<'_>) -> Markup {
        match row {
            Row::Line(parts) => html! { p { (line(parts)) } },
            Row::Values(title, values) => values_of(*title, values),
            Row::List(items) => html! {
                ul.entries {
                    @for item in items.iter().take(ENTRIES) {
                        li {
                            (line(&item.line))
                            @if let Some((title, blob)) = item.blob { (self.blob(title, blob)) }
                        }
                    }
                }
                @if items.len() > ENTRIES { p { "And " (items.len() - ENTRIES) " more in the record." } }
            },
            Row::Program { argv, env } => html! {
                ol.argv start="0" { @for a in *argv { li { (code(a)) } } }
                dl { @for (k, v) in *env { dt { (shown(k)) } dd { (code(v)) } } }
            },
            Row::Blob(title, blob) => self.blob(title, blob),
            Row::Folded(title, rows) => html! {
                details { summary { (title) } (self.rows(rows)) }
            },
        }
    }

    /// The bytes, as text where they are text; bytes left out are counted.
    fn blob(&mut self, what: &str, blob: &BlobRef) -> Markup {
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

/// The pieces of a line.
fn line(parts: &[Part<'_>]) -> Markup {
    html! {
        @for part in parts {
            @match part {
                Part::Text(text) => (shown(text)),
                Part::Code(text) => (code(text)),
                Part::Strong(text) => b { (shown(text)) },
                Part::Muted(text) => span.muted { (shown(text)) },
                Part::Size(bytes) => (text::bytes(*bytes)),
                Part::Hash(sha256) => (hash(sha256)),
            }
        }
    }
}

/// Names and values, folded where they have a title.
fn values_of(title: Option<&str>, values: &BTreeMap<String, String>) -> Markup {
    let list = html! { dl { @for (k, v) in values { dt { (shown(k)) } dd { (code(v)) } } } };
    html! {
        @if !values.is_empty() {
            @match title { Some(title) => details { summary { (title) } (list) }, None => (list) }
        }
    }
}

/// The number of bytes to show, and their text.
fn bytes_shown(bytes: &[u8]) -> (u64, String) {
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        // The cut may have gone through a character.
        // error_len is None exactly where the input ends within a character.
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
