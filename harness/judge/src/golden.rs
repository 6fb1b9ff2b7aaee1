//! Goldens: the compared texts, their names, and their normalisers.

use regex::Regex;
use std::collections::BTreeMap;
use twinproof_model::{Capability, Class, EnvironmentName, Normaliser, Requirement};
use twinproof_steps::{Case, Evidence, GoldenStep, RunRecord, Scope};

/// Whether every condition on the environment holds. Go's version is no fact of an environment, so
/// a condition on it never does.
pub fn conditions_hold(
    when: &[Requirement],
    capabilities: &std::collections::BTreeSet<Capability>,
) -> bool {
    when.iter().all(|r| match r {
        Requirement::Has(c) => capabilities.contains(c),
        Requirement::Lacks(c) => !capabilities.contains(c),
        // Conditions here are of an environment, which may have several SDKs.
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
    // The order of classes.toml counts: narrow classes stand before wide ones.
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

/// The text of an earlier step that the golden holds.
pub fn source(
    case: &Case,
    step: &GoldenStep,
    record: &RunRecord,
    evidence: Evidence<'_>,
) -> Result<String, String> {
    let of = &step.of;
    let name = of.step.as_deref().unwrap_or_default();
    let index = case.golden_step(of).ok_or_else(|| format!("there is no step `{name}`"))?;
    let declared = case.step.get(index).ok_or_else(|| format!("there is no step `{name}`"))?;
    let seen = record
        .steps
        .iter()
        .find(|s| s.index == index)
        .ok_or_else(|| format!("step `{name}` was not driven"))?;
    declared.golden(&of.source, &seen.observation, evidence)
}

/// A golden's text without its last line end, which editors add and take away.
pub fn trimmed(text: &str) -> &str {
    text.strip_suffix('\n').map_or(text, |t| t.strip_suffix('\r').unwrap_or(t))
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

    /// Applies the named ones in order, and counts the replacements of each.
    pub fn apply(
        &self,
        names: &[String],
        mut text: String,
        scope: &Scope,
        counts: &mut BTreeMap<String, u64>,
    ) -> Result<String, String> {
        // In the order in which the golden names them: each sees what those before it wrote.
        for name in names {
            let (normaliser, regex) =
                self.by_name.get(name).ok_or_else(|| format!("unknown normaliser `{name}`"))?;
            let (replaced, count) = match (regex, &normaliser.variable) {
                (Some(regex), _) => {
                    let count = regex.find_iter(&text).count();
                    (regex.replace_all(&text, normaliser.replace.as_str()).into_owned(), count)
                }
                (None, Some(variable)) => match scope.get(variable) {
                    // `replace` with an empty pattern would put the replacement between all
                    // characters.
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
