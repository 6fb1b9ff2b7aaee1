//! Results: the content of `results.json`. Every report is drawn from it and from nothing else.

use crate::{
    BlobRef, Capability, Claim, EnvironmentName, Exhibit, Expectation, Fingerprint, Level, Skip,
    Verdict,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A whole run, judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Results {
    /// Version of this format: 1.
    pub format: u32,
    /// Time, versions and arguments of the run.
    pub run: RunMeta,
    /// Totals; every reporter shows these.
    pub summary: Summary,
    /// Each environment that was selected, available or not.
    pub environments: Vec<EnvironmentResult>,
    /// Every claim of the registry that a selected suite decides.
    pub claims: Vec<Claim>,
    /// Every case in every environment: the absent and the inapplicable included.
    pub cases: Vec<CaseResult>,
    /// Controls, where they were asked for.
    #[serde(default)]
    pub controls: Vec<ControlOutcome>,
    /// Expectations and their outcome.
    #[serde(default)]
    pub expectations: Vec<ExpectationState>,
    /// Floors and whether they are met.
    #[serde(default)]
    pub floors: Vec<FloorResult>,
    /// Normalisers and how often each replaced something.
    #[serde(default)]
    pub normalisers: Vec<NormaliserUse>,
}

/// Where each case's control runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Controls {
    /// Nowhere.
    #[default]
    None,
    /// In the first environment of each kind that runs the case, and with every subject: a check that
    /// can fail in one image can fail in the others.
    Once,
    /// In every environment that runs the case.
    Everywhere,
}

/// Time, versions and arguments of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunMeta {
    /// Version of Twinproof.
    pub twinproof: String,
    /// Milliseconds since the Unix epoch at the start.
    pub started: i64,
    /// Wall-clock duration in milliseconds.
    pub millis: u64,
    /// The arguments of the invocation.
    pub arguments: Vec<String>,
    /// The subjects under test, `kind=value`.
    pub subjects: Vec<String>,
    /// Commit of the suites, where they are in a repository, and whether it had changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// SHA-256 over the suite files that were loaded.
    pub suites_sha256: String,
    /// The folder of suites, with `/`; relative to the current directory where it is below it.
    #[serde(default = "built_in_suites")]
    pub suites_folder: String,
    /// Whether the run was interrupted before its end.
    #[serde(default)]
    pub interrupted: bool,
    /// Whether optional claims and unavailable cases count too.
    #[serde(default)]
    pub strict: bool,
    /// Where controls were run.
    #[serde(default)]
    pub controls: Controls,
    /// Whether cases were filtered, so that floors do not apply.
    #[serde(default)]
    pub filtered: bool,
    /// How many times a secret was replaced in the evidence.
    #[serde(default)]
    pub redactions: u64,
}

impl RunMeta {
    /// A suite file as reports name it, so that a reader finds it from where the run was started.
    #[must_use]
    pub fn suite_file(&self, file: &str) -> String {
        format!("{}/{file}", self.suites_folder)
    }
}

/// Where a repository of Twinproof has its suites, which are the built-in ones too.
#[must_use]
pub fn built_in_suites() -> String {
    "suites".into()
}

/// Totals of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// How many case-environment pairs have each verdict. Every verdict is present.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// Their number.
    pub total: u64,
    /// The merged verdict.
    pub verdict: Option<Verdict>,
    /// Exit code of the run.
    pub exit_code: u8,
    /// Controls that turned red, as they must.
    pub controls_red: u64,
    /// Controls that stayed green.
    pub controls_green: u64,
    /// Controls that failed in another way than they must.
    pub controls_undriven: u64,
    /// Controls that were not run although their case was.
    #[serde(default)]
    pub controls_unavailable: u64,
    /// Why the exit code is what it is, in one line each.
    pub reasons: Vec<String>,
}

/// One environment of the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentResult {
    /// Its name.
    pub name: EnvironmentName,
    /// Why it is absent, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<Skip>,
    /// Why its driver does not work, where the environment is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// Whether the run requires it.
    #[serde(default)]
    pub required: bool,
    /// Its capabilities.
    #[serde(default)]
    pub capabilities: BTreeSet<Capability>,
    /// Its versions and hardware.
    #[serde(default)]
    pub fingerprint: Fingerprint,
    /// The equivalence class for goldens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The lines of its handshake.
    #[serde(default)]
    pub handshake: Vec<String>,
}

/// The result of a case in an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaseResult {
    /// The suite.
    pub suite: String,
    /// `suite/id`.
    pub case: String,
    /// Its title.
    pub title: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// The subject under test.
    pub subject: String,
    /// Claims it supports or refutes.
    pub claims: Vec<String>,
    /// The most binding level of its claims.
    pub level: Level,
    /// The verdict, expectations applied.
    pub verdict: Verdict,
    /// The reason why it did not run, where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip: Option<Skip>,
    /// The harness's error, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// Every check.
    pub checks: Vec<Check>,
    /// Requests and answers of the steps whose checks do not all hold: index of the step, from 0 →
    /// exchange.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exchanges: BTreeMap<usize, Exchange>,
    /// Whether it held only after a retry.
    #[serde(default)]
    pub flaky: bool,
    /// Duration in microseconds.
    pub micros: u64,
    /// Milliseconds since the Unix epoch when it began.
    pub started: i64,
    /// Suite file.
    pub file: String,
    /// Line of the case in it.
    pub line: usize,
    /// Column of the case in it.
    pub column: usize,
    /// The run's record within the bundle.
    pub record: String,
    /// The row of the drift table that it fills, and its values: label → value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub drift: BTreeMap<String, BTreeMap<String, String>>,
    /// Data for tables and pictures of reports, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exhibits: Vec<Exhibit>,
    /// The cell that it fills in a table of the report, where it fills one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<TableCell>,
    /// Its goldens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goldens: Vec<GoldenResult>,
}

/// A cell of a table in the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TableCell {
    /// The table's title.
    pub table: String,
    /// The row's.
    pub row: String,
    /// The column's.
    pub column: String,
    /// The cell's text where the case passes; empty where the case did not get so far.
    pub value: String,
}

/// One assertion and its verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// `STEP.WHAT`: `install.stdout`, `3.exit`.
    pub id: String,
    /// The step, from 0.
    pub step: usize,
    /// Its verdict, expectations applied.
    pub verdict: Verdict,
    /// The assertion.
    pub expected: String,
    /// The observed value, shortened for reading.
    pub actual: String,
    /// Evidence that it rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<BlobRef>,
}

/// What a step sent and received, shortened for reading, and how to do it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Exchange {
    /// The request with its headers, or the program with its arguments.
    pub request: String,
    /// The answer with its headers and body, or the program's output.
    pub response: String,
    /// A line for a POSIX shell that does it again. `$PROXY` and `$SUMDB` stand in it for the address
    /// of a subject that ended with the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeat: Option<String>,
}

/// A golden, compared with the observed text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GoldenResult {
    /// `suite/case[.name]@class`.
    pub name: String,
    /// The step, from 0.
    pub step: usize,
    /// Whether it is equal.
    pub equal: bool,
    /// The observed text, normalised; `bless` would store it.
    pub normalised: String,
}

/// A case's control in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ControlOutcome {
    /// `suite/id`.
    pub case: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// The verdict under the mutation; it must be `fail`.
    pub verdict: Verdict,
    /// Checks that turned red.
    pub red: Vec<String>,
    /// Whether the control did its work.
    pub ok: bool,
    /// The reason, where it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The run's record within the bundle.
    pub record: String,
}

/// An expectation and its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExpectationState {
    /// As declared.
    #[serde(flatten)]
    pub expectation: Expectation,
    /// Suite file that declares it.
    pub file: String,
    /// Its line there.
    pub line: usize,
    /// How many case-environment pairs it applied to.
    pub applied: u64,
    /// Whether it ended before the run.
    pub expired: bool,
}

/// A floor and whether it is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FloorResult {
    /// The suite.
    pub suite: String,
    /// The environment.
    pub environment: EnvironmentName,
    /// The committed number.
    pub floor: u64,
    /// The number of this run.
    pub actual: u64,
    /// Whether it holds, or does not apply.
    pub met: bool,
    /// Why it does not apply, where it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_applied: Option<String>,
}

/// A normaliser and how often it replaced something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NormaliserUse {
    /// Its name.
    pub name: String,
    /// Replacements over the whole run.
    pub replaced: u64,
}

impl Summary {
    /// Counts verdicts; the other fields are left for the caller.
    pub fn count(verdicts: impl IntoIterator<Item = Verdict>) -> Self {
        let mut summary = Self {
            verdicts: Verdict::ALL.into_iter().map(|v| (v, 0)).collect(),
            ..Self::default()
        };
        for v in verdicts {
            *summary.verdicts.entry(v).or_default() += 1;
            summary.total += 1;
            summary.verdict = Some(summary.verdict.map_or(v, |w| w.merge(v)));
        }
        summary
    }

    /// How many have this verdict.
    #[must_use]
    pub fn of(&self, verdict: Verdict) -> u64 {
        self.verdicts.get(&verdict).copied().unwrap_or(0)
    }
}
