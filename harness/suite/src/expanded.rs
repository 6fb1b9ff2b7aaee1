//! The steps of a case with its fixtures expanded, each with its place in a file.

use crate::fixture::{Failure, Fixtures, MAX_STEPS};
use crate::include::Includes;
use crate::key::Reader;
use crate::node;
use crate::report::{Draft, Spot};
use crate::step::Site;
use twinproof_steps::Step;

/// A step in its case.
pub(crate) struct Placed<'s, 'i> {
    pub(crate) site: &'s Site<'i>,
    /// The place at which the case uses the step's fixture; `None` for a step of the case itself.
    via: Option<Spot>,
}

impl<'s> Placed<'s, '_> {
    pub(crate) fn name(&self) -> Option<&'s str> {
        node::text(self.site.body(), "name")
    }

    pub(crate) fn explain(&self, draft: Draft) -> Draft {
        match &self.via {
            Some(via) => draft.other(via.clone(), "the fixture is used here"),
            None => draft,
        }
    }
}

/// The steps of a case, fixtures expanded.
pub(crate) struct Expanded<'s, 'i> {
    pub(crate) steps: Vec<Placed<'s, 'i>>,
    /// Whether every step was read. If not, an unknown name may be that of a step with a mistake, and is
    /// not reported.
    pub(crate) whole: bool,
}

/// The steps of a case; `None` when there are none, or too many.
pub(crate) fn expand<'s, 'i>(
    sites: &'s [Site<'i>],
    fixtures: &'s Fixtures<'i>,
    includes: &Includes,
    reader: &mut Reader<'_>,
) -> Option<Expanded<'s, 'i>> {
    let mut steps = Vec::new();
    let mut whole = true;
    for site in sites {
        let Some(Step::Use(name)) = &site.step else {
            steps.push(Placed { site, via: None });
            continue;
        };
        let via = reader.spot(site.body().span());
        let mut inner = Vec::new();
        let expanded = fixtures.steps(&reader.file, &name.0, includes, &mut inner, 0);
        whole &= expanded.is_ok();
        steps.extend(inner.into_iter().map(|site| Placed { site, via: Some(via.clone()) }));
        // Fixtures that use fixtures multiply: ten levels of ten are more than any memory holds.
        if matches!(expanded, Err(Failure::TooMany)) || steps.len() > MAX_STEPS {
            let message = format!("the case has more than {MAX_STEPS} steps");
            reader.add(Draft::new("too-many-steps", message, via));
            return None;
        }
    }
    (!steps.is_empty()).then_some(Expanded { steps, whole })
}
