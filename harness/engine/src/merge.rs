//! Merging the results of several legs of a matrix into one.

use std::collections::BTreeMap;
use twinproof_model::{EnvironmentName, NormaliserUse, Results, Summary, exit};

/// Legs that do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// No results were given.
    #[error("no results to merge")]
    Nothing,
    /// Legs ran different suites.
    #[error("{0} and {1} were made with different suites: run all legs from one commit")]
    Suites(String, String),
    /// Both legs have an environment that ran, so one would hide the other.
    #[error("environment {environment} ran in both {first} and {second}")]
    Twice {
        /// The environment.
        environment: EnvironmentName,
        /// Name of the first leg.
        first: String,
        /// Name of the other leg.
        second: String,
    },
    /// No leg ran a required environment.
    #[error("no leg has environment {0}")]
    Missing(String),
}

/// Merges legs, each with the name to be used in messages. An environment that is absent in one leg
/// and ran in another counts as run. `required` are environments that must have run in one of them.
///
/// # Errors
/// When the legs do not fit together or one is missing.
pub fn merge(legs: Vec<(String, Results)>, required: &[String]) -> Result<Results, MergeError> {
    let mut ran: BTreeMap<EnvironmentName, (usize, String)> = BTreeMap::new();
    let mut absent: BTreeMap<EnvironmentName, usize> = BTreeMap::new();
    let first = legs.first().ok_or(MergeError::Nothing)?;
    for (index, (name, leg)) in legs.iter().enumerate() {
        // Two versions of one case must not be counted as the same case.
        if leg.run.suites_sha256 != first.1.run.suites_sha256 {
            return Err(MergeError::Suites(first.0.clone(), name.clone()));
        }
        for environment in &leg.environments {
            let key = environment.name.clone();
            // A leg lists every environment it looked for: absent ones may have run in another leg.
            if environment.absent.is_some() {
                absent.entry(key).or_insert(index);
            } else if let Some((_, other)) = ran.insert(key.clone(), (index, name.clone())) {
                let second = name.clone();
                return Err(MergeError::Twice { environment: key, first: other, second });
            }
        }
    }
    for selector in required {
        if !ran.keys().any(|e| e.selected_by(selector)) {
            return Err(MergeError::Missing(selector.clone()));
        }
    }
    let leg_of = |name: &EnvironmentName| {
        ran.get(name).map(|(index, _)| *index).or_else(|| absent.get(name).copied())
    };
    let mut merged = first.1.clone();
    merged.environments.clear();
    merged.cases.clear();
    merged.controls.clear();
    merged.floors.clear();
    let (mut code, mut reasons) = (0, Vec::new());
    let (mut red, mut green, mut unproved, mut unavailable) = (0, 0, 0, 0);
    let mut normalised: BTreeMap<String, u64> = BTreeMap::new();
    for (index, (name, leg)) in legs.into_iter().enumerate() {
        let mine = |e: &EnvironmentName| leg_of(e) == Some(index);
        merged.environments.extend(leg.environments.into_iter().filter(|e| mine(&e.name)));
        merged.cases.extend(leg.cases.into_iter().filter(|c| mine(&c.environment)));
        merged.controls.extend(leg.controls.into_iter().filter(|c| mine(&c.environment)));
        merged.floors.extend(leg.floors.into_iter().filter(|f| mine(&f.environment)));
        if index > 0 {
            merged.expectations.iter_mut().zip(&leg.expectations).for_each(|(a, b)| {
                a.applied += b.applied;
            });
            merged.run.redactions += leg.run.redactions;
            // Legs run at the same time, so the longest is the duration of all.
            merged.run.millis = merged.run.millis.max(leg.run.millis);
            merged.run.interrupted |= leg.run.interrupted;
            merged.run.filtered |= leg.run.filtered;
        }
        for normaliser in leg.normalisers {
            *normalised.entry(normaliser.name).or_default() += normaliser.replaced;
        }
        code = exit::worst([code, leg.summary.exit_code]);
        reasons.extend(leg.summary.reasons.into_iter().map(|r| format!("{name}: {r}")));
        red += leg.summary.controls_red;
        green += leg.summary.controls_green;
        unproved += leg.summary.controls_undriven;
        unavailable += leg.summary.controls_unavailable;
    }
    merged.normalisers =
        normalised.into_iter().map(|(name, replaced)| NormaliserUse { name, replaced }).collect();
    merged.summary = Summary {
        exit_code: code,
        reasons,
        controls_red: red,
        controls_green: green,
        controls_undriven: unproved,
        controls_unavailable: unavailable,
        ..Summary::count(merged.cases.iter().map(|c| c.verdict))
    };
    Ok(merged)
}
