//! The kinds of steps: the one list of them, and the functions that do not depend on the kind.
//!
//! A step is one table with one key, the kind: `{ go = { args = ["version"], exit = 0 } }`. Texts may
//! hold variables, `${name}`; `$${` stands for `${`. Paths are relative to the run's work directory
//! unless they begin with a variable; `/` is written everywhere and becomes the environment's own.

use crate::any_kind::AnyKind;
use crate::info::{Info, Variable};
use crate::kind::info_of;
use crate::kinds::*;
use crate::lint::Lint;
use crate::{Checks, Evidence, Observation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::variables::BUILT_IN;
use twinproof_model::{Exchange, Exhibit, Verdict};
use twinproof_toml::node::Node;

/// Declares the kinds.
macro_rules! steps {
    ($($(#[$doc:meta])* $variant:ident($payload:ty) = $kind:literal,)*) => {
        /// One typed action of a case.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
        pub enum Step {
            $($(#[$doc])* #[serde(rename = $kind)] $variant($payload),)*
        }

        impl Step {
            /// The static facts of each kind, in the order of this list.
            pub const KINDS: &'static [Info] = &[$(info_of::<$payload>($kind)),*];

            /// The static facts of its kind.
            #[must_use]
            pub fn info(&self) -> Info {
                match self {
                    $(Self::$variant(_) => const { info_of::<$payload>($kind) },)*
                }
            }

            fn any(&self) -> &dyn AnyKind {
                match self {
                    $(Self::$variant(step) => step,)*
                }
            }
        }
    };
}

steps! {
    /// Puts a file, a directory or a symbolic link in place.
    Write(Write) = "write",
    /// Runs a program.
    Run(Run) = "run",
    /// Runs the `go` command of the environment's SDK.
    Go(Go) = "go",
    /// Sets or unsets variables for the steps after it.
    Env(EnvStep) = "env",
    /// Looks at one file.
    File(FileStep) = "file",
    /// Looks at a directory with all that is in it.
    Tree(TreeStep) = "tree",
    /// Looks at the entries of an archive.
    Archive(ArchiveStep) = "archive",
    /// Checks configuration files as `config lint` does.
    Lint(LintStep) = "lint",
    /// Reads a configuration file as WSL does.
    Parse(ParseStep) = "parse",
    /// Describes a binary.
    Inspect(InspectStep) = "inspect",
    /// Explains why two binaries differ.
    Diff(DiffStep) = "diff",
    /// Does something in private namespaces of Linux.
    Lab(LabStep) = "lab",
    /// Reads a trace of programs.
    Trace(TraceStep) = "trace",
    /// Puts a file in place that a fixture makes on the host.
    Artifact(ArtifactStep) = "artifact",
    /// Rebuilds the executables of a Go release.
    Sdk(SdkStep) = "sdk",
    /// Starts or scripts the case's origin.
    Origin(OriginStep) = "origin",
    /// Launches the subject.
    Subject(SubjectStep) = "subject",
    /// Makes an HTTP request from the harness.
    Http(Http) = "http",
    /// Sends bytes as they are.
    Raw(Raw) = "raw",
    /// Looks at the requests that were made.
    Requests(Requests) = "requests",
    /// Asks a checksum database as a verifying client does.
    Sumdb(SumdbStep) = "sumdb",
    /// Records the work of a pipeline between two databases.
    History(HistoryStep) = "history",
    /// Runs a script of cmd/go's own tests against the subject.
    Script(ScriptStep) = "script",
    /// Proves that two paths lead to one file, or that they do not.
    Canary(Canary) = "canary",
    /// Compares with a golden.
    Golden(GoldenStep) = "golden",
    /// Asks a typed question.
    Probe(Probe) = "probe",
    /// Does the steps of a fixture.
    Use(Use) = "use",
}

impl Step {
    /// The kind, as suite files write it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.info().kind
    }

    /// The name given to it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.any().name()
    }

    /// Whether it asserts more than that a program ended with exit code 0.
    #[must_use]
    pub fn asserts(&self) -> bool {
        self.any().asserts()
    }

    /// Whether it cannot be driven without a Go SDK.
    #[must_use]
    pub fn needs_sdk(&self) -> bool {
        self.any().needs_sdk()
    }

    /// The SDK version that it names.
    #[must_use]
    pub fn sdk(&self) -> Option<&str> {
        self.any().sdk()
    }

    /// Number of times that a failed try is repeated.
    #[must_use]
    pub fn retries(&self) -> u32 {
        self.any().retries()
    }

    /// Reports mistakes beyond the types of its keys. `body` is its table.
    pub fn lint(&self, body: &Node<'_>, reader: &mut Lint<'_>) {
        self.info().lint_step(body, reader);
        self.any().lint(body, reader);
    }

    /// Compares its assertions with the observation.
    pub fn check(&self, seen: &Observation, checks: &mut Checks<'_>) {
        if !self.any().check(seen, checks) {
            let expected = format!("an observation of a {} step", self.kind());
            let actual = "an observation of another kind";
            checks.push("evidence", Verdict::Inconclusive, expected, actual, &[]);
        }
    }

    /// The request and the answer; nothing of kinds that send no request.
    #[must_use]
    pub fn exchange(&self, seen: &Observation, evidence: Evidence<'_>) -> Option<Exchange> {
        self.any().exchange(seen, evidence)
    }

    /// The values that later steps get from it. One that is not there is left out; the step that
    /// needs it then cannot be driven.
    #[must_use]
    pub fn capture(&self, seen: &Observation, evidence: Evidence<'_>) -> BTreeMap<String, String> {
        self.any().capture(seen, evidence)
    }

    /// The text that a golden of that source holds.
    ///
    /// # Errors
    /// When there is none: a sentence that says why.
    pub fn golden(
        &self,
        source: &str,
        seen: &Observation,
        evidence: Evidence<'_>,
    ) -> Result<String, String> {
        self.any().golden(source, seen, evidence)
    }

    /// The values that stand for the case in a drift table; none of most kinds.
    #[must_use]
    pub fn drift(&self, seen: &Observation, evidence: Evidence<'_>) -> BTreeMap<String, String> {
        self.any().drift(seen, evidence)
    }

    /// Data for tables and pictures of a report; most kinds have none. `millis` is the step's
    /// duration.
    #[must_use]
    pub fn exhibits(
        &self,
        seen: &Observation,
        evidence: Evidence<'_>,
        millis: u64,
    ) -> Vec<Exhibit> {
        self.any().exhibits(seen, evidence, millis)
    }
}

/// The variables that kinds of steps give, by kind; only kinds that give some.
pub fn gives() -> impl Iterator<Item = (&'static str, &'static [Variable])> {
    Step::KINDS.iter().map(|info| (info.kind, info.gives)).filter(|(_, gives)| !gives.is_empty())
}

/// Whether a variable of that name is given by the harness, in every run or by a step.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    let of_steps = gives().flat_map(|(_, gives)| gives);
    BUILT_IN.iter().chain(of_steps).any(|(reserved, _)| *reserved == name)
}

#[cfg(test)]
mod tests {
    use super::Step;

    #[test]
    fn example_of_each_kind_is_a_step_of_that_kind() {
        for info in Step::KINDS {
            let text = format!("step = {}", info.example);
            let mut parsed: std::collections::BTreeMap<String, Step> =
                toml::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", info.kind));
            assert_eq!(parsed.remove("step").unwrap().kind(), info.kind);
        }
    }

    #[test]
    fn kinds_are_listed_once() {
        let mut kinds: Vec<_> = Step::KINDS.iter().map(|info| info.kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds.len(), Step::KINDS.len());
    }
}
