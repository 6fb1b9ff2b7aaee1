//! The plan: which case runs in which environment, and why the others do not.

use std::collections::BTreeSet;
use twinproof_model::variables::{GOROOT_OF, references};
use twinproof_model::{
    Capability, Case, EnvironmentName, EnvironmentResult, ProbeKind, Requirement, Skip, Step,
};

/// One case in one environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Index of the case in the plan.
    pub case: usize,
    /// Index of the environment in the plan.
    pub environment: usize,
    /// Whether it is the case's control.
    pub control: bool,
    /// Why it will not be driven.
    pub skip: Option<Skip>,
}

/// What will run where.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The selected cases.
    pub cases: Vec<Case>,
    /// The selected environments.
    pub environments: Vec<EnvironmentResult>,
    /// Every pair, cases in their order, environments within them; controls after their case.
    pub cells: Vec<Cell>,
    /// Version of the SDK where a case names none.
    pub sdk: String,
}

impl Plan {
    /// Version of the SDK that a case is about.
    #[must_use]
    pub fn sdk_of<'a>(&'a self, case: &'a Case) -> &'a str {
        case.sdk.as_deref().unwrap_or(&self.sdk)
    }

    /// The name of a cell's environment.
    #[must_use]
    pub fn environment(&self, cell: &Cell) -> &EnvironmentName {
        &self.environments[cell.environment].name
    }
}

/// Pairs cases with the environments that they name. An SDK version that starts no number is taken
/// as the newest, so that version conditions are decided when the SDK is looked for.
#[must_use]
pub fn plan(
    cases: Vec<Case>,
    environments: Vec<EnvironmentResult>,
    sdk: String,
    controls: bool,
) -> Plan {
    let mut cells = Vec::new();
    for (c, case) in cases.iter().enumerate() {
        for (e, environment) in environments.iter().enumerate() {
            if !case.environments.iter().any(|s| environment.name.selected_by(s)) {
                continue;
            }
            let version = case.sdk.as_deref().unwrap_or(&sdk);
            let skip = environment.absent.clone().or_else(|| {
                if environment.broken.is_some() {
                    return None;
                }
                let unmet = |r: &&Requirement| !meets(r, environment, version);
                let requirement = case.requires.iter().find(unmet)?;
                // Go is what all of this is about: where none is to be had, nothing is known.
                Some(match requirement {
                    Requirement::Has(Capability::Go) => {
                        Skip::SdkAbsent { detail: format!("no Go SDK {version} is to be had") }
                    }
                    other => Skip::RequirementNotMet { requirement: other.clone() },
                })
            });
            // No relay can stand in front of what is only read, where it may be under TLS.
            let relayed = case.control.mutant.is_empty()
                || environment.capabilities.contains(&Capability::Origin);
            let control = controls && relayed && skip.is_none() && environment.broken.is_none();
            cells.push(Cell { case: c, environment: e, control: false, skip });
            if control {
                cells.push(Cell { case: c, environment: e, control: true, skip: None });
            }
        }
    }
    Plan { cases, environments, cells, sdk }
}

/// The versions in `${goroot:VERSION}` anywhere in the texts.
pub fn goroots(texts: &impl serde::Serialize) -> BTreeSet<String> {
    // A text that cannot be read is refused where suites are loaded.
    let text = serde_json::to_string(texts).unwrap_or_default();
    let found = references(&text).unwrap_or_default();
    found.iter().filter_map(|r| r.name.strip_prefix(GOROOT_OF).map(str::to_owned)).collect()
}

/// Every SDK version that a case or its control names, besides the subject's.
#[must_use]
pub fn sdk_versions(case: &Case) -> BTreeSet<String> {
    let of_step = |step: &Step| match step {
        Step::Go(s) => s.sdk.clone(),
        Step::Probe(s) => s.sdk.clone(),
        _ => None,
    };
    let mut versions = goroots(&(&case.step, &case.control));
    versions.extend(case.sdk.clone());
    versions.extend(case.control.sdk.clone());
    versions.extend(case.step.iter().filter_map(of_step));
    versions
}

/// Whether a case cannot be driven without an SDK: it requires Go, names a version, runs the `go`
/// command or refers to an SDK's root. Others are driven where no SDK is to be had, too.
#[must_use]
pub fn needs_sdk(case: &Case) -> bool {
    let requires = |r: &Requirement| {
        matches!(
            r,
            Requirement::Has(Capability::Go)
                | Requirement::GoAtLeast(..)
                | Requirement::GoBefore(..)
        )
    };
    let runs = |step: &Step| match step {
        Step::Go(_) | Step::Script(_) => true,
        Step::Run(run) => matches!(run.program.as_str(), "go" | "gofmt"),
        Step::Probe(probe) => matches!(probe.kind, ProbeKind::GoEnv | ProbeKind::GoVersion),
        _ => false,
    };
    // A text that cannot be read is refused where suites are loaded.
    let text = serde_json::to_string(&(&case.step, &case.control)).unwrap_or_default();
    let refers = |name: &str| name == "goroot" || name.starts_with(GOROOT_OF);
    case.sdk.is_some()
        || case.requires.iter().any(requires)
        || case.step.iter().any(runs)
        || references(&text).unwrap_or_default().iter().any(|r| refers(&r.name))
}

fn meets(requirement: &Requirement, environment: &EnvironmentResult, sdk: &str) -> bool {
    let has = |c: &Capability| environment.capabilities.contains(c);
    let version = || {
        let mut numbers = sdk.split('.').map_while(|n| n.parse::<u32>().ok());
        Some((numbers.next()?, numbers.next()?))
    };
    match requirement {
        Requirement::Has(c) => has(c),
        Requirement::Lacks(c) => !has(c),
        Requirement::GoAtLeast(major, minor) => version().is_none_or(|v| v >= (*major, *minor)),
        Requirement::GoBefore(major, minor) => version().is_some_and(|v| v < (*major, *minor)),
    }
}
