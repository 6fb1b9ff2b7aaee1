//! Golden steps: an earlier step of the case must have observed the text that they compare.

use crate::expanded::{Expanded, Placed};
use crate::node;
use crate::report::{Draft, Reporter, Spot};
use std::collections::BTreeMap;
use twinproof_steps::Step;

/// Checks the golden steps of a case.
pub(crate) fn check(expanded: &Expanded<'_, '_>, reporter: &mut Reporter) {
    let steps = &expanded.steps;
    let mut names: BTreeMap<Option<&str>, Spot> = BTreeMap::new();
    for (index, placed) in steps.iter().enumerate() {
        let Some(Step::Golden(golden)) = &placed.site.step else { continue };
        let place = placed.site.spot("name");
        if let Some(first) = names.insert(golden.name.as_deref(), place.clone()) {
            let draft =
                Draft::new("duplicate-golden", "two goldens of a case have one name", place);
            reporter.add(draft.other(first, "the first").help("give each a `name` of its own"));
        }
        if node::text(placed.site.body(), "of").is_none() {
            continue;
        }
        let spot = placed.site.spot("of");
        let draft = |code, message: String| Draft::new(code, message, spot.clone());
        let Some(step) = &golden.of.step else {
            let text = golden.of.source.escape_debug();
            let message = format!("`{text}` does not say what the golden is of");
            reporter.add(draft("golden-source", message).help("write it like `stdout:STEP`"));
            continue;
        };
        let source = golden.of.source.as_str();
        let mut sources = Step::KINDS.iter().flat_map(|info| info.sources).copied();
        if !sources.any(|known| known == source) {
            let message = format!("a golden cannot be of `{source}`");
            let sources = Step::KINDS.iter().flat_map(|info| info.sources).copied();
            reporter.add(draft("golden-source", message).suggest(source, sources, "sources"));
            continue;
        }
        let found = golden.of.step_in(steps.iter().map(Placed::name));
        // Steps are driven in order: a later one has no observation yet.
        let Some(found) = found.filter(|found| *found < index) else {
            let message = format!("no earlier step is called `{step}`");
            let earlier = steps[..index].iter().filter_map(Placed::name);
            reporter.add(draft("unknown-step-name", message).suggest(
                step,
                earlier,
                "earlier steps",
            ));
            continue;
        };
        if let Some(info) = steps[found].site.step.as_ref().map(Step::info)
            && !info.sources.contains(&source)
        {
            let message = format!("a `{}` step has no `{source}`", info.kind);
            let other = steps[found].site.kind_spot();
            reporter.add(draft("golden-source", message).other(other, "this step"));
        }
    }
}
