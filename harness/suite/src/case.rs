//! From a `[[case]]` table to a [`Case`] that needs nothing else.

use crate::artifact::made;
use crate::control;
use crate::expanded::{Expanded, Placed, expand};
use crate::fixture::{Fixtures, take_steps};
use crate::goldens;
use crate::include::Includes;
use crate::key::{Reader, SuiteReader as _};
use crate::names;
use crate::node::{self, Node};
use crate::report::{Draft, Spot};
use crate::scope::Variables;
use crate::server;
use crate::step::Site;
use crate::template::{self, Filler};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use twinproof_steps::{Case, Control, Step, TablePlace, is_reserved};

/// The keys of a case.
const KEYS: [&str; 11] = [
    "id",
    "claims",
    "title",
    "environments",
    "requires",
    "tags",
    "sdk",
    "drift",
    "table",
    "step",
    "control",
];

/// Names that the cases of a file may refer to.
pub(crate) struct Context<'c, 'i> {
    pub(crate) claims: Option<&'c BTreeSet<String>>,
    pub(crate) normalisers: &'c BTreeSet<String>,
    pub(crate) images: &'c [String],
    pub(crate) fixtures: &'c mut Fixtures<'i>,
    pub(crate) includes: &'c Includes,
    pub(crate) variables: &'c Variables,
    pub(crate) used: &'c mut BTreeSet<Spot>,
}

/// A case that was read, and what is known of one that has mistakes.
pub(crate) struct Outcome {
    pub(crate) id: Option<(String, Spot)>,
    pub(crate) steps: Vec<Option<String>>,
    pub(crate) case: Option<Case>,
}

impl<'i> Context<'_, 'i> {
    /// Reads a case. It is absent when it has a mistake.
    pub(crate) fn read(
        &mut self,
        suite: &str,
        mut table: Node<'i>,
        reader: &mut Reader<'_>,
    ) -> Outcome {
        let before = reader.reporter.count();
        let header = table.span();
        if node::table(&table).is_none() {
            let what = node::describe(table.get_ref());
            let message = format!("expected a case, found {what}");
            reader.add(reader.draft("wrong-type", &message, header));
            return Outcome { id: None, steps: Vec::new(), case: None };
        }
        reader.known(&table, &KEYS, "a case");
        let id = self.id(&table, reader);
        self.lists(&table, reader);
        let title: Option<String> = reader.required(&table, "title");
        reader.filled(&table, &["title", "drift"]);
        twinproof_steps::lint::go_version_in(&table, "sdk", reader);
        let (requires, _) = reader.requirements(&table, "requires");
        // Only to report an entry that is no text; the values were read above.
        let _: Option<Vec<String>> = reader.optional(&table, "requires");
        let (claims, environments) =
            (reader.required(&table, "claims"), reader.required(&table, "environments"));
        let (tags, sdk, drift) = (
            reader.optional(&table, "tags"),
            reader.optional(&table, "sdk"),
            reader.optional(&table, "drift"),
        );
        let place: Option<TablePlace> = reader.optional(&table, "table");
        if let (Some(TablePlace { row: None, column: None, .. }), Some(node)) =
            (&place, node::get(&table, "table"))
        {
            let message = "a cell has a row or a column that is not the environment's";
            let draft = reader.draft("table-place", message, node.span());
            reader.add(draft.help("give `row`, `column` or both"));
        }
        let nodes = take_steps(&mut table, reader);
        let sites: Vec<Site<'i>> = nodes
            .into_iter()
            .map(|n| Site::read(n, self.variables, self.used, self.normalisers, reader))
            .collect();
        // Noted before the case is known to be right: a fixture is not unused because its only user
        // has a mistake.
        for site in &sites {
            let (name, span) = match &site.step {
                Some(Step::Use(name)) => (&name.0, site.body().span()),
                Some(Step::Artifact(step)) => {
                    (&step.fixture, node::value_span(site.body(), "fixture"))
                }
                _ => continue,
            };
            let spot = reader.spot(span);
            self.fixtures.note_use(&reader.file, name, spot, self.includes, reader.reporter);
        }
        let fixtures = &*self.fixtures;
        let expanded = expand(&sites, fixtures, self.includes, reader);
        let control = control_of(&mut table, self.variables, self.used, reader);
        let known = self.variables.keys().map(String::as_str).collect::<Vec<_>>();
        let mut variables = BTreeSet::new();
        if let Some(expanded) = &expanded {
            variables.extend(expanded.steps.iter().flat_map(|p| p.site.left.iter().cloned()));
            in_order(expanded, &known, reader);
            asserts(expanded, &table, header.clone(), reader);
            goldens::check(expanded, reader.reporter);
            server::check(expanded, &table, &requires, reader);
            if let Some(read) = &control {
                control::names(&read.node, expanded, reader);
                let captured = captured_before(&expanded.steps, &read.control);
                for open in read.pending.iter().filter(|p| !captured.contains(&p.name.as_str())) {
                    let draft = template::unknown(open, captured.iter().chain(&known).copied());
                    // If a step could not be read, an unknown name may be one that the step
                    // captures: only likely misspellings are reported.
                    if expanded.whole || draft.has_suggestion() {
                        reader.add(draft);
                    }
                }
            }
        }
        let steps = expanded.filter(|expanded| expanded.whole).map(|expanded| expanded.steps);
        let made = steps.as_ref().and_then(|steps| {
            let made =
                |p: &Placed<'_, '_>| made(p.site, fixtures, self.includes, &mut variables, reader);
            steps.iter().map(made).collect::<Option<Vec<_>>>()
        });
        let names = steps.iter().flatten().map(|p| p.name().map(str::to_owned)).collect();
        let (line, column) = reader
            .reporter
            .sources
            .get(&*reader.file)
            .map_or((0, 0), |source| source.position(header.start));
        // A closure, so that `?` leaves out the case but not the outcome: other files refer to its
        // id and to the names of its steps.
        let built = (|| {
            let ReadControl { control, node, left, .. } = control?;
            let case = Case {
                suite: suite.to_owned(),
                id: id.as_ref()?.0.clone(),
                claims: claims?,
                title: title?,
                environments: environments?,
                requires,
                tags: tags.unwrap_or_default(),
                sdk,
                drift,
                table: place,
                step: made?,
                control,
                variables,
                control_variables: left,
                file: reader.file.to_string(),
                line,
                column,
            };
            Some((case, node))
        })();
        if let Some((case, control_node)) = &built {
            control::check(case, control_node, reader);
        }
        // A case with a mistake is read to its end, so that all mistakes are reported at once, and then
        // left out.
        let right = reader.reporter.count() == before;
        Outcome { id, steps: names, case: built.map(|(case, _)| case).filter(|_| right) }
    }

    fn id(&self, table: &Node<'i>, reader: &mut Reader<'_>) -> Option<(String, Spot)> {
        let id: String = reader.required(table, "id")?;
        let span = node::value_span(table, "id");
        if !names::is_slug(&id) {
            let message = format!("`{}` is no case's id", id.escape_debug());
            let draft = reader.draft("bad-id", &message, span.clone());
            reader.add(draft.help("write lower-case words joined by `-`, like `gobin-unset`"));
        }
        Some((id, reader.spot(span)))
    }

    fn lists(&self, table: &Node<'i>, reader: &mut Reader<'_>) {
        reader.listed(table, "claims", false);
        reader.listed(table, "environments", false);
        reader.listed(table, "requires", true);
        reader.listed(table, "tags", true);
        reader.selectors(table, "environments", self.images);
        // Without a registry every claim would be unknown; that it is missing is reported once.
        let Some(claims) = self.claims else { return };
        for (claim, span) in node::texts(node::get(table, "claims")) {
            if !claims.contains(claim) {
                let message = format!("unknown claim `{claim}`");
                let draft = reader.draft("unknown-claim", &message, span);
                let valid = claims.iter().map(String::as_str);
                reader.add(draft.label("not in `claims.toml`").suggest(claim, valid, "claims"));
            }
        }
    }
}

/// Names and captures, in the order of the steps.
fn in_order(expanded: &Expanded<'_, '_>, variables: &[&str], reader: &mut Reader<'_>) {
    let mut names: BTreeMap<&str, Spot> = BTreeMap::new();
    let mut captured: BTreeMap<&str, Spot> = BTreeMap::new();
    let mut given: BTreeSet<&str> = BTreeSet::new();
    for placed in &expanded.steps {
        for open in &placed.site.pending {
            let name = open.name.as_str();
            if !captured.contains_key(name) && !given.contains(name) {
                let known = captured.keys().chain(variables).chain(&given).copied();
                let draft = template::unknown(open, known);
                if expanded.whole || draft.has_suggestion() {
                    reader.add(placed.explain(draft));
                }
            }
        }
        given.extend(placed.site.given());
        for (name, spot) in placed.site.captures() {
            let is_variable = variables.contains(&name) || is_reserved(name);
            if is_variable {
                let message = format!("`{name}` is a variable already");
                reader.add(placed.explain(Draft::new("duplicate-variable", message, spot.clone())));
            }
            if let Some(first) = captured.insert(name, spot.clone()) {
                let message = format!("`{name}` is captured twice");
                let draft = Draft::new("duplicate-variable", message, spot);
                reader.add(placed.explain(draft.other(first, "first here")));
            }
        }
        let Some(name) = placed.name() else { continue };
        let spot = placed.site.spot("name");
        if matches!(placed.site.step, Some(Step::Golden(_))) {
            // A golden may be called like the step that it is of: a reference means the first.
            names.entry(name).or_insert(spot);
            continue;
        }
        if let Some(first) = names.insert(name, spot.clone()) {
            let message = format!("two steps are called `{name}`");
            let draft = Draft::new("duplicate-step-name", message, spot);
            reader.add(placed.explain(draft.other(first, "the first")));
        }
    }
}

fn asserts(
    expanded: &Expanded<'_, '_>,
    table: &Node<'_>,
    header: std::ops::Range<usize>,
    reader: &mut Reader<'_>,
) {
    // A step that could not be read may have had the assertion: do not report a second mistake.
    let nothing =
        |p: &Placed<'_, '_>| !p.site.wrong && p.site.step.as_ref().is_some_and(|s| !s.asserts());
    if expanded.whole && expanded.steps.iter().all(nothing) {
        let span =
            if node::get(table, "id").is_some() { node::value_span(table, "id") } else { header };
        let draft = reader.draft("no-assertion", "the case asserts nothing", span);
        reader.add(draft.label("passes whatever the subject does").help(
            "assert an output, a file, an answer or a golden: that a program ends with 0 is not enough",
        ));
    }
}

/// A control where it is written.
struct ReadControl<'i> {
    control: Control,
    node: Node<'i>,
    /// Variables that only a capture of an earlier step can give a value.
    pending: Vec<template::Pending>,
    /// Variables that its texts refer to.
    left: BTreeSet<String>,
}

fn control_of<'i>(
    table: &mut Node<'i>,
    variables: &Variables,
    used: &mut BTreeSet<Spot>,
    reader: &mut Reader<'_>,
) -> Option<ReadControl<'i>> {
    // The control is taken out before the case is decoded: its keys depend on the step that it
    // changes.
    let span = table.span();
    let toml::de::DeValue::Table(entries) = table.get_mut() else { return None };
    let Some(mut node) = entries.remove("control") else {
        let draft = reader.draft("missing-control", "the case has no control", span);
        reader.add(draft.label("nothing proves that it can fail").help(
            "give `control = { step = …, … }`: an input of one step changed so that the case must fail",
        ));
        return None;
    };
    let mut filler = Filler::new(variables, used);
    filler.fill(&mut node, reader);
    let (pending, left) = (filler.pending, filler.left);
    let control = crate::decode::decode(&node, &reader.file, reader.reporter)?;
    Some(ReadControl { control, node, pending, left })
}

/// The variables that steps before the control's step capture.
fn captured_before<'s>(steps: &'s [Placed<'_, '_>], control: &Control) -> Vec<&'s str> {
    let index = match &control.step {
        twinproof_steps::StepRef::Number(n) => n.saturating_sub(1),
        twinproof_steps::StepRef::Name(name) => {
            steps.iter().position(|p| p.name() == Some(name)).unwrap_or(steps.len())
        }
    };
    steps
        .iter()
        .take(index)
        .flat_map(|p| p.site.captures().map(|(name, _)| name).chain(p.site.given()))
        .collect()
}

/// Reports ids that two cases of a suite have.
pub(crate) fn unique(
    seen: &mut BTreeMap<String, Spot>,
    id: &str,
    spot: &Spot,
    reader: &mut Reader<'_>,
) {
    if let Some(first) = seen.get(id) {
        let message = format!("two cases of the suite have the id `{id}`");
        let draft = Draft::new("duplicate-id", message, spot.clone());
        reader.add(draft.label("the second").other(first.clone(), "the first"));
    } else {
        seen.insert(id.to_owned(), Spot::new(&Arc::clone(&spot.file), spot.span.clone()));
    }
}
