//! `lab`: private namespaces of Linux, in which the programs of the steps after it run: mounts, rules of
//! binfmt_misc, addresses and name servers that nobody else sees.

use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::{Checks, Evidence, Input, Item, Part, Row};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{Exhibit, Template, Verdict};
use twinproof_toml::node::{self, Node};

/// Does one thing in the case's lab, which the first such step makes. From then on `run` and `go` start
/// their programs in it, as root of its user namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Makes one call of mount(2): what is mounted `at` a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mount: Option<Template>,
    /// The mount point.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Template>,
    /// The type of its file system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fstype: Option<Template>,
    /// Flags of the call: `bind`, `rec`, `ro`, `remount`, `nosuid`, `nodev`, `noexec`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
    /// Writes this text with one call into a file that exists: `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<Template>,
    /// The file that is written; or the address, `http://HOST:PORT`, that a relay leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Template>,
    /// Gives the loopback interface this address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Template>,
    /// Starts a name server with these answers: name, or `*` for all others → an IPv4 address,
    /// `NXDOMAIN`, `SERVFAIL`, `REFUSED`, `NODATA`, or `DROP` for no answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub dns: BTreeMap<String, Template>,
    /// The address of the name server, port 53; 127.0.0.1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Template>,
    /// Listens there, `ADDRESS:PORT`, and passes connections on to a server outside: `to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay: Option<Template>,
    /// All questions that the name servers have got since the last such step, in any order:
    /// `SERVER TRANSPORT NAME TYPE`, with ` xN` behind one that came N times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Vec<Template>>,
    /// Seconds that lie at least between the first and the last of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
    /// Compares rules of binfmt_misc, mounts and routes as they were before the lab with what they are
    /// now: in the `host`, which must be as it was, or in the `lab`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchanged: Option<String>,
    /// The error that the kernel gives: `EROFS`. Success when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// The result of an action of the lab.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LabSight {
    /// The action, in words.
    pub done: String,
    /// The kernel's error, where it gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<LabRefusal>,
    /// The queries that the name servers received, in order, where the step asks for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<LabAsked>,
    /// The state of the system before the lab and now, where the step asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub states: Option<LabStates>,
}

/// An error of the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LabRefusal {
    /// Its name.
    pub errno: String,
    /// In the words of the system.
    pub message: String,
}

/// A question that a name server has got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LabAsked {
    /// `SERVER TRANSPORT NAME TYPE`.
    pub question: String,
    /// Milliseconds since the lab was made.
    pub millis: u64,
}

/// Two states of a system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LabStates {
    /// Before the lab was made.
    pub before: LabState,
    /// Now.
    pub now: LabState,
}

/// The parts of the system's state that a lab could change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LabState {
    /// Rules of binfmt_misc, `NAME: TEXT`.
    pub rules: Vec<String>,
    /// Mounts in the work directory, and of binfmt_misc.
    pub mounts: Vec<String>,
    /// Routes, and addresses of the loopback interface.
    pub routes: Vec<String>,
}

/// The keys that name the action; one of them must be there.
const ACTIONS: [&str; 7] = ["mount", "write", "address", "dns", "relay", "asked", "unchanged"];

impl Kind for LabStep {
    type Seen = LabSight;
    const EXAMPLE: &'static str = r#"{ lab = { mount = "tmpfs", at = "lab", fstype = "tmpfs" } }"#;
    const INPUTS: &'static [Input] = &[
        Input::text("mount", "Another thing that is mounted").checked(lint::filled),
        Input::text("at", "Another place where it is mounted").checked(lint::filled),
        Input::texts("flags", "Other flags of mount(2)"),
        Input::text("write", "Another text that is written"),
        Input::text("to", "Another file or address").checked(lint::filled),
        Input::text("address", "Another address").checked(lint::filled),
        Input::table("dns", "Further answers of the name server"),
        Input::text("on", "Another address of the name server").checked(lint::filled),
        Input::text("unchanged", "`host` or `lab`").checked(whose),
    ];
    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn asserts(&self) -> bool {
        self.error.is_some() || self.asked.is_some() || self.unchanged.is_some()
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        let given: Vec<&str> =
            ACTIONS.into_iter().filter(|key| node::get(body, key).is_some()).collect();
        match given.as_slice() {
            [_] => {}
            [] => {
                let draft =
                    lint.draft("no-effect", "this step does nothing in the lab", body.span());
                lint.add(draft.help(format!("give one of {}", ACTIONS.join(", "))));
            }
            [first, more @ ..] => {
                let said = (node::key_span(body, first), "this is one");
                lint::excludes(body, more, "a step does one thing in the lab", said, lint);
            }
        }
        let pairs = [("mount", "at"), ("at", "mount"), ("flags", "mount"), ("fstype", "mount")];
        lint::needs(body, &pairs, lint);
        lint::needs(body, &[("write", "to"), ("relay", "to"), ("on", "dns")], lint);
        lint::needs(body, &[("seconds", "asked")], lint);
        whose(body, "unchanged", lint);
    }

    fn check(&self, seen: &LabSight, checks: &mut Checks<'_>) {
        if let Some(wanted) = &self.asked {
            let counted = counted(&seen.asked);
            checks.list("asked", wanted, Ok(&counted), "questions", &[]);
            if let Some(seconds) = self.seconds {
                let span = span(&seen.asked);
                // A lower bound only: how much longer it takes depends on what else the machine
                // does.
                let holds = span >= u64::from(seconds) * 1000;
                let expected = format!("at least {seconds} s from the first question to the last");
                checks.holds("seconds", holds, expected, format!("{span} ms"));
            }
            return;
        }
        if self.unchanged.is_some() {
            let Some(states) = &seen.states else {
                let actual = "no states were recorded";
                checks.push("states", Verdict::Inconclusive, "two states", actual, &[]);
                return;
            };
            for (what, before, now) in states.pairs() {
                let expected = format!("as before: {}", shown(before));
                checks.holds(what, before == now, expected, shown(now));
            }
            return;
        }
        let actual = seen.error.as_ref().map_or("success", |error| &error.errno);
        // The name of the errno, not its text: that is translated by the C library.
        let wanted = self.error.as_deref().unwrap_or("success");
        let said = seen.error.as_ref().map(|error| format!("{actual}: {}", error.message));
        checks.holds("done", actual == wanted, wanted, said.unwrap_or_else(|| actual.to_owned()));
    }

    fn exhibits(&self, seen: &LabSight, _: Evidence<'_>, _: u64) -> Vec<Exhibit> {
        if !self.dns.is_empty() {
            return vec![Exhibit::NameServer { answers: seen.done.clone() }];
        }
        match self.asked {
            Some(_) => vec![Exhibit::Asked { questions: counted(&seen.asked) }],
            None => Vec::new(),
        }
    }
}

/// `host` or `lab`.
fn whose(table: &Node<'_>, key: &str, lint: &mut Lint<'_>) {
    let Some(text) = node::text(table, key).filter(|text| !["host", "lab"].contains(text)) else {
        return;
    };
    let message = format!("`{}` is no system with a state", text.escape_debug());
    let draft = lint.draft("bad-value", &message, node::value_span(table, key));
    lint.add(draft.help("write `host` or `lab`"));
}

/// Each question once, sorted, with ` xN` where it came N times.
fn counted(asked: &[LabAsked]) -> Vec<String> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for one in asked {
        *counts.entry(&one.question).or_default() += 1;
    }
    let mut all: Vec<String> = counts
        .into_iter()
        .map(|(question, count)| match count {
            1 => question.to_owned(),
            _ => format!("{question} x{count}"),
        })
        .collect();
    all.sort();
    all
}

/// Milliseconds from the first question to the last.
fn span(asked: &[LabAsked]) -> u64 {
    // Not the first and the last entry: parallel questions may be recorded out of order.
    let times = || asked.iter().map(|one| one.millis);
    times().max().unwrap_or_default() - times().min().unwrap_or_default()
}

impl LabStates {
    fn pairs(&self) -> [(&'static str, &Vec<String>, &Vec<String>); 3] {
        let (before, now) = (&self.before, &self.now);
        [
            ("rules", &before.rules, &now.rules),
            ("mounts", &before.mounts, &now.mounts),
            ("routes", &before.routes, &now.routes),
        ]
    }
}

fn shown(lines: &[String]) -> String {
    match lines {
        [] => "none".to_owned(),
        _ => lines.join("; "),
    }
}

impl Seen for LabSight {
    fn rows(&self) -> Vec<Row<'_>> {
        let mut line = vec![Part::text("in the lab: "), Part::code(&self.done)];
        if let Some(error) = &self.error {
            let text = format!("{} ({})", error.errno, error.message);
            line.extend([Part::text(": "), Part::strong(text)]);
        }
        let mut rows = vec![Row::Line(line)];
        let asked = self.asked.iter().map(|one| Item {
            line: vec![
                Part::code(&one.question),
                Part::text(format!(", {} ms after the lab began", one.millis)),
            ],
            blob: None,
        });
        rows.push(Row::List(asked.collect()));
        if let Some(states) = &self.states {
            rows.extend(states.pairs().into_iter().map(|(what, before, now)| {
                let change = if before == now { "as before" } else { "changed" };
                let text = format!("{what}: {change}, {} lines", now.len());
                Row::Line(vec![Part::text(text)])
            }));
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::{LabAsked, LabRefusal, LabSight, LabState, LabStates, LabStep};
    use crate::kinds::alone;
    use rstest::rstest;
    use serde_json::{Value, json};
    use twinproof_model::Verdict;

    fn asked(question: &str, millis: u64) -> LabAsked {
        LabAsked { question: question.to_owned(), millis }
    }

    fn refused() -> LabSight {
        let error = LabRefusal { errno: "EROFS".to_owned(), message: "read-only".to_owned() };
        LabSight { error: Some(error), ..LabSight::default() }
    }

    fn questions() -> LabSight {
        let all = [("a A", 10), ("a AAAA", 11), ("a A", 2010)];
        let asked = all.iter().map(|(question, millis)| asked(question, *millis)).collect();
        LabSight { asked, ..LabSight::default() }
    }

    fn changed(rule: &str) -> LabSight {
        let now = LabState { rules: vec![rule.to_owned()], ..LabState::default() };
        let before = LabState { rules: vec!["w: x".to_owned()], ..LabState::default() };
        LabSight { states: Some(LabStates { before, now }), ..LabSight::default() }
    }

    #[rstest]
    #[case(json!({"mount": "a", "at": "b", "error": "EROFS"}), refused(), true)]
    #[case(json!({"mount": "a", "at": "b", "error": "EPERM"}), refused(), false)]
    #[case(json!({"mount": "a", "at": "b"}), refused(), false)]
    #[case(json!({"mount": "a", "at": "b"}), LabSight::default(), true)]
    #[case(json!({"mount": "a", "at": "b", "error": "EROFS"}), LabSight::default(), false)]
    #[case(json!({"asked": ["a AAAA", "a A x2"]}), questions(), true)]
    #[case(json!({"asked": ["a AAAA", "a A"]}), questions(), false)]
    #[case(json!({"asked": []}), questions(), false)]
    #[case(json!({"asked": ["a"]}), LabSight::default(), false)]
    #[case(json!({"asked": ["a AAAA", "a A x2"], "seconds": 2}), questions(), true)]
    #[case(json!({"asked": ["a AAAA", "a A x2"], "seconds": 3}), questions(), false)]
    #[case(json!({"unchanged": "host"}), changed("w: x"), true)]
    #[case(json!({"unchanged": "host"}), changed("w: y"), false)]
    #[case(json!({"unchanged": "host"}), LabSight::default(), false)]
    fn each_assertion_holds_only_for_what_was_seen(
        #[case] step: Value,
        #[case] seen: LabSight,
        #[case] holds: bool,
    ) {
        let step: LabStep = serde_json::from_value(step).unwrap();
        let found = alone::checks(&step, &seen);
        assert!(!found.is_empty());
        assert_eq!(found.iter().all(|c| c.verdict == Verdict::Pass), holds, "{found:?}");
    }
}
