//! Checks of a case's control: it must fit its step, change something, and name existing checks.

use crate::expanded::{Expanded, Placed};
use crate::key::Reader;
use crate::names;
use crate::node::{self, Node};
use std::collections::BTreeSet;
use std::sync::Arc;
use twinproof_model::{Capability, Requirement};
use twinproof_steps::lint::{Lint, Names};
use twinproof_steps::{Case, ControlError, InputValue, Step, StepRef};

/// Checks the control of a case that is otherwise complete.
pub(crate) fn check(case: &Case, table: &Node<'_>, reader: &mut Reader<'_>) {
    let set = match case.control.input("set") {
        Some(InputValue::Table(set)) => set.keys().collect(),
        _ => Vec::new(),
    };
    for name in set {
        let feature = Capability::Feature(name.clone());
        // On a subject without the setting the control would change nothing and stay green.
        if !case.requires.contains(&Requirement::Has(feature)) {
            let message = format!("the control sets `{name}` and the case does not require it");
            let span = node::key_span(table, "set");
            let draft = reader.draft("feature-not-required", &message, span);
            reader.add(draft.help(format!("put `\"feature:{name}\"` into its `requires`")));
        }
    }
    let Err(error) = case.under_control() else { return };
    let (code, span) = match &error {
        // Reported with its suggestion when the names were looked at.
        ControlError::NoStep(_) => return,
        ControlError::NoKey { key, .. } => ("control-key", node::key_span(table, key)),
        ControlError::NoChange | ControlError::Unreadable(_) => ("control-no-change", table.span()),
    };
    let draft = reader.draft(code, &error.to_string(), span);
    reader.add(if code == "control-key" {
        draft
    } else {
        draft.help("change an input of the step so that a check must fail")
    });
}

/// Checks the values of a control and the names of steps in it.
pub(crate) fn names(table: &Node<'_>, expanded: &Expanded<'_, '_>, reader: &mut Reader<'_>) {
    let steps = &expanded.steps;
    if let Some(info) = changed(table, steps).and_then(|p| p.site.step.as_ref()).map(Step::info) {
        let no_normalisers = BTreeSet::new();
        let context = Names { settings: &reader.context.settings, normalisers: &no_normalisers };
        let file = Arc::clone(&reader.file);
        info.lint_control(table, &mut Lint { file, reporter: &mut *reader.reporter, context });
    }
    if node::get(table, "remove").and_then(|n| n.get_ref().as_bool()) == Some(true)
        && let Some(keys) = node::table(table)
        && let Some((key, _)) =
            keys.iter().find(|(k, _)| !["step", "remove", "turns"].contains(&k.get_ref().as_ref()))
    {
        let message = "a step that is removed has no inputs to change";
        let draft = reader.draft("contradiction", message, key.span());
        let spot = reader.spot(node::key_span(table, "remove"));
        reader.add(draft.other(spot, "removed here"));
    }
    let named: Vec<&str> = steps.iter().filter_map(Placed::name).collect();
    if let Some(found) = node::get(table, "step") {
        let reference = reference(found);
        let there = match &reference {
            Some(StepRef::Number(n)) => (1..=steps.len()).contains(n),
            Some(StepRef::Name(name)) => named.contains(&name.as_str()),
            None => true,
        };
        if let (false, Some(reference)) = (there, reference) {
            let message = format!("the case has no step `{reference}`");
            let draft = reader.draft("unknown-step-name", &message, found.span());
            let count = names::count(steps.len() as u64, "step");
            let draft = match reference {
                StepRef::Name(name) => {
                    draft.suggest(&name, named.iter().copied(), "steps with a name")
                }
                StepRef::Number(_) => {
                    draft.help(format!("the case has {count} after fixtures are expanded"))
                }
            };
            if expanded.whole || draft.has_suggestion() {
                reader.add(draft);
            }
        }
    }
    if let Some(check) = node::text(table, "turns").filter(|_| expanded.whole)
        && let Some(step) = unknown_step(check, &named, steps.len())
    {
        let message = format!("the case has no step `{step}`");
        let draft = reader.draft("unknown-check", &message, node::value_span(table, "turns"));
        let draft = draft.suggest(step, named.iter().copied(), "steps with a name");
        reader.add(draft.help("a check is written `STEP.WHAT`, like `install.stdout`"));
    }
}

/// The step that a node refers to, as it is written.
fn reference(node: &Node<'_>) -> Option<StepRef> {
    match node.get_ref() {
        toml::de::DeValue::Integer(n) => n.as_str().parse().ok().map(StepRef::Number),
        toml::de::DeValue::String(name) => Some(StepRef::Name(name.to_string())),
        _ => None,
    }
}

/// The step that the control changes, where it is there.
fn changed<'t, 's, 'i>(
    table: &Node<'_>,
    steps: &'t [Placed<'s, 'i>],
) -> Option<&'t Placed<'s, 'i>> {
    match reference(node::get(table, "step")?)? {
        StepRef::Number(n) => steps.get(n.checked_sub(1)?),
        StepRef::Name(name) => steps.iter().find(|p| p.name() == Some(&name)),
    }
}

/// The step that a check (`install.stdout`, `3.exit`) names, when the case does not have it.
pub(crate) fn unknown_step<'c>(check: &'c str, named: &[&str], count: usize) -> Option<&'c str> {
    let step = check.split('.').next().unwrap_or(check);
    let number = step.parse().is_ok_and(|n: usize| (1..=count).contains(&n));
    (!number && !named.contains(&step)).then_some(step)
}

#[cfg(test)]
mod tests {
    use super::unknown_step;

    #[test]
    fn checks_name_steps() {
        assert_eq!(unknown_step("install.stdout", &["install"], 1), None);
        assert_eq!(unknown_step("1.exit", &[], 1), None);
        assert_eq!(unknown_step("2.exit", &[], 1), Some("2"));
        assert_eq!(unknown_step("instal.stdout", &["install"], 1), Some("instal"));
    }
}
