//! `requests`: looks at the requests that servers of ours received.

use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::{Checks, Evidence, Input, Part, Row, Scope, shown, text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use twinproof_model::{BlobRef, Exchange, Template, ValueMatch, Verdict, glob_matches};
use twinproof_toml::node::{self, Node};

/// The server whose requests are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskedOf {
    /// Those that the origin received.
    #[default]
    Origin,
    /// Those that the relay in front of the subject received.
    Subject,
}

impl AskedOf {
    /// The name used in suite files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Subject => "subject",
        }
    }
}

/// Looks at the requests that were made so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Of whom: the origin, or the subject.
    #[serde(default)]
    pub of: AskedOf,
    /// Only those whose target fits this pattern, in which `*` is any run of characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Template>,
    /// Only those with this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Counts and lists each method and target once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub distinct: bool,
    /// The number of requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// The least number of requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
    /// The greatest number of requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u64>,
    /// All of them as `METHOD target`, in any order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub targets: Option<Vec<Template>>,
    /// Conditions on headers of each of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub header: BTreeMap<String, ValueMatch>,
}

/// A request that a server of ours received.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeenRequest {
    /// The method.
    pub method: String,
    /// The target, as it came over the wire.
    pub target: String,
    /// Headers received, names in lower case, values of one name joined by `, `.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The status sent; absent when there was no answer.
    pub status: Option<u16>,
    /// Number of bytes of the body that were sent.
    pub bytes: u64,
    /// Microseconds from the request to the end of the answer.
    pub micros: u64,
    /// The fault that was applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// The requests made so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SeenRequests {
    /// A [`SeenRequest`] a line, as JSON.
    pub requests: BlobRef,
    /// Why there are none, where no origin or relay recorded requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl SeenRequest {
    /// Reads requests as evidence has them: one a line, as JSON.
    ///
    /// # Errors
    /// When the bytes are something else: a sentence that says so.
    pub fn read_all(bytes: &[u8]) -> Result<Vec<Self>, String> {
        let lines = bytes.split(|&b| b == b'\n').filter(|line| !line.is_empty());
        lines
            .map(serde_json::from_slice)
            .collect::<Result<_, _>>()
            .map_err(|e| format!("no list of requests: {e}"))
    }
}

impl Kind for Requests {
    type Seen = SeenRequests;
    const EXAMPLE: &'static str = r#"{ requests = { name = "asked", of = "origin", path = "/example.com/a/@v/*", count = 1 } }"#;
    const INPUTS: &'static [Input] = &[Input::text("path", "Another path").checked(lint::filled)];
    const SOURCES: &'static [&'static str] = &["requests"];

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        self.count.is_some()
            || self.at_least.is_some()
            || self.at_most.is_some()
            || self.targets.is_some()
            || !self.header.is_empty()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        lint::method(body, "method", lint);
        lint::headers(body, "header", lint);
        if self.distinct {
            lint.listed(body, "targets", true);
        }
        if let (Some(least), Some(most)) = (self.at_least, self.at_most)
            && least > most
        {
            let message = format!("at least {least} and at most {most}");
            let draft = lint.draft("contradiction", &message, node::value_span(body, "at_most"));
            let spot = lint.spot(node::value_span(body, "at_least"));
            lint.add(draft.other(spot, "the least"));
        }
        for (target, span) in node::texts(node::get(body, "targets")) {
            let (method, path) = target.split_once(' ').unwrap_or(("", ""));
            if method.is_empty() || path.is_empty() {
                let message = format!("`{}` is no method and target", target.escape_debug());
                let draft = lint.draft("bad-target", &message, span);
                lint.add(draft.help("write it like `GET /example.com/a/@v/list`"));
            }
        }
    }

    fn check(&self, seen: &SeenRequests, checks: &mut Checks<'_>) {
        let blob = &seen.requests;
        let all = match &seen.error {
            Some(error) => Err(error.clone()),
            None => {
                checks.bytes(blob).map_err(|(_, why)| why).and_then(|b| SeenRequest::read_all(&b))
            }
        };
        let fitting = match all.as_ref() {
            Ok(all) => self.fitting(all, checks.evidence.scope),
            Err(why) => Err(why.clone()),
        };
        let fitting = match fitting {
            Ok(fitting) => fitting,
            Err(why) => {
                let expected = "recorded requests";
                checks.push("requests", Verdict::Inconclusive, expected, why, &[blob]);
                return;
            }
        };
        let targets = self.targets(&fitting);
        self.check_count(&targets, blob, checks);
        if let Some(wanted) = &self.targets {
            checks.list("targets", wanted, Ok(&targets), "requests", &[blob]);
        }
        for (name, wanted) in &self.header {
            check_header_of_each(name, wanted, &fitting, blob, checks);
        }
    }

    fn exchange(&self, seen: &SeenRequests, evidence: Evidence<'_>) -> Option<Exchange> {
        let all = SeenRequest::read_all(&evidence.read(&seen.requests).ok()?).ok()?;
        let fitting = self.fitting(&all, evidence.scope).ok()?;
        let whom = match self.of {
            AskedOf::Origin => "What the upstream (the case's origin) was asked",
            AskedOf::Subject => "What the subject was asked",
        };
        let about = self.path.as_ref().map(|path| format!(", of {path}")).unwrap_or_default();
        let lines = fitting.iter().map(|request| {
            let status = request.status.map_or_else(|| "none".to_owned(), |s| s.to_string());
            format!("{} {}: answered {status}\n", request.method, request.target)
        });
        let response = shown::cut(&lines.collect::<String>());
        let none = if response.is_empty() { "nothing".to_owned() } else { response };
        Some(Exchange { request: format!("{whom}{about}"), response: none, repeat: None })
    }

    fn golden(
        &self,
        _: &str,
        seen: &SeenRequests,
        evidence: Evidence<'_>,
    ) -> Result<String, String> {
        let all = SeenRequest::read_all(&evidence.read(&seen.requests)?)?;
        let fitting = self.fitting(&all, evidence.scope)?;
        Ok(self.targets(&fitting).iter().map(|t| format!("{t}\n")).collect())
    }
}

impl Requests {
    /// The requests that the step is about.
    fn fitting<'r>(
        &self,
        seen: &'r [SeenRequest],
        scope: &Scope,
    ) -> Result<Vec<&'r SeenRequest>, String> {
        let path = self.path.as_ref().map(|p| scope.expand(p)).transpose();
        let path = path.map_err(|e| e.to_string())?;
        // `*` is any run of characters here, as in rules.
        let pattern = path.map(|p| p.replace('*', "**"));
        let fits = |request: &&SeenRequest| {
            self.method.as_ref().is_none_or(|m| *m == request.method)
                && pattern.as_ref().is_none_or(|p| glob_matches(p, &request.target))
        };
        Ok(seen.iter().filter(fits).collect())
    }

    /// `METHOD target` of each, sorted; each once where the step says so.
    fn targets(&self, fitting: &[&SeenRequest]) -> Vec<String> {
        let all = fitting.iter().map(|r| format!("{} {}", r.method, r.target));
        if self.distinct {
            return all.collect::<BTreeSet<_>>().into_iter().collect();
        }
        let mut all: Vec<_> = all.collect();
        // Requests of parallel downloads come in any order.
        all.sort();
        all
    }

    /// Checks the number of requests.
    fn check_count(&self, targets: &[String], blob: &BlobRef, checks: &mut Checks<'_>) {
        let count = targets.len() as u64;
        let shown = match targets {
            [] => "none".to_owned(),
            all => format!("{count}: {}", text::shown(&all.join(", "), 400)),
        };
        for (what, wanted, holds, words) in [
            ("count", self.count, self.count == Some(count), ""),
            ("at_least", self.at_least, self.at_least.is_some_and(|n| count >= n), "at least "),
            ("at_most", self.at_most, self.at_most.is_some_and(|n| count <= n), "at most "),
        ] {
            if let Some(wanted) = wanted {
                let verdict = if holds { Verdict::Pass } else { Verdict::Fail };
                let noun = if wanted == 1 { "request" } else { "requests" };
                let expected = format!("{words}{wanted} {noun}");
                checks.push(what, verdict, expected, shown.clone(), &[blob]);
            }
        }
    }
}

/// A condition on a header of every request.
fn check_header_of_each(
    name: &str,
    wanted: &ValueMatch,
    fitting: &[&SeenRequest],
    blob: &BlobRef,
    checks: &mut Checks<'_>,
) {
    // A condition on each of no requests would hold.
    if fitting.is_empty() {
        let what = format!("header.{name}");
        let expected = "a request with that header";
        checks.push(&what, Verdict::Fail, expected, "no request fits", &[blob]);
        return;
    }
    let before = checks.count();
    let one: BTreeMap<_, _> = [(name.to_owned(), wanted.clone())].into();
    for request in fitting {
        checks.headers(&one, &request.headers, None);
    }
    let Some((at, check)) = checks.merge_since(before) else { return };
    if check.verdict > Verdict::Pass
        && let Some(request) = fitting.get(at)
    {
        check.actual = format!("{} {}: {}", request.method, request.target, check.actual);
    }
    check.evidence.push(blob.clone());
}

impl Seen for SeenRequests {
    fn rows(&self) -> Vec<Row<'_>> {
        let mut line = vec![Part::text("looked at the requests so far")];
        if let Some(error) = &self.error {
            line.extend([Part::text(": "), Part::code(error)]);
        }
        vec![Row::Line(line), Row::blob("requests", &self.requests)]
    }
}
