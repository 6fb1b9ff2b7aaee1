//! `artifact`: a file that a fixture's steps make on the host, put in place wherever the case runs.
//!
//! A binary is built on one machine and used on another. The steps of the fixture run on the host, once
//! in a run for all cases and environments that use it; the record has what each of them saw, so that
//! the judge holds them to their assertions wherever the file is used.

use super::process::{Go, ProcessObservation, Run};
use super::write::{Write, Wrote};
use crate::kind::{Kind, Seen};
use crate::lint::{self, Lint};
use crate::{Checks, Evidence, Input, Part, Row, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{BlobRef, Capability, Template, Verdict};
use twinproof_toml::node::{self, Node};

/// Puts a file in place that a fixture's steps make on the host, once in a run. It has permission bits
/// for running it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArtifactStep {
    /// A name for checks and controls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The fixture whose steps make it: `write`, `run` and `go` steps, without captures.
    pub fixture: String,
    /// The file that they make, right in their work directory.
    pub file: String,
    /// Path at which it is put; its own name when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<Template>,
    /// Capabilities of the host that making it needs. The case is unavailable on a host without
    /// one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Capability>,
    /// The steps of the fixture. The loader puts them here; a suite file has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub make: Vec<Make>,
}

/// A step that makes something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Make {
    /// Puts something in place.
    Write(Write),
    /// Runs a program.
    Run(Run),
    /// Runs the `go` command.
    Go(Go),
}

/// The observation of a step that makes something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Made {
    /// Something was put in place.
    Wrote(Wrote),
    /// A program ended.
    Process(ProcessObservation),
}

/// A file that was made, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// Native path where it was put.
    pub path: String,
    /// Its bytes; absent where it was not made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<BlobRef>,
    /// The variables of the steps that made it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// The observations of those steps, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<Made>,
}

impl Make {
    fn check(&self, seen: &Made, checks: &mut Checks<'_>) {
        match (self, seen) {
            (Self::Write(step), Made::Wrote(seen)) => step.check(seen, checks),
            (Self::Run(step), Made::Process(seen)) => step.check(seen, checks),
            (Self::Go(step), Made::Process(seen)) => step.check(seen, checks),
            // Only a record that was changed, or is of another version, has another kind's
            // observation here.
            _ => checks.push("evidence", Verdict::Inconclusive, "what the step saw", "other", &[]),
        }
    }
}

impl Kind for ArtifactStep {
    type Seen = Artifact;
    const EXAMPLE: &'static str =
        r#"{ artifact = { fixture = "library", file = "library.so", requires = ["mingw"] } }"#;
    const INPUTS: &'static [Input] = &[
        Input::text("file", "Another file that the fixture makes").checked(lint::filled),
        Input::text("path", "Another place").checked(lint::filled),
    ];
    const ENDS: &'static [&'static str] = &["made"];

    fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn needs_sdk(&self) -> bool {
        self.make.iter().any(|step| matches!(step, Make::Go(_)))
    }

    fn lint(&self, body: &Node<'_>, lint: &mut Lint<'_>) {
        lint::filled(body, "fixture", lint);
        if node::get(body, "make").is_some() {
            let message = "an `artifact` step has no steps of its own";
            let draft = lint.draft("artifact-steps", message, node::key_span(body, "make"));
            lint.add(draft.help("write them as a fixture, and name it in `fixture`"));
        }
        // The fixture runs on the host and the file goes into another environment, whose separator
        // may be another.
        if self.file.contains(['/', '\\']) {
            let message = "the file lies right in the work directory: its name has no separator";
            lint.add(lint.draft("artifact-file", message, node::value_span(body, "file")));
        }
    }

    fn check(&self, seen: &Artifact, checks: &mut Checks<'_>) {
        // The fixture ran on the host: its variables, not those of the environment that uses the
        // file.
        let scope = Scope::new(&seen.variables);
        let expected = format!("{} of the fixture {}", self.file, self.fixture);
        for (index, (step, made)) in self.make.iter().zip(&seen.made).enumerate() {
            let evidence = Evidence { scope: &scope, ..checks.evidence };
            let step_name = (index + 1).to_string();
            let mut inner = Checks::new(&step_name, index, evidence);
            step.check(made, &mut inner);
            // Only the first failure is reported: later steps of a fixture build on earlier
            // ones.
            if let Some(wrong) = inner.into_found().into_iter().find(|c| c.verdict > Verdict::Pass)
            {
                let actual = format!(
                    "step {} of the fixture, on the host: {}, not {}",
                    index + 1,
                    wrong.actual,
                    wrong.expected
                );
                let blobs: Vec<&BlobRef> = wrong.evidence.iter().collect();
                checks.push("made", wrong.verdict, expected, actual, &blobs);
                return;
            }
        }
        let whole = seen.made.len() == self.make.len();
        let actual = match &seen.content {
            Some(blob) => format!("{} bytes", blob.size),
            None => "the steps of the fixture did not make it".to_owned(),
        };
        checks.holds("made", whole && seen.content.is_some(), expected, actual);
    }
}

impl Seen for Artifact {
    fn rows(&self) -> Vec<Row<'_>> {
        let line = vec![
            Part::text("put "),
            Part::code(&self.path),
            Part::text(" in place, made on the host"),
        ];
        let made = self.made.iter().flat_map(|made| match made {
            Made::Wrote(seen) => seen.rows(),
            Made::Process(seen) => seen.rows(),
        });
        let mut rows = vec![Row::Line(line)];
        rows.extend(self.content.iter().map(|blob| Row::blob("file", blob)));
        rows.push(Row::Folded("How it was made".to_owned(), made.collect()));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::{Artifact, ArtifactStep, Made, Make};
    use crate::kinds::alone::checks;
    use crate::{ExitMatch, ProcessObservation, Run};
    use rstest::rstest;
    use twinproof_model::{BlobRef, Template, Verdict};

    fn blob() -> BlobRef {
        BlobRef { sha256: "0".repeat(64), size: 3 }
    }

    #[rstest]
    #[case::made(Some(0), true, Verdict::Pass)]
    #[case::a_step_failed(Some(1), true, Verdict::Fail)]
    #[case::nothing_there(Some(0), false, Verdict::Fail)]
    fn a_file_counts_only_as_its_fixture_says(
        #[case] exit: Option<i64>,
        #[case] there: bool,
        #[case] wanted: Verdict,
    ) {
        let run = Run { program: Template::literal("cc"), exit: ExitMatch(0), ..Run::default() };
        let step = ArtifactStep {
            fixture: "lib".into(),
            file: "a.so".into(),
            make: vec![Make::Run(run)],
            ..ArtifactStep::default()
        };
        let process = ProcessObservation {
            argv: vec!["cc".into()],
            cwd: "/w".into(),
            env: std::collections::BTreeMap::new(),
            exit,
            not_found: false,
            timed_out: false,
            limit_ms: 1,
            stdout: blob(),
            stderr: blob(),
            truncated: false,
        };
        let seen = Artifact {
            path: "/w/a.so".into(),
            content: there.then(blob),
            made: vec![Made::Process(process)],
            ..Artifact::default()
        };
        let found = checks(&step, &seen);
        assert_eq!(found.iter().map(|c| c.verdict).collect::<Vec<_>>(), [wanted]);
        let unmade = Artifact { made: Vec::new(), ..seen };
        assert_eq!(checks(&step, &unmade)[0].verdict, Verdict::Fail);
    }
}
