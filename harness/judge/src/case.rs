//! One case in one environment: from its record to its checks and its verdict.

use crate::check::Checks;
use crate::golden::{self, Normalisers};
use crate::{Blobs, Scope, capture, text};
use std::collections::BTreeMap;
use twinproof_model::{
    Case, Check, GoldenResult, GoldenStep, Normaliser, Observation, RunOutcome, RunRecord, Step,
    StepRecord, Verdict,
};

/// A shared normaliser that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("normaliser `{name}`: {error}")]
pub struct NormaliserError {
    /// Its name.
    pub name: String,
    /// What is wrong with its regular expression.
    pub error: regex::Error,
}

/// Computes verdicts from records.
pub struct Judge<'a> {
    normalisers: Normalisers,
    goldens: &'a BTreeMap<String, String>,
    blobs: &'a dyn Blobs,
}

/// What the judge says of one record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Every check, in the order of the steps.
    pub checks: Vec<Check>,
    /// Goldens compared.
    pub goldens: Vec<GoldenResult>,
    /// How often each normaliser replaced something.
    pub normalised: BTreeMap<String, u64>,
    /// Whether a step held only after a retry.
    pub flaky: bool,
    /// The row of the drift table: column → value.
    pub drift: BTreeMap<String, String>,
    /// What broke, where the harness did.
    pub broken: Option<String>,
}

impl Judgement {
    /// The merged verdict of the checks; a driven case without checks decides nothing.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.broken.is_some() {
            return Verdict::HarnessError;
        }
        match Verdict::merge_all(self.checks.iter().map(|c| c.verdict)) {
            Verdict::NotApplicable => Verdict::Inconclusive,
            verdict => verdict,
        }
    }
}

impl<'a> Judge<'a> {
    /// A judge with the shared normalisers, the goldens by name, and the evidence.
    ///
    /// # Errors
    /// When a normaliser's regular expression is bad.
    pub fn new(
        normalisers: &[Normaliser],
        goldens: &'a BTreeMap<String, String>,
        blobs: &'a dyn Blobs,
    ) -> Result<Self, NormaliserError> {
        let normalisers = Normalisers::new(normalisers)
            .map_err(|(name, error)| NormaliserError { name, error })?;
        Ok(Self { normalisers, goldens, blobs })
    }

    /// The checks of one driven step. `record` holds it and the steps before it.
    #[must_use]
    pub fn step(
        &self,
        case: &Case,
        record: &RunRecord,
        step: &StepRecord,
        scope: &Scope,
    ) -> Vec<Check> {
        let name = case.step_name(step.index);
        let mut checks =
            Checks { step: &name, index: step.index, scope, blobs: self.blobs, found: Vec::new() };
        let Some(declared) = case.step.get(step.index) else { return Vec::new() };
        checks.step(declared, &step.observation);
        let mut found = checks.found;
        if let Step::Golden(golden) = declared {
            found.push(self.golden(case, golden, record, step.index, scope).0);
        }
        found
    }

    /// All checks of a record. A record of a skipped run has none: its reason is its verdict.
    #[must_use]
    pub fn judge(&self, case: &Case, record: &RunRecord) -> Judgement {
        let mut judgement = Judgement::default();
        match &record.outcome {
            RunOutcome::Skipped(_) => return judgement,
            RunOutcome::Broken { message } => judgement.broken = Some(message.clone()),
            RunOutcome::Driven => {}
        }
        let mut scope = Scope::new(&record.variables);
        for step in &record.steps {
            let Some(declared) = case.step.get(step.index) else {
                judgement.broken = Some(format!("the record has a step {}", step.index + 1));
                break;
            };
            if let Step::Golden(golden) = declared {
                let (check, result, counts) = self.golden(case, golden, record, step.index, &scope);
                judgement.checks.push(check);
                judgement.goldens.extend(result);
                for (name, count) in counts {
                    *judgement.normalised.entry(name).or_default() += count;
                }
            } else {
                judgement.checks.extend(self.step(case, record, step, &scope));
            }
            if case.drift.is_some()
                && judgement.drift.is_empty()
                && let (Step::Probe(probe), Observation::Probe { values, .. }) =
                    (declared, &step.observation)
            {
                judgement.drift = drift_row(probe.values.keys(), values, &scope);
            }
            judgement.flaky |= !step.failed_tries.is_empty();
            scope.extend(capture(declared, &step.observation, self.blobs));
        }
        let failed = judgement.checks.iter().any(|c| c.verdict > Verdict::Pass);
        judgement.flaky &= !failed;
        let undriven = case.step.len() - record.steps.len().min(case.step.len());
        if undriven > 0 && !failed && judgement.broken.is_none() {
            judgement.checks.push(Check {
                id: "steps".into(),
                step: record.steps.len(),
                verdict: Verdict::Inconclusive,
                expected: format!("{} steps", case.step.len()),
                actual: format!("{} steps in the record", record.steps.len()),
                evidence: Vec::new(),
            });
        }
        judgement
    }

    fn golden(
        &self,
        case: &Case,
        golden: &GoldenStep,
        record: &RunRecord,
        index: usize,
        scope: &Scope,
    ) -> (Check, Option<GoldenResult>, BTreeMap<String, u64>) {
        let mut counts = BTreeMap::new();
        let mut check = Check {
            id: format!("{}.golden", case.step_name(index)),
            step: index,
            verdict: Verdict::Inconclusive,
            expected: String::new(),
            actual: String::new(),
            evidence: Vec::new(),
        };
        let Some(class) = &record.class else {
            check.expected = "a class for this environment".into();
            check.actual = "none of the classes fits".into();
            return (check, None, counts);
        };
        let name = golden::golden_name(case, golden, class);
        check.expected = format!("golden {name}");
        let seen = golden::source(case, golden, record, self.blobs, scope)
            .and_then(|t| self.normalisers.apply(&golden.normalize, t, scope, &mut counts));
        let normalised = match seen {
            Ok(text) => text,
            Err(why) => {
                check.actual = why;
                return (check, None, counts);
            }
        };
        let seen = text::without_final_line_end(&normalised);
        let equal = match self.goldens.get(&name) {
            None => {
                check.actual = "there is no such golden yet: cargo xtask bless".into();
                false
            }
            Some(golden) => {
                let want = text::without_final_line_end(golden);
                check.verdict = if want == seen { Verdict::Pass } else { Verdict::Fail };
                check.actual =
                    if want == seen { "equal".into() } else { text::difference(want, seen) };
                want == seen
            }
        };
        (check, Some(GoldenResult { name, step: index, equal, normalised }), counts)
    }
}

/// The values that the probe asserts, with the run's own directories shown by what they stand for.
fn drift_row<'k>(
    keys: impl Iterator<Item = &'k String>,
    values: &BTreeMap<String, String>,
    scope: &Scope,
) -> BTreeMap<String, String> {
    let shorten = |value: &str| {
        let mut value = value.to_owned();
        for (name, short) in [("home", "~"), ("tmp", "$TMP"), ("work", "$WORK")] {
            if let Some(dir) = scope.get(name).filter(|d| !d.is_empty()) {
                value = value.replace(dir, short);
            }
        }
        value
    };
    keys.filter_map(|k| Some((k.clone(), shorten(values.get(k)?)))).collect()
}
