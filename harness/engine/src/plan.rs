//! The plan: which case runs in which environment, and why the others do not.

use std::collections::BTreeSet;
use twinproof_model::variables::GOROOT_OF;
use twinproof_model::{
    Capability, Controls, EnvironmentKind, EnvironmentName, EnvironmentResult, Requirement, Skip,
};
use twinproof_steps::{Case, Step};

/// A case in an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Index of the case in the plan.
    pub case: usize,
    /// Index of the environment in the plan.
    pub environment: usize,
    /// Whether it is the case's control.
    pub control: bool,
    /// The reason not to run the case there, if there is one.
    pub skip: Option<Skip>,
}

/// The cases and environments of a run, and their pairs.
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
    controls: Controls,
) -> Plan {
    let mut cells = Vec::new();
    for (c, case) in cases.iter().enumerate() {
        let mut controlled: Vec<EnvironmentKind> = Vec::new();
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
                let requirement = first_unmet(case.requires.iter().filter(&unmet))?;
                // Every suite is about Go: without any SDK nothing can be decided.
                Some(match requirement {
                    Requirement::Has(Capability::Go) => {
                        Skip::SdkAbsent { detail: format!("no Go SDK {version} is available") }
                    }
                    other => absent(other),
                })
            });
            // No relay can stand in front of what is only read, where it may be under TLS.
            let relayed = case.control.input("mutant").is_none()
                || environment.capabilities.contains(&Capability::Origin);
            let kind = environment.name.kind();
            let asked = match controls {
                Controls::None => false,
                Controls::Once => kind.is_subject() || !controlled.contains(&kind),
                Controls::Everywhere => true,
            };
            let control = asked && relayed && skip.is_none() && environment.broken.is_none();
            cells.push(Cell { case: c, environment: e, control: false, skip });
            if control {
                controlled.push(kind);
                cells.push(Cell { case: c, environment: e, control: true, skip: None });
            }
        }
    }
    Plan { cases, environments, cells, sdk }
}

/// The versions in `${goroot:VERSION}` anywhere in the texts of a case's steps.
pub fn goroots(case: &Case) -> BTreeSet<String> {
    case.variables
        .iter()
        .filter_map(|name| name.strip_prefix(GOROOT_OF).map(str::to_owned))
        .collect()
}

/// Every SDK version that a case or its control names, besides the subject's.
#[must_use]
pub fn sdk_versions(case: &Case) -> BTreeSet<String> {
    let of_control = case.control.input("sdk").and_then(|v| v.as_text()).map(str::to_owned);
    let of_texts = case.all_variables().filter_map(|name| name.strip_prefix(GOROOT_OF));
    let of_steps = case.step.iter().filter_map(Step::sdk);
    let named = of_texts.chain(of_steps).map(str::to_owned);
    named.chain(case.sdk.clone()).chain(of_control).collect()
}

/// Whether a case cannot be driven without an SDK: it requires Go, names a version, runs the `go`
/// command or refers to an SDK's root. Others run without an SDK too.
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
    let refers = |name: &str| name == "goroot" || name.starts_with(GOROOT_OF);
    case.sdk.is_some()
        || case.requires.iter().any(requires)
        || case.step.iter().any(Step::needs_sdk)
        || case.all_variables().any(refers)
}

/// The reason to skip a case whose requirement is not met.
pub fn absent(requirement: &Requirement) -> Skip {
    let absence = match requirement {
        Requirement::Has(capability) => capability.absence(),
        _ => None,
    };
    match absence {
        Some((detail, remedy)) => {
            Skip::CapabilityAbsent { detail: detail.to_owned(), remedy: remedy.to_owned() }
        }
        None => Skip::RequirementNotMet { requirement: requirement.clone() },
    }
}

/// The requirement that is reported as unmet: a tool that could be provided only where nothing else is in
/// the way.
fn first_unmet<'r>(
    unmet: impl Iterator<Item = &'r Requirement> + Clone,
) -> Option<&'r Requirement> {
    let is_tool = |r: &&Requirement| matches!(r, Requirement::Has(c) if c.absence().is_some());
    unmet.clone().find(|r| !is_tool(r)).or_else(|| unmet.into_iter().next())
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
