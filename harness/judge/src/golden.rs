//! Goldens: what is compared, under which name, after which normalisers.

use crate::{Blobs, Scope, text};
use regex::Regex;
use std::collections::BTreeMap;
use twinproof_model::{
    Capability, Case, Class, EnvironmentName, GoldenStep, Normaliser, Observation, Requirement,
    RunRecord, Step,
};

/// Whether every condition on the environment holds. Go's version is no fact of an environment, so
/// a condition on it never does.
pub fn conditions_hold(
    when: &[Requirement],
    capabilities: &std::collections::BTreeSet<Capability>,
) -> bool {
    when.iter().all(|r| match r {
        Requirement::Has(c) => capabilities.contains(c),
        Requirement::Lacks(c) => !capabilities.contains(c),
        Requirement::GoAtLeast(..) | Requirement::GoBefore(..) => false,
    })
}

/// The first class that fits the environment.
#[must_use]
pub fn class_of<'c>(
    classes: &'c [Class],
    environment: &EnvironmentName,
    capabilities: &std::collections::BTreeSet<Capability>,
) -> Option<&'c Class> {
    classes.iter().find(|class| {
        class.environments.iter().any(|s| environment.selected_by(s))
            && conditions_hold(&class.when, capabilities)
    })
}

/// `suite/case[.name]@class`.
#[must_use]
pub fn golden_name(case: &Case, step: &GoldenStep, class: &str) -> String {
    match &step.name {
        Some(name) => format!("{}.{name}@{class}", case.key()),
        None => format!("{}@{class}", case.key()),
    }
}

/// What an earlier step saw, as the text that a golden holds.
pub fn source(
    case: &Case,
    step: &GoldenStep,
    record: &RunRecord,
    blobs: &dyn Blobs,
    scope: &Scope,
) -> Result<String, String> {
    let (kind, name) =
        step.of.split_once(':').ok_or_else(|| format!("`{}` names no step", step.of))?;
    let index = case
        .step
        .iter()
        .position(|s| s.name() == Some(name))
        .or_else(|| name.parse::<usize>().ok()?.checked_sub(1))
        .ok_or_else(|| format!("there is no step `{name}`"))?;
    let seen = record
        .steps
        .iter()
        .find(|s| s.index == index)
        .ok_or_else(|| format!("step `{name}` was not driven"))?;
    let read = |blob: &twinproof_model::BlobRef| {
        blobs.get(blob).ok_or_else(|| format!("evidence {} is lost", blob.sha256))
    };
    let utf8 = |t: Option<String>| t.ok_or_else(|| "it is not UTF-8".to_owned());
    match (kind, &seen.observation) {
        ("stdout", Observation::Process(p)) => utf8(text::of_process(&read(&p.stdout)?)),
        ("stderr", Observation::Process(p)) => utf8(text::of_process(&read(&p.stderr)?)),
        ("probe", Observation::Probe { values, .. }) => {
            Ok(values.iter().map(|(k, v)| format!("{k}={v}\n")).collect())
        }
        ("tree", Observation::Entries { entries, .. }) => {
            Ok(crate::check::tree_entries(entries).iter().map(|e| format!("{e}\n")).collect())
        }
        ("file", Observation::Entries { entries, .. }) => {
            let blob = entries.first().and_then(|e| e.content.as_ref());
            utf8(text::of_file(&read(blob.ok_or("there is no such file")?)?))
        }
        ("body", Observation::Http(h)) => {
            let blob = h.body.as_ref().filter(|_| !h.cut).ok_or("there is no whole body")?;
            utf8(text::of_file(&read(blob)?))
        }
        ("requests", Observation::Requests { requests, .. }) => {
            let Some(Step::Requests(step)) = case.step.get(index) else {
                return Err(format!("step `{name}` has no requests"));
            };
            let seen = crate::servers::seen(&read(requests)?)?;
            let fitting = crate::servers::fitting(step, &seen, scope)?;
            Ok(crate::servers::targets(step, &fitting).iter().map(|t| format!("{t}\n")).collect())
        }
        _ => Err(format!("step `{name}` has no {kind}")),
    }
}

/// The shared normalisers, ready to use.
pub struct Normalisers {
    by_name: BTreeMap<String, (Normaliser, Option<Regex>)>,
}

impl Normalisers {
    /// Compiles them.
    pub fn new(normalisers: &[Normaliser]) -> Result<Self, (String, regex::Error)> {
        let by_name = normalisers
            .iter()
            .map(|n| {
                let regex = n.regex.as_deref().map(Regex::new).transpose();
                regex.map(|r| (n.name.clone(), (n.clone(), r))).map_err(|e| (n.name.clone(), e))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { by_name })
    }

    /// Applies the named ones in order, and counts what each replaced.
    pub fn apply(
        &self,
        names: &[String],
        mut text: String,
        scope: &Scope,
        counts: &mut BTreeMap<String, u64>,
    ) -> Result<String, String> {
        for name in names {
            let (normaliser, regex) =
                self.by_name.get(name).ok_or_else(|| format!("unknown normaliser `{name}`"))?;
            let (replaced, count) = match (regex, &normaliser.variable) {
                (Some(regex), _) => {
                    let count = regex.find_iter(&text).count();
                    (regex.replace_all(&text, normaliser.replace.as_str()).into_owned(), count)
                }
                (None, Some(variable)) => match scope.get(variable) {
                    Some(value) if !value.is_empty() => {
                        (text.replace(value, &normaliser.replace), text.matches(value).count())
                    }
                    _ => (text, 0),
                },
                (None, None) => (text, 0),
            };
            text = replaced;
            *counts.entry(name.clone()).or_default() += count as u64;
        }
        Ok(text)
    }
}
