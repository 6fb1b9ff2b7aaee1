//! `trace`: a trace of strace or Process Monitor: which process started which, with which variables, and
//! which files were used in which order.

use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::{Checks, Evidence, Input, Item, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{Exhibit, Template, ValueMatch, glob_matches};
use twinproof_toml::node::Node;

/// Reads a trace: a log of strace, or a capture of Process Monitor as PML or CSV.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TraceStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The file: a path in the work directory, or a file beside the suite's where `suite` is set.
    pub path: Template,
    /// The file is beside the suite's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suite: bool,
    /// Every start of a program by another, each once, in any order: `PARENT > CHILD`, by names without
    /// paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<Vec<Template>>,
    /// The variable that `holds` is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// The variable in the environment of every program of that name: its value, or whether it is there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub holds: BTreeMap<String, ValueMatch>,
    /// Events that are there in this order, others between them: patterns for `OPERATION PATH RESULT`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<Template>,
    /// Patterns of operations of which there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub never: Vec<String>,
}

/// The parts of a trace that the step asserts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TraceSight {
    /// The file.
    pub path: String,
    /// Why it is no trace, where it is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// `PARENT > CHILD` of every start, each once, sorted.
    pub starts: Vec<String>,
    /// The programs, in order.
    pub processes: Vec<TracedProcess>,
    /// Events that a pattern of the step fits, in order, at most 1,000: `OPERATION PATH RESULT`.
    pub events: Vec<String>,
    /// All operations, each once, sorted.
    pub operations: Vec<String>,
}

/// A program of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TracedProcess {
    /// Its name without its path.
    pub name: String,
    /// The variable that the step asks of, where the program had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Its exit code, where the trace has its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i64>,
}

impl Kind for TraceStep {
    type Seen = TraceSight;
    const EXAMPLE: &'static str =
        r#"{ trace = { path = "log", starts = ["go > compile", "go > link"] } }"#;
    const INPUTS: &'static [Input] = &[
        Input::text("path", "Another path").checked(lint::filled),
        Input::text("variable", "Another variable").checked(lint::filled),
    ];

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        self.starts.is_some()
            || !self.holds.is_empty()
            || !self.order.is_empty()
            || !self.never.is_empty()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        lint::needs(body, &[("holds", "variable"), ("variable", "holds")], lint);
        lint.listed(body, "never", true);
    }

    fn check(&self, seen: &TraceSight, checks: &mut Checks<'_>) {
        if !checks.readable("trace", "a trace", seen.error.as_ref(), None) {
            return;
        }
        if let Some(wanted) = &self.starts {
            checks.list("starts", wanted, Ok(&seen.starts), "starts", &[]);
        }
        for (name, wanted) in &self.holds {
            let what = format!("holds.{name}");
            let mut ran = seen.processes.iter().filter(|p| p.name == *name).peekable();
            // Of no programs every condition would hold.
            if ran.peek().is_none() {
                checks.holds(&what, false, "a program of that name", "it did not run");
                continue;
            }
            let before = checks.count();
            for process in ran {
                checks.value(&what, wanted, process.value.as_deref(), "it is not set");
            }
            checks.merge_since(before);
        }
        if !self.order.is_empty() {
            self.check_order(seen, checks);
        }
        for pattern in &self.never {
            let found = seen.operations.iter().find(|operation| glob_matches(pattern, operation));
            let actual = found.map_or("none", String::as_str);
            checks.holds("never", found.is_none(), format!("no operation {pattern}"), actual);
        }
    }

    fn exhibits(&self, seen: &TraceSight, _: Evidence<'_>, _: u64) -> Vec<Exhibit> {
        let started = seen.starts.iter().filter_map(|start| {
            let (parent, child) = start.split_once(" > ")?;
            let variable = self.variable.as_ref().map(|name| {
                let ran = seen.processes.iter().find(|process| process.name == child);
                match ran.and_then(|process| process.value.as_ref()) {
                    Some(value) => format!("{name}={value}"),
                    None => format!("no {name}"),
                }
            });
            Some(Exhibit::Start { parent: parent.to_owned(), child: child.to_owned(), variable })
        });
        started.collect()
    }
}

impl TraceStep {
    /// Each pattern fits an event after the one that the pattern before it fits.
    fn check_order(&self, seen: &TraceSight, checks: &mut Checks<'_>) {
        let mut events = seen.events.iter();
        for (at, pattern) in self.order.iter().enumerate() {
            let Some(pattern) = checks.expand("order", pattern) else { return };
            // `any` stops behind the event that fits: the next pattern is looked for from there on.
            if !events.any(|event| glob_matches(&pattern, event)) {
                let there = seen.events.iter().any(|event| glob_matches(&pattern, event));
                let actual = match there {
                    true => "it is there, but not after those before it",
                    false => "there is none",
                };
                let expected = format!("event {} of the order: {pattern}", at + 1);
                checks.holds("order", false, expected, actual);
                return;
            }
        }
        let expected = format!("{} events in this order", self.order.len());
        checks.holds("order", true, expected, "as asserted");
    }
}

impl Seen for TraceSight {
    fn rows(&self) -> Vec<Row<'_>> {
        let mut line = vec![Part::text("trace "), Part::code(&self.path)];
        match &self.error {
            Some(error) => line.extend([Part::text(": "), Part::strong(error)]),
            None => {
                let counts = format!(
                    ": {} programs, {} kinds of operations",
                    self.processes.len(),
                    self.operations.len()
                );
                line.push(Part::text(counts));
            }
        }
        let starts =
            self.starts.iter().map(|start| Item { line: vec![Part::code(start)], blob: None });
        let events =
            self.events.iter().map(|event| Item { line: vec![Part::code(event)], blob: None });
        vec![
            Row::Line(line),
            Row::List(starts.collect()),
            Row::Folded("Events".to_owned(), vec![Row::List(events.collect())]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{TraceSight, TraceStep, TracedProcess};
    use crate::kind::Kind as _;
    use crate::kinds::alone;
    use rstest::rstest;
    use serde_json::{Value, json};
    use twinproof_model::Verdict;

    fn sight() -> TraceSight {
        let process = |name: &str, value: Option<&str>| TracedProcess {
            name: name.to_owned(),
            value: value.map(str::to_owned),
            exit: Some(0),
        };
        let texts = |all: &[&str]| all.iter().map(|&text| text.to_owned()).collect();
        TraceSight {
            path: "log".to_owned(),
            starts: texts(&["go > compile", "sh > go"]),
            processes: vec![
                process("go", None),
                process("go", None),
                process("compile", Some("/b")),
            ],
            events: texts(&["openat /h/env ok", "execve /c ok", "rename /a -> /b ok"]),
            operations: texts(&["execve", "openat", "rename"]),
            ..TraceSight::default()
        }
    }

    #[rstest]
    #[case(json!({"starts": ["sh > go", "go > compile"]}), true)]
    #[case(json!({"starts": ["sh > go"]}), false)]
    #[case(json!({"variable": "V", "holds": {"go": false, "compile": "/b"}}), true)]
    #[case(json!({"variable": "V", "holds": {"go": true}}), false)]
    #[case(json!({"variable": "V", "holds": {"link": false}}), false)]
    #[case(json!({"order": ["openat **/env *", "rename **"]}), true)]
    #[case(json!({"order": ["rename **", "openat **/env *"]}), false)]
    #[case(json!({"order": ["getenv **"]}), false)]
    #[case(json!({"never": ["getenv", "Query*"]}), true)]
    #[case(json!({"never": ["open*"]}), false)]
    fn each_assertion_holds_only_for_what_was_seen(#[case] mut step: Value, #[case] holds: bool) {
        step["path"] = json!("log");
        let step: TraceStep = serde_json::from_value(step).unwrap();
        assert!(step.asserts());
        let found = alone::checks(&step, &sight());
        assert!(!found.is_empty());
        assert_eq!(found.iter().all(|c| c.verdict == Verdict::Pass), holds, "{found:?}");
    }

    #[test]
    fn no_trace_fails_whatever_is_asserted() {
        let step: TraceStep =
            serde_json::from_value(json!({"path": "log", "never": ["getenv"]})).unwrap();
        let seen = TraceSight { error: Some("no trace".to_owned()), ..TraceSight::default() };
        let found = alone::checks(&step, &seen);
        assert!(found.iter().any(|c| c.verdict == Verdict::Fail), "{found:?}");
    }
}
