//! `run` and `go`: start a program and look at how it ends.

use crate::checks::Sighted;
use crate::info::Captures;
use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::rows::plural;
use crate::{Checks, Evidence, Input, Part, Row, Scope, shown, text};
use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{BlobRef, Exchange, Exhibit, Template, TextMatch, Verdict};
use twinproof_toml::node::{self, Node};

/// An exact exit code. As in a shell, 128 + N stands for death by signal N.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ExitMatch(pub i64);

/// Passes the keys that all started programs share on to a macro, before its other arguments.
macro_rules! with_shared_keys {
    ($define:ident $($more:tt)*) => {
        $define! {
            {
                /// Arguments, each as it is.
                #[serde(default, skip_serializing_if = "Vec::is_empty")]
                args: Vec<Template>,
                /// Variables set for this program.
                #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
                env: BTreeMap<String, Template>,
                /// Variables taken away for this program.
                #[serde(default, skip_serializing_if = "Vec::is_empty")]
                unset: Vec<String>,
                /// Its current directory; the work directory when absent.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                cwd: Option<Template>,
                /// Its standard input; empty when absent.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                stdin: Option<Template>,
                /// Time limit in seconds; the suite's default when absent.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                timeout: Option<u32>,
                /// The exit code; 0 when absent.
                #[serde(default)]
                exit: ExitMatch,
                /// A condition on its standard output.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                stdout: Option<TextMatch>,
                /// A condition on its standard error.
                #[serde(default, skip_serializing_if = "Option::is_none")]
                stderr: Option<TextMatch>,
                /// Values for later steps: name → regular expression, anchored to one line of the
                /// standard output, whose first group is the value.
                #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
                capture: BTreeMap<String, String>,
                /// Tries after a failed one. Each is recorded; a late success is reported as flaky.
                #[serde(default, skip_serializing_if = "is_zero")]
                retries: u32,
            }
            $($more)*
        }
    };
}

/// Defines the shared keys as a type of their own.
macro_rules! define_process {
    ({ $($(#[$attribute:meta])* $key:ident: $type:ty,)* }) => {
        /// The keys that every step that starts a program has: its surroundings, its limits, its
        /// assertions.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        pub struct Process {
            $($(#[$attribute])* pub $key: $type,)*
        }
    };
}

/// Defines a kind of step that starts a program: the keys that only this kind has, its example, the
/// input of a control that only it has, and which SDK it needs.
macro_rules! define_kind {
    (
        { $($(#[$shared:meta])* $key:ident: $type:ty,)* }
        $(#[$doc:meta])* $name:ident { $($(#[$own:meta])* $own_key:ident: $own_type:ty,)* }
        $example:literal, $input:expr, { $($method:tt)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// A name for checks and controls.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub name: Option<String>,
            $($(#[$own])* pub $own_key: $own_type,)*
            $($(#[$shared])* pub $key: $type,)*
        }

        impl $name {
            /// The part that all started programs share.
            #[must_use]
            pub fn process(&self) -> Process {
                Process { $($key: self.$key.clone(),)* }
            }
        }

        impl Kind for $name {
            type Seen = ProcessObservation;
            const EXAMPLE: &'static str = $example;
            const INPUTS: &'static [Input] = &[
                Input::texts("args", "Other arguments"),
                Input::variables("env"),
                Input::unset("env"),
                $input,
                Input::text("cwd", "Another current directory").checked(lint::filled),
                Input::text("stdin", "Another standard input"),
            ];
            const SOURCES: &'static [&'static str] = &["stdout", "stderr"];
            const CAPTURES: Captures = Captures::LineRegex;
            const ENDS: &'static [&'static str] = &["exit"];

            fn name(&self) -> Option<&str> {
                self.name.as_deref()
            }

            fn asserts(&self) -> bool {
                // That a program ends with 0 is asserted of every step, and proves too little for a
                // case.
                self.exit.0 != 0 || self.stdout.is_some() || self.stderr.is_some()
            }

            $($method)*

            fn retries(&self) -> u32 {
                self.retries
            }

            fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
                lint::exit(body, "exit", lint);
                lint::timeout(body, "timeout", lint);
                lint::conditions(node::get(body, "stdout"), lint);
                lint::conditions(node::get(body, "stderr"), lint);
            }

            fn check(&self, seen: &ProcessObservation, checks: &mut Checks<'_>) {
                self.process().check(seen, checks);
            }

            fn exchange(
                &self,
                seen: &ProcessObservation,
                evidence: Evidence<'_>,
            ) -> Option<Exchange> {
                Some(seen.exchange(evidence))
            }

            fn capture(
                &self,
                seen: &ProcessObservation,
                evidence: Evidence<'_>,
            ) -> BTreeMap<String, String> {
                captured(&self.capture, seen, evidence)
            }

            fn golden(
                &self,
                source: &str,
                seen: &ProcessObservation,
                evidence: Evidence<'_>,
            ) -> Result<String, String> {
                output(source, seen, evidence)
            }

            fn exhibits(
                &self,
                seen: &ProcessObservation,
                _: Evidence<'_>,
                millis: u64,
            ) -> Vec<Exhibit> {
                vec![seen.ran(millis)]
            }
        }
    };
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

with_shared_keys! { define_process }

with_shared_keys! { define_kind
    /// Runs a program.
    Run {
        /// A path, or a name that is looked up on the environment's PATH.
        program: Template,
    }
    r#"{ run = { name = "greet", program = "${work}/hello${exe}", args = ["--to", "you"], stdout = "hello, you\n" } }"#,
    Input::text("program", "Another program").checked(lint::filled),
    {
        fn needs_sdk(&self) -> bool {
            // These are found on PATH, where the engine puts the SDK's `bin`.
            matches!(self.program.as_str(), "go" | "gofmt")
        }
    }
}

with_shared_keys! { define_kind
    /// Runs the `go` command of the environment's SDK.
    Go {
        /// The SDK's version; that of the subject when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sdk: Option<String>,
    }
    r#"{ go = { name = "build", args = ["build", "."], cwd = "hello", env = { CGO_ENABLED = "0" }, exit = 0 } }"#,
    Input::text("sdk", "Another SDK").checked(lint::go_version),
    {
        fn needs_sdk(&self) -> bool {
            true
        }

        fn sdk(&self) -> Option<&str> {
            self.sdk.as_deref()
        }
    }
}

/// A program and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessObservation {
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// Its current directory.
    pub cwd: String,
    /// Its whole environment.
    pub env: BTreeMap<String, String>,
    /// Its exit code; 128 + N for death by signal N; absent when it was killed at its time limit or
    /// could not be started.
    pub exit: Option<i64>,
    /// Whether the program was not found.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub not_found: bool,
    /// Whether it was killed at its time limit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timed_out: bool,
    /// The time limit, in milliseconds.
    pub limit_ms: u64,
    /// Its standard output.
    pub stdout: BlobRef,
    /// Its standard error.
    pub stderr: BlobRef,
    /// Whether an output went over its size limit and the rest was dropped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

impl Process {
    fn check(&self, seen: &ProcessObservation, checks: &mut Checks<'_>) {
        if !seen.ended(checks) {
            return;
        }
        let verdict = if seen.exit == Some(self.exit.0) { Verdict::Pass } else { Verdict::Fail };
        let mut actual =
            seen.exit.map_or_else(|| "no exit code".to_owned(), |c| format!("exit code {c}"));
        if verdict == Verdict::Fail
            && let Ok(bytes) = checks.bytes(&seen.stderr)
            && !bytes.is_empty()
        {
            let said = String::from_utf8_lossy(&bytes);
            actual = format!("{actual}, {}", text::shown(said.trim_end(), 400));
        }
        let expected = format!("exit code {}", self.exit.0);
        checks.push("exit", verdict, expected, actual, &[&seen.stdout, &seen.stderr]);
        for (what, wanted, blob) in
            [("stdout", &self.stdout, &seen.stdout), ("stderr", &self.stderr, &seen.stderr)]
        {
            let Some(wanted) = wanted else { continue };
            let sighted: Sighted = checks.bytes(blob).and_then(|bytes| {
                // The asserted text could be in the part that was cut off.
                if seen.truncated {
                    return Err((Verdict::Inconclusive, "it was cut at its size limit".to_owned()));
                }
                text::of_process(&bytes).ok_or((Verdict::Fail, "it is not UTF-8".to_owned()))
            });
            checks.text(what, wanted, sighted, &[blob]);
        }
    }
}

/// The values that lines of the standard output give.
fn captured(
    capture: &BTreeMap<String, String>,
    seen: &ProcessObservation,
    evidence: Evidence<'_>,
) -> BTreeMap<String, String> {
    let bytes = evidence.blobs.get(&seen.stdout);
    let Some(out) = bytes.as_deref().and_then(text::of_process) else { return BTreeMap::new() };
    let found = |pattern: &str| {
        let regex = Regex::new(&format!("^(?:{pattern})$")).ok()?;
        let groups = out.lines().find_map(|line| regex.captures(line))?;
        groups.get(1).map(|g| g.as_str().to_owned())
    };
    capture.iter().filter_map(|(n, p)| Some((n.clone(), found(p)?))).collect()
}

/// An output as text.
fn output(
    source: &str,
    seen: &ProcessObservation,
    evidence: Evidence<'_>,
) -> Result<String, String> {
    let blob = if source == "stdout" { &seen.stdout } else { &seen.stderr };
    text::of_process(&evidence.read(blob)?).ok_or_else(|| "it is not UTF-8".to_owned())
}

/// Whether a variable decides which servers a `go` command asks.
fn is_go_setting(name: &str) -> bool {
    // Folders of this run; a reader who repeats the command has others.
    const PLACES: [&str; 5] = ["GOROOT", "GOPATH", "GOCACHE", "GOMODCACHE", "GOENV"];
    (name.starts_with("GO") && !PLACES.contains(&name)) || name.starts_with("SSL_CERT_")
}

impl ProcessObservation {
    /// The setting or arguments of the program, how it ended, and how long it took.
    fn ran(&self, millis: u64) -> Exhibit {
        let arguments = || self.argv.get(1..).unwrap_or_default().join(" ");
        let proxy = self.env.get("GOPROXY").filter(|proxy| *proxy != "off");
        let result = match self.exit {
            Some(code) => format!("exit {code}"),
            None => "no end".to_owned(),
        };
        let setting = proxy.map_or_else(arguments, |proxy| format!("GOPROXY={proxy}"));
        Exhibit::Ran { setting, result, millis }
    }

    /// The program with its arguments, and its output.
    fn exchange(&self, evidence: Evidence<'_>) -> Exchange {
        let ended = match self.exit {
            _ if self.timed_out => format!("killed after {} ms", self.limit_ms),
            Some(code) => format!("exit code {code}"),
            None => "it did not start".to_owned(),
        };
        let mut response = ended;
        for (title, blob) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            let text = shown::content(Some(blob), evidence);
            if !text.is_empty() {
                response.push_str(&format!("\n{title}:\n{}", text.trim_end()));
            }
        }
        let line = self.command_line(evidence.scope);
        Exchange { request: self.argv.join(" "), response, repeat: Some(line) }
    }

    fn command_line(&self, scope: &Scope) -> String {
        let settings = self.env.iter().filter(|(name, _)| is_go_setting(name));
        let variables =
            settings.map(|(name, value)| shown::word(&format!("{name}={value}"), scope));
        let (program, args) = self.argv.split_first().map_or(("", &[][..]), |(p, a)| (p, a));
        // A reader who repeats the command has the program on PATH, not in this run's folders.
        let program = program.rsplit(['/', '\\']).next().unwrap_or_default();
        let words = args.iter().map(|arg| shown::word(arg, scope));
        let program = std::iter::once(shown::word(program, scope));
        variables.chain(program).chain(words).collect::<Vec<_>>().join(" ")
    }

    /// Whether the program ended by itself; adds a check that says so where it did not.
    pub(crate) fn ended(&self, checks: &mut Checks<'_>) -> bool {
        let evidence = [&self.stdout, &self.stderr];
        if self.timed_out {
            let expected = "an end within its time limit";
            let actual = format!("still running after {} ms, killed", self.limit_ms);
            // A busy machine is as likely a reason as the subject.
            checks.push("exit", Verdict::Inconclusive, expected, actual, &evidence);
        } else if self.not_found {
            let program = self.argv.first().map_or("", String::as_str);
            let actual = format!("there is no program {program}");
            checks.push("exit", Verdict::Fail, "a program", actual, &evidence);
        }
        !self.timed_out && !self.not_found
    }
}

impl Seen for ProcessObservation {
    fn rows(&self) -> Vec<Row<'_>> {
        let ended = match self.exit {
            _ if self.not_found => "the program was not found".to_owned(),
            _ if self.timed_out => format!("killed at its limit of {} ms", self.limit_ms),
            Some(code) => format!("exit {code}"),
            None => "it could not be started".to_owned(),
        };
        let mut line = vec![
            Part::text("ran "),
            Part::code(self.argv.join(" ")),
            Part::text(" in "),
            Part::code(&self.cwd),
            Part::text(": "),
            Part::strong(ended),
        ];
        if self.truncated {
            line.push(Part::text(", output cut at its size limit"));
        }
        let count = plural(self.env.len() as u64, "variable", "variables");
        vec![
            Row::Line(line),
            Row::blob("stdout", &self.stdout),
            Row::blob("stderr", &self.stderr),
            Row::Folded(
                format!("Arguments and environment ({count})"),
                vec![Row::Program { argv: &self.argv, env: &self.env }],
            ),
        ]
    }
}
