//! Golden steps: what they compare must have been seen by an earlier step of the case.

use crate::case::{Placed, Told};
use crate::node;
use crate::report::{Draft, Reporter, Spot};
use std::collections::BTreeMap;
use twinproof_model::Step;

/// What a golden can be of, and the kinds of steps that see it.
const SOURCES: [(&str, &[&str]); 7] = [
    ("stdout", &["run", "go"]),
    ("stderr", &["run", "go"]),
    ("probe", &["probe"]),
    ("tree", &["tree"]),
    ("file", &["file"]),
    ("body", &["http"]),
    ("requests", &["requests"]),
];

/// Checks the golden steps of a case.
pub(crate) fn check(told: &Told<'_, '_>, reporter: &mut Reporter) {
    let steps = &told.steps;
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
        let kinds = SOURCES.iter().map(|(name, _)| *name);
        let Some((source, step)) = golden.of.split_once(':') else {
            let message =
                format!("`{}` does not say what the golden is of", golden.of.escape_debug());
            reporter.add(draft("golden-source", message).help("write it like `stdout:STEP`"));
            continue;
        };
        let Some((_, fitting)) = SOURCES.iter().find(|(name, _)| *name == source) else {
            let message = format!("a golden cannot be of `{source}`");
            reporter.add(draft("golden-source", message).suggest(source, kinds, "sources"));
            continue;
        };
        let number = || step.parse::<usize>().ok()?.checked_sub(1).filter(|n| *n < steps.len());
        let found = steps.iter().position(|s| s.name() == Some(step)).or_else(number);
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
        if let Some(kind) = steps[found].site.step.as_ref().map(Step::kind)
            && !fitting.contains(&kind)
        {
            let message = format!("a `{kind}` step has no `{source}`");
            let other = steps[found].site.kind_spot();
            reporter.add(draft("golden-source", message).other(other, "this step"));
        }
    }
}
