//! Raw evidence of exchanges with servers, within the page: requests and answers, launches, what
//! servers recorded.

use super::parts::{code, hash, shown};
use super::raw::Page;
use crate::text;
use maud::{Markup, html};
use std::collections::BTreeMap;
use twinproof_model::{HttpExchange, Launch, LaunchFailure, RawExchange, ScriptRun, SumdbAnswer};

impl Page<'_> {
    /// A request and its answer.
    pub(super) fn http(&mut self, x: &HttpExchange) -> Markup {
        html! {
            p { "requested " (code(&format!("{} {}", x.method, x.url))) ": "
                @match (&x.status, &x.error) {
                    (Some(status), None) => b { "status " (status) },
                    (Some(status), Some(error)) => { b { "status " (status) } ", but " (code(error)) },
                    (None, Some(error)) => { "no answer: " (code(error)) },
                    (None, None) => "no answer",
                }
                @if let Some(version) = &x.version { ", " (shown(version)) }
                @if let Some(size) = x.size { ", body of " (text::bytes(size)) }
                @if let Some(sha256) = &x.sha256 { " " (hash(sha256)) }
                @if let Some(h1) = x.h1.as_ref().or(x.h1_error.as_ref()) { ", " (code(h1)) } }
            (variables("Headers", &x.headers))
            @if let Some(body) = &x.body { (self.blob(if x.cut { "beginning of the body" } else { "body" }, body)) }
            @if !x.others.is_empty() {
                details { summary { "Answers to " (text::plural(x.others.len() as u64, "other request", "other requests")) " at the same time" }
                    ol { @for answer in &x.others { li {
                        @match answer.status { Some(status) => (status), None => "no answer" }
                        @if let Some(size) = answer.size { ", " (text::bytes(size)) }
                        @if let Some(sha256) = &answer.sha256 { " " (hash(sha256)) }
                        @if let Some(error) = &answer.error { ", " (code(error)) }
                    } } }
                }
            }
        }
    }

    /// Bytes sent as they are, and what came.
    pub(super) fn raw_exchange(&mut self, x: &RawExchange) -> Markup {
        html! {
            p { "sent bytes to " (code(&x.address)) ": "
                (text::plural(x.answers.into(), "answer", "answers"))
                @if let Some(status) = x.status { ", the first with " b { "status " (status) } }
                ", " (text::bytes(x.bytes)) " in all, the connection "
                @if x.closed { "closed" } @else { "open" } " at the end"
                @if x.timed_out { ", which the time limit was" }
                @if let Some(error) = &x.error { ": " (code(error)) } }
            (variables("Headers of the first answer", &x.headers))
            @if let Some(blob) = &x.sent { (self.blob("sent", blob)) }
            @if let Some(blob) = &x.received { (self.blob("received", blob)) }
        }
    }

    /// A subject's launch.
    pub(super) fn launch(&mut self, x: &Launch) -> Markup {
        html! {
            p { "launched " (shown(&x.name)) " " (shown(&x.version)) " at " (code(&x.url)) ": "
                @match &x.failure {
                    None => "ready",
                    Some(LaunchFailure::Ended { exit: Some(code) }) => { "it ended with exit code " (code) },
                    Some(LaunchFailure::Ended { exit: None }) => "it ended",
                    Some(LaunchFailure::Late { seconds, last }) => { "not ready after " (seconds) " s: " (code(last)) },
                } }
            @if !x.argv.is_empty() {
                details { summary { "Arguments and environment" }
                    ol.argv start="0" { @for a in &x.argv { li { (code(a)) } } }
                    dl { @for (k, v) in &x.env { dt { (shown(k)) } dd { (code(v)) } } } }
            }
            (variables("What it gives", &x.variables))
            @for (path, blob) in &x.files { (self.blob(path, blob)) }
            @if let Some(log) = &x.log { (self.blob("log", log)) }
        }
    }

    /// A script of cmd/go's tests, with its transcript.
    pub(super) fn script(&mut self, x: &ScriptRun) -> Markup {
        html! {
            p { "ran the script " (code(&x.script)) " with GOPROXY=" (code(&x.proxy)) ", the checksum database "
                @if x.database { "by way of the subject" } @else { "from the origin" } ": "
                @match &x.failure {
                    Some(f) => { "line " (f.line) " failed: " (code(&f.command)) ": " (f.message) },
                    None => { "passed, with " (text::plural(u64::from(x.go_runs), "run", "runs")) " of go" },
                } }
            (self.blob("transcript", &x.transcript))
        }
    }

    /// A checksum database's answer, as a verifying client sees it.
    pub(super) fn sumdb(&mut self, x: &SumdbAnswer) -> Markup {
        html! {
            p { "asked the checksum database " (code(&x.url)) ": "
                @match &x.error { Some(error) => { "refused: " (code(error)) }, None => "verified" }
                @if let Some(size) = x.size { ", head of " (text::plural(size, "record", "records")) }
                @if let Some(hash) = &x.hash { " " (code(hash)) } }
            @if let Some(lines) = &x.lines { ul.entries { @for line in lines { li { (code(line)) } } } }
        }
    }
}

/// Names and values, folded.
pub(super) fn variables(what: &str, values: &BTreeMap<String, String>) -> Markup {
    html! {
        @if !values.is_empty() {
            details { summary { (what) }
                dl { @for (k, v) in values { dt { (shown(k)) } dd { (code(v)) } } } }
        }
    }
}
