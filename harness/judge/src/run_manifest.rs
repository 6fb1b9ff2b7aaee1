//! The run manifest: the judge's input besides the records and the bytes they refer to.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{
    Claim, EnvironmentName, EnvironmentResult, Expectation, Floor, Normaliser, RunMeta,
};
use twinproof_steps::Case;

/// A declaration and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placed<T> {
    /// The declaration.
    pub value: T,
    /// File, relative to the folder of suites.
    pub file: String,
    /// Line in it, from 1.
    pub line: usize,
}

/// The judge's input besides the records and the bytes they refer to: the plan of the run, and the
/// expected results. It is stored in the bundle as `run-manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunManifest {
    /// When, with what, and how the run was asked for.
    pub run: RunMeta,
    /// The selected environments.
    pub environments: Vec<EnvironmentResult>,
    /// The claims of the selected suites.
    pub claims: Vec<Claim>,
    /// The planned cases.
    pub cases: Vec<Case>,
    /// The shared normalisers.
    pub normalisers: Vec<Normaliser>,
    /// The goldens that the cases compare with: name → content.
    pub goldens: BTreeMap<String, String>,
    /// The expectations.
    pub expectations: Vec<Placed<Expectation>>,
    /// The floors.
    pub floors: Vec<Floor>,
}

/// Path of a run's record within a bundle, with `/`. Each character of a name other than letters,
/// digits, `-`, `_` and `.` becomes `_`.
#[must_use]
pub fn record_path(case: &str, environment: &EnvironmentName, control: bool) -> String {
    let clean = |text: &str| {
        // The `:` of `image:trixie` cannot be part of a file's name on Windows.
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        let clean: String = text.chars().map(|c| if fits(c) { c } else { '_' }).collect();
        // No part of a name leads out of the bundle.
        let word = |w| if matches!(w, "" | "." | "..") { "_" } else { w };
        clean.split('/').map(word).collect::<Vec<_>>().join("/")
    };
    let folder = if control { "controls" } else { "records" };
    // One folder for each environment, also where its name has a `/`.
    format!("{folder}/{}/{}.json", clean(&environment.to_string()).replace('/', "_"), clean(case))
}
