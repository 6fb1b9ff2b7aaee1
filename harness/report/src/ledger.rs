//! `ledger.json`: claims × environments with a cell for every pair, never-run included, and the
//! floors. It is made to be kept and compared from run to run, so it holds no times and no evidence.

use crate::tally::{Counts, Tally};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use twinproof_model::{DocumentVerdict, EnvironmentName, FloorResult, Level, Results, Verdict};

/// `ledger.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledger {
    /// Version of this format: 1.
    pub format: u32,
    /// Version of Twinproof.
    pub twinproof: String,
    /// SHA-256 over the suite files.
    pub suites_sha256: String,
    /// The subjects, `kind=value`.
    pub subjects: Vec<String>,
    /// Exit code of the run.
    pub exit_code: u8,
    /// The merged verdict.
    pub verdict: Option<Verdict>,
    /// Number of case-environment pairs.
    pub total: u64,
    /// Number of pairs by verdict; every verdict is present.
    pub verdicts: BTreeMap<Verdict, u64>,
    /// Number of claim-environment pairs that no case has decided or tried to.
    pub never_run: u64,
    /// The environments with their totals.
    pub environments: Vec<LedgerEnvironment>,
    /// The claims, with a cell for each environment.
    pub claims: Vec<LedgerClaim>,
    /// Floors and whether they are met.
    pub floors: Vec<FloorResult>,
}

/// An environment of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerEnvironment {
    /// Its name.
    pub name: EnvironmentName,
    /// Whether it was there.
    pub available: bool,
    /// Number of its cases.
    pub total: u64,
    /// Number of its cases by verdict; absent ones are 0.
    pub verdicts: BTreeMap<Verdict, u64>,
}

/// A claim of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerClaim {
    /// Its id.
    pub id: String,
    /// The suite; nothing where the claim is not in the registry.
    pub suite: Option<String>,
    /// MUST, SHOULD or MAY; nothing where the claim is not in the registry.
    pub level: Option<Level>,
    /// Whether the document's statement is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<DocumentVerdict>,
    /// The merged verdict over all environments; nothing when it was never run.
    pub verdict: Option<Verdict>,
    /// A cell for each environment.
    pub cells: BTreeMap<String, LedgerCell>,
}

/// A claim in an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerCell {
    /// A verdict's name, or `never_run`.
    pub state: String,
    /// Number of its cases by verdict; absent ones are 0.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub verdicts: BTreeMap<Verdict, u64>,
}

/// Draws `ledger.json`.
#[must_use]
pub fn ledger(results: &Results) -> String {
    let tally = Tally::of(results);
    let present = |counts: &Counts| counts.present().collect::<BTreeMap<_, _>>();
    let cell = |counts: &Counts| LedgerCell {
        state: counts.merged().map_or("never_run", Verdict::as_str).to_owned(),
        verdicts: present(counts),
    };
    let names: Vec<String> = tally.environments.iter().map(|e| e.name.to_string()).collect();
    let ledger = Ledger {
        format: 1,
        twinproof: results.run.twinproof.clone(),
        suites_sha256: results.run.suites_sha256.clone(),
        subjects: results.run.subjects.clone(),
        exit_code: results.summary.exit_code,
        verdict: tally.counts.merged(),
        total: tally.counts.total(),
        verdicts: Verdict::ALL.into_iter().map(|v| (v, tally.counts.of(v))).collect(),
        never_run: tally.never_run(),
        environments: tally
            .environments
            .iter()
            .map(|e| LedgerEnvironment {
                name: e.name.clone(),
                available: e.result.is_some_and(|r| r.absent.is_none()),
                total: e.counts.total(),
                verdicts: present(&e.counts),
            })
            .collect(),
        claims: tally
            .claims
            .iter()
            .map(|c| LedgerClaim {
                id: c.id.to_owned(),
                suite: c.claim.map(|c| c.suite.clone()),
                level: c.claim.map(|c| c.level),
                document: c.claim.and_then(|c| c.document),
                verdict: c.merged(),
                cells: names.iter().cloned().zip(c.cells.iter().map(|c| cell(&c.counts))).collect(),
            })
            .collect(),
        floors: results.floors.clone(),
    };
    // Plain data serialises always; an empty file would be refused by reconciliation.
    let mut json = serde_json::to_string_pretty(&ledger).unwrap_or_default();
    json.push('\n');
    json
}
