//! Computes the results from the run manifest and the records.

use crate::case::{Judge, NormaliserError};
use crate::conclude::conclude;
use crate::run_manifest::{RunManifest, record_path};
use crate::{expect, floors};
use std::collections::{BTreeMap, HashMap};
use twinproof_model::{
    CaseResult, Check, ControlOutcome, EnvironmentName, EnvironmentResult, Level, NormaliserUse,
    Results, Summary, TableCell, Verdict,
};
use twinproof_steps::{Blobs, Case, RunOutcome, RunRecord};

/// Judges every record and draws up the results. Every case of the run manifest appears with every
/// environment of the run manifest that it names, whether there is a record or not.
///
/// # Errors
/// When a shared normaliser cannot be used.
pub fn assemble(
    manifest: &RunManifest,
    records: &[RunRecord],
    blobs: &dyn Blobs,
) -> Result<Results, NormaliserError> {
    let judge = Judge::new(&manifest.normalisers, &manifest.goldens, blobs)?;
    let by_cell: HashMap<(&str, &EnvironmentName, bool), &RunRecord> =
        records.iter().map(|r| ((r.case.as_str(), &r.environment, r.control), r)).collect();
    let levels: HashMap<&str, Level> =
        manifest.claims.iter().map(|c| (c.id.as_str(), c.level)).collect();
    // Every normaliser begins at 0, so that one that replaced nothing is in the report, too.
    let mut normalised: BTreeMap<String, u64> =
        manifest.normalisers.iter().map(|n| (n.name.clone(), 0)).collect();
    let mut cases = Vec::new();
    let mut controls = Vec::new();
    for case in &manifest.cases {
        let key = case.key();
        let named =
            |e: &&EnvironmentResult| case.environments.iter().any(|s| e.name.selected_by(s));
        for environment in manifest.environments.iter().filter(named) {
            let record = by_cell.get(&(key.as_str(), &environment.name, false)).copied();
            let result = one(&judge, case, environment, record, &levels, &mut normalised);
            if let Some(record) = by_cell.get(&(key.as_str(), &environment.name, true)) {
                controls.extend(control(&judge, case, record, &result));
            }
            cases.push(result);
        }
    }
    // The day of the run, not of the judging: a bundle is judged alike in ten years.
    let today = day_of(manifest.run.started);
    let expectations =
        expect::apply(&manifest.expectations, today, &manifest.environments, &mut cases);
    let floors =
        floors::check(&manifest.floors, &manifest.environments, &cases, manifest.run.filtered);
    let normalisers =
        normalised.into_iter().map(|(name, replaced)| NormaliserUse { name, replaced }).collect();
    let mut run = manifest.run.clone();
    run.redactions = records.iter().map(|r| r.redactions).sum();
    let mut results = Results {
        format: 1,
        run,
        summary: Summary::count(cases.iter().map(|c| c.verdict)),
        environments: manifest.environments.clone(),
        claims: manifest.claims.clone(),
        cases,
        controls,
        expectations,
        floors,
        normalisers,
    };
    conclude(&mut results);
    Ok(results)
}

fn one(
    judge: &Judge<'_>,
    case: &Case,
    environment: &EnvironmentResult,
    record: Option<&RunRecord>,
    levels: &HashMap<&str, Level>,
    normalised: &mut BTreeMap<String, u64>,
) -> CaseResult {
    // The path is given even without a record: a reader then knows which file is missing.
    let key = case.key();
    // The strictest of its claims: a case that decides a MUST may not be waved through for a MAY.
    let level = case.claims.iter().filter_map(|c| levels.get(c.as_str())).min();
    let mut result = CaseResult {
        suite: case.suite.clone(),
        case: key.clone(),
        title: case.title.clone(),
        environment: environment.name.clone(),
        subject: record.map(|r| r.subject.clone()).unwrap_or_default(),
        claims: case.claims.clone(),
        level: level.copied().unwrap_or(Level::Must),
        verdict: Verdict::Inconclusive,
        skip: None,
        broken: None,
        checks: Vec::new(),
        exchanges: BTreeMap::new(),
        flaky: false,
        micros: record.map_or(0, |r| r.micros),
        started: record.map_or(0, |r| r.started),
        file: case.file.clone(),
        line: case.line,
        column: case.column,
        record: record_path(&key, &environment.name, false),
        drift: BTreeMap::new(),
        exhibits: Vec::new(),
        cell: case.table.as_ref().map(|place| TableCell {
            table: place.title.clone(),
            row: place.row.clone().unwrap_or_else(|| environment.name.to_string()),
            column: place.column.clone().unwrap_or_else(|| environment.name.to_string()),
            value: String::new(),
        }),
        goldens: Vec::new(),
    };
    // Every planned run writes a record, so a missing one is the harness's fault, not the subject's.
    let Some(record) = record else {
        result.verdict = Verdict::HarnessError;
        result.broken = Some("there is no record of this run".into());
        return result;
    };
    if let RunOutcome::Skipped(skip) = &record.outcome {
        result.verdict = skip.verdict();
        result.skip = Some(skip.clone());
        return result;
    }
    let judgement = judge.judge(case, record);
    result.verdict = judgement.verdict();
    result.broken = judgement.broken;
    result.checks = judgement.checks;
    result.exchanges = judgement.exchanges;
    result.flaky = judgement.flaky;
    result.exhibits = judgement.exhibits;
    result.goldens = judgement.goldens;
    if let (Some(cell), Some(value)) = (&mut result.cell, judgement.cell) {
        cell.value = value;
    }
    if let (Some(row), false) = (&case.drift, judgement.drift.is_empty()) {
        result.drift.insert(row.clone(), judgement.drift);
    }
    // Controls are not counted: a normaliser that replaces something only in them is unused.
    for (name, count) in judgement.normalised {
        *normalised.entry(name).or_default() += count;
    }
    result
}

/// A control did its work when the mutated case fails, by the check that it names if it names one. A
/// check that was red before the change proves nothing, so a control whose case fails in the same way
/// has no outcome.
fn control(
    judge: &Judge<'_>,
    case: &Case,
    record: &RunRecord,
    before: &CaseResult,
) -> Option<ControlOutcome> {
    // A case that was skipped has no control; where only the control was, its reason is reported.
    if before.skip.is_some() {
        return None;
    }
    let was_red = |id: &str| before.checks.iter().any(|c| c.id == id && c.verdict == Verdict::Fail);
    let turns_red_before = case.control.turns.as_deref().is_some_and(was_red);
    // A check that is red already cannot turn red: such a control shows nothing.
    if turns_red_before || before.verdict == Verdict::Fail && case.control.turns.is_none() {
        return None;
    }
    let key = case.key();
    let mut outcome = ControlOutcome {
        record: record_path(&key, &record.environment, true),
        case: key,
        environment: record.environment.clone(),
        verdict: Verdict::Inconclusive,
        red: Vec::new(),
        ok: false,
        problem: None,
    };
    if let RunOutcome::Skipped(skip) = &record.outcome {
        outcome.verdict = Verdict::Unavailable;
        outcome.problem = Some(skip.to_string());
        return Some(outcome);
    }
    let mutated = match case.under_control() {
        Ok(mutated) => mutated,
        Err(error) => {
            outcome.problem = Some(error.to_string());
            return Some(outcome);
        }
    };
    // The record has what the changed step did, so the changed case's checks are the ones to apply.
    let judgement = judge.judge(&mutated, record);
    outcome.verdict = judgement.verdict();
    let turned = |c: &&Check| c.verdict == Verdict::Fail && !was_red(&c.id);
    let failed = judgement.checks.iter().filter(turned);
    outcome.red = failed.map(|c| c.id.clone()).collect();
    outcome.problem = match (&case.control.turns, outcome.verdict) {
        // Looked at before the verdict: a control that is red by another check than the one it
        // names does not prove that this one can fail.
        (Some(check), _) if !outcome.red.contains(check) => {
            Some(format!("check {check} did not turn red"))
        }
        (_, Verdict::Fail) => None,
        (_, Verdict::Pass) => Some("it stayed green".into()),
        (_, verdict) => Some(judgement.broken.unwrap_or_else(|| format!("it is {verdict}"))),
    };
    outcome.ok = outcome.problem.is_none();
    Some(outcome)
}

/// The day of a time in milliseconds since the Unix epoch, in UTC.
fn day_of(millis: i64) -> jiff::civil::Date {
    // Only a run manifest that was edited by hand has a time out of range; reading it must not
    // panic.
    let time = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::Offset::UTC.to_datetime(time).date()
}
