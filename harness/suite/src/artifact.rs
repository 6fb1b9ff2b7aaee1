//! `artifact` steps: the steps of their fixture are put into them.

use crate::fixture::Fixtures;
use crate::include::Includes;
use crate::key::Reader;
use crate::node;
use crate::report::{Draft, Spot};
use crate::step::Site;
use std::collections::BTreeSet;
use twinproof_steps::{Make, Step};

/// The step of a site; an `artifact` step with the steps of its fixture.
pub(crate) fn made<'i>(
    site: &Site<'i>,
    fixtures: &Fixtures<'i>,
    includes: &Includes,
    variables: &mut BTreeSet<String>,
    reader: &mut Reader<'_>,
) -> Option<Step> {
    let mut step = site.step.clone()?;
    let Step::Artifact(artifact) = &mut step else { return Some(step) };
    let mut inner = Vec::new();
    fixtures.steps(&site.file, &artifact.fixture, includes, &mut inner, 0).ok()?;
    for made in inner {
        variables.extend(made.left.iter().cloned());
        artifact.make.push(match made.step.clone()? {
            Step::Write(step) => Make::Write(step),
            Step::Run(step) => Make::Run(step),
            Step::Go(step) => Make::Go(step),
            other => {
                let name = &artifact.fixture;
                // Other steps need the case's servers and its environment, neither of which the
                // host has here.
                let message = format!("the fixture `{name}` has a `{}` step", other.kind());
                let span = node::value_span(site.body(), "fixture");
                let draft = Draft::new("artifact-steps", message, Spot::new(&site.file, span));
                let help = "a file is made by `write`, `run` and `go` steps";
                reader.add(draft.other(made.kind_spot(), "this one").help(help));
                return None;
            }
        });
    }
    Some(step)
}
