//! Features of subjects that cases use, and how many cases each of them adds.

use std::collections::BTreeMap;
use twinproof_model::{Capability, Requirement};
use twinproof_steps::{Case, Step};
use twinproof_subject::{Asked, Declaration, Use};

/// The features that some case requires, present or absent, or sets.
pub fn asked(cases: &[Case]) -> Asked {
    let required = cases.iter().flat_map(|case| &case.requires);
    let required = required.filter_map(|requirement| match requirement {
        Requirement::Has(Capability::Feature(name))
        | Requirement::Lacks(Capability::Feature(name)) => Some((name.clone(), Use::Asked)),
        _ => None,
    });
    let set = cases.iter().flat_map(|case| &case.step).filter_map(|step| match step {
        Step::Subject(step) => Some(step.set.keys().map(|name| (name.clone(), Use::Set))),
        _ => None,
    });
    required.chain(set.flatten()).collect()
}

/// Number of cases that a declaration covers, of those for its kind of subject.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cover {
    /// Cases for subjects of its kind.
    pub all: usize,
    /// Cases that apply to the subject.
    pub judged: usize,
    /// Feature → cases that would apply besides, were it declared and nothing else.
    pub more: BTreeMap<String, usize>,
}

impl Cover {
    /// Counts the cases that a declaration covers.
    pub fn of(declaration: &Declaration, cases: &[Case]) -> Self {
        let (name, capabilities) = (declaration.environment(), declaration.capabilities());
        let mut cover = Self::default();
        for case in cases.iter().filter(|c| c.environments.iter().any(|s| name.selected_by(s))) {
            cover.all += 1;
            let declared =
                |c: &Capability| matches!(c, Capability::Feature(_) | Capability::Origin);
            let unmet: Vec<_> = case
                .requires
                .iter()
                .filter(|requirement| match requirement {
                    Requirement::Has(c) => declared(c) && !capabilities.contains(c),
                    Requirement::Lacks(c) => declared(c) && capabilities.contains(c),
                    _ => false,
                })
                .collect();
            match unmet.as_slice() {
                [] => cover.judged += 1,
                [Requirement::Has(Capability::Feature(name))] => {
                    *cover.more.entry(name.clone()).or_default() += 1;
                }
                _ => {}
            }
        }
        cover
    }
}
