//! Judges a case in an environment: computes checks and the verdict from its record.

use crate::golden::{self, Normalisers};
use std::collections::BTreeMap;
use twinproof_model::{Check, Exchange, Exhibit, GoldenResult, Normaliser, Verdict};
use twinproof_steps::{
    Blobs, Case, Checks, Evidence, GoldenStep, RunOutcome, RunRecord, Scope, Step, StepRecord,
};

/// A shared normaliser that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("normaliser `{name}`: {error}")]
pub struct NormaliserError {
    /// Its name.
    pub name: String,
    /// The error in its regular expression.
    pub error: regex::Error,
}

/// Computes verdicts from records.
pub struct Judge<'a> {
    normalisers: Normalisers,
    goldens: &'a BTreeMap<String, String>,
    blobs: &'a dyn Blobs,
}

/// The judgement of one record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Every check, in the order of the steps.
    pub checks: Vec<Check>,
    /// Requests and answers of steps whose checks do not all hold, by the step's index.
    pub exchanges: BTreeMap<usize, Exchange>,
    /// Goldens compared.
    pub goldens: Vec<GoldenResult>,
    /// Number of replacements by each normaliser.
    pub normalised: BTreeMap<String, u64>,
    /// Whether a step held only after a retry.
    pub flaky: bool,
    /// The row of the drift table: column → value.
    pub drift: BTreeMap<String, String>,
    /// Data for tables and pictures of reports.
    pub exhibits: Vec<Exhibit>,
    /// The text of the case's cell of a table; nothing where a value for it was not captured.
    pub cell: Option<String>,
    /// The harness's error, where there was one.
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
            // A run without a single check: it was driven, and decided nothing.
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

    /// Begins to judge a run, whose steps are given one by one.
    #[must_use]
    pub fn begin<'j>(
        &'j self,
        case: &'j Case,
        variables: &BTreeMap<String, String>,
    ) -> Judging<'j> {
        Judging {
            judge: self,
            case,
            scope: Scope::new(variables),
            steps: 0,
            judgement: Judgement::default(),
        }
    }

    /// All checks of a record. A record of a skipped run has none: its reason is its verdict.
    #[must_use]
    pub fn judge(&self, case: &Case, record: &RunRecord) -> Judgement {
        if matches!(record.outcome, RunOutcome::Skipped(_)) {
            return Judgement::default();
        }
        let mut judging = self.begin(case, &record.variables);
        for step in &record.steps {
            judging.step(record, step);
        }
        judging.end(&record.outcome)
    }
}

/// A run that is judged step by step, while it is driven or from its record.
pub struct Judging<'j> {
    judge: &'j Judge<'j>,
    case: &'j Case,
    scope: Scope,
    steps: usize,
    judgement: Judgement,
}

impl Judging<'_> {
    /// The variables as the next step sees them, captured values included.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Whether a try of a step holds, without taking it into account.
    #[must_use]
    pub fn holds(&self, record: &RunRecord, step: &StepRecord) -> bool {
        // Verdicts are ordered from harmless to alarming; `Pass` and what lies below it hold.
        self.checks(record, step).0.iter().all(|c| c.verdict <= Verdict::Pass)
    }

    /// Takes the next step into account; whether the steps after it still say something of the
    /// subject. `record` has it and the steps before it.
    pub fn step(&mut self, record: &RunRecord, step: &StepRecord) -> bool {
        self.steps += 1;
        // Records are read from disk: this one may be of another version of the suite.
        let Some(declared) = self.case.step.get(step.index) else {
            self.judgement.broken = Some(format!("the record has a step {}", step.index + 1));
            return false;
        };
        let (checks, golden, counts) = self.checks(record, step);
        let ends = declared.info().ends;
        // After a failed `exit` or `ready` later steps would only see consequences of it, and each
        // would be reported as a finding of its own.
        let ending = |check: &Check| {
            let name = check.id.rsplit('.').next().unwrap_or_default();
            check.verdict > Verdict::Pass && ends.contains(&name)
        };
        let goes_on = !checks.iter().any(ending);
        let evidence = Evidence { blobs: self.judge.blobs, scope: &self.scope };
        // Shown where a reader has to see what went wrong; the evidence holds all others.
        if checks.iter().any(|check| check.verdict > Verdict::Pass) {
            let exchange = declared.exchange(&step.observation, evidence);
            self.judgement.exchanges.extend(exchange.map(|exchange| (step.index, exchange)));
        }
        self.judgement.checks.extend(checks);
        self.judgement.goldens.extend(golden);
        for (name, count) in counts {
            *self.judgement.normalised.entry(name).or_default() += count;
        }
        // One row a case: the first step that has values for it fills it.
        if self.case.drift.is_some() && self.judgement.drift.is_empty() {
            let values = declared.drift(&step.observation, evidence);
            self.judgement.drift =
                values.into_iter().map(|(k, v)| (k, self.shortened(v))).collect();
        }
        let shown = declared.exhibits(&step.observation, evidence, step.micros / 1000);
        self.judgement.exhibits.extend(shown);
        self.judgement.flaky |= !step.failed_tries.is_empty();
        // After the step's own checks: a step does not refer to what it captures itself.
        let captured = declared.capture(&step.observation, evidence);
        self.scope.extend(captured);
        goes_on
    }

    /// Whether a check of the steps so far does not hold.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.judgement.checks.iter().any(|c| c.verdict > Verdict::Pass)
    }

    /// Ends the judgement of the whole run.
    #[must_use]
    pub fn end(mut self, outcome: &RunOutcome) -> Judgement {
        let judgement = &mut self.judgement;
        // Programs are part of a table only beside name servers.
        let has_server = |e: &Exhibit| matches!(e, Exhibit::NameServer { .. });
        if !judgement.exhibits.iter().any(has_server) {
            judgement.exhibits.retain(|e| !matches!(e, Exhibit::Ran { .. }));
        }
        if let RunOutcome::Broken { message } = outcome {
            judgement.broken.get_or_insert_with(|| message.clone());
        }
        let failed = judgement.checks.iter().any(|c| c.verdict > Verdict::Pass);
        // A run that failed in the end is not flaky, it is red.
        judgement.flaky &= !failed;
        let not_run = self.case.step.len() - self.steps.min(self.case.step.len());
        if not_run > 0 && !failed && judgement.broken.is_none() {
            judgement.checks.push(Check {
                id: "steps".into(),
                step: self.steps,
                verdict: Verdict::Inconclusive,
                expected: format!("{} steps", self.case.step.len()),
                actual: format!("{} steps in the record", self.steps),
                evidence: Vec::new(),
            });
        }
        let value = self.case.table.as_ref().map(|place| self.scope.expand(&place.value));
        self.judgement.cell = value.and_then(Result::ok).map(|value| self.shortened(value));
        self.judgement
    }

    /// The checks of a step, with the golden that it compares with.
    fn checks(
        &self,
        record: &RunRecord,
        step: &StepRecord,
    ) -> (Vec<Check>, Option<GoldenResult>, BTreeMap<String, u64>) {
        let name = self.case.step_name(step.index);
        match self.case.step.get(step.index) {
            None => (Vec::new(), None, BTreeMap::new()),
            // Judged here and not by its kind: it needs other steps' observations and the shared
            // normalisers.
            Some(Step::Golden(golden)) => {
                let (check, result, counts) = self.golden(golden, record, step.index);
                (vec![check], result, counts)
            }
            Some(declared) => {
                let evidence = Evidence { blobs: self.judge.blobs, scope: &self.scope };
                let mut checks = Checks::new(&name, step.index, evidence);
                declared.check(&step.observation, &mut checks);
                (checks.into_found(), None, BTreeMap::new())
            }
        }
    }

    fn golden(
        &self,
        golden: &GoldenStep,
        record: &RunRecord,
        index: usize,
    ) -> (Check, Option<GoldenResult>, BTreeMap<String, u64>) {
        let case = self.case;
        let mut counts = BTreeMap::new();
        let mut check = Check {
            id: format!("{}.golden", case.step_name(index)),
            step: index,
            verdict: Verdict::Inconclusive,
            expected: String::new(),
            actual: String::new(),
            evidence: Vec::new(),
        };
        // Inconclusive and no failure: nobody has declared what this environment is compared with.
        let Some(class) = &record.class else {
            check.expected = "a class for this environment".into();
            check.actual = "none of the classes fits".into();
            return (check, None, counts);
        };
        let name = golden::golden_name(case, golden, class);
        check.expected = format!("golden {name}");
        let evidence = Evidence { blobs: self.judge.blobs, scope: &self.scope };
        let normalisers = &self.judge.normalisers;
        let seen = golden::source(case, golden, record, evidence)
            .and_then(|t| normalisers.apply(&golden.normalize, t, &self.scope, &mut counts));
        let normalised = match seen {
            Ok(text) => text,
            Err(why) => {
                check.actual = why;
                return (check, None, counts);
            }
        };
        let mut equal = false;
        match self.judge.goldens.get(&name) {
            // A golden that nobody has accepted decides nothing about the subject.
            None => check.actual = "there is no such golden yet: cargo xtask bless".into(),
            Some(golden) => {
                let (want, seen) = (golden::trimmed(golden), golden::trimmed(&normalised));
                equal = want == seen;
                check.verdict = if equal { Verdict::Pass } else { Verdict::Fail };
                check.actual = match equal {
                    true => "equal".into(),
                    false => twinproof_steps::difference(want, seen),
                };
            }
        }
        (check, Some(GoldenResult { name, step: index, equal, normalised }), counts)
    }

    /// A value in which the run's own directories are shown by what they stand for.
    fn shortened(&self, mut value: String) -> String {
        // The work directory last: the other two lie in it.
        for (name, short) in [("home", "~"), ("tmp", "$TMP"), ("work", "$WORK")] {
            if let Some(dir) = self.scope.get(name).filter(|d| !d.is_empty()) {
                value = value.replace(dir, short);
            }
        }
        value
    }
}
