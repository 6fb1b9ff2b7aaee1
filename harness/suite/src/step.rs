//! Checks of a single step beyond the types of its keys.

use crate::decode::decode;
use crate::key::Reader;
use crate::names;
use crate::node::{self, Node};
use crate::report::Spot;
use crate::scope::Variables;
use crate::template::{Filler, Pending};
use std::collections::BTreeSet;
use std::sync::Arc;
use twinproof_steps::Step;
use twinproof_steps::lint::{Lint, Names};

/// A step where it is written.
#[derive(Clone, Debug)]
pub(crate) struct Site<'i> {
    /// Absent when it cannot be read.
    pub(crate) step: Option<Step>,
    pub(crate) node: Node<'i>,
    pub(crate) file: Arc<str>,
    /// Variables that only a capture of an earlier step can give a value.
    pub(crate) pending: Vec<Pending>,
    /// Variables that its texts refer to.
    pub(crate) left: BTreeSet<String>,
    /// Whether a mistake of its own was found.
    pub(crate) wrong: bool,
}

impl<'i> Site<'i> {
    /// Reads a step, puts variables into it and checks what can be checked of it alone.
    pub(crate) fn read(
        mut node: Node<'i>,
        variables: &Variables,
        used: &mut BTreeSet<Spot>,
        normalisers: &BTreeSet<String>,
        reader: &mut Reader<'_>,
    ) -> Self {
        let before = reader.reporter.count();
        let mut filler = Filler::new(variables, used);
        filler.fill(&mut node, reader);
        let (pending, left) = (filler.pending, filler.left);
        // A kind is a key around its table (externally tagged): serde gives exact places of
        // mistakes for this form only.
        let message = match node::table(&node).map(|t| t.len()) {
            None => format!("expected a step, found {}", node::describe(node.get_ref())),
            Some(0) => "a step without a kind".to_owned(),
            Some(1) => String::new(),
            Some(_) => "a step has one key, its kind".to_owned(),
        };
        let step = if message.is_empty() {
            decode(&node, &reader.file, reader.reporter)
        } else {
            let draft = reader.draft("step-kind", &message, node.span());
            let kinds: Vec<&str> = Step::KINDS.iter().map(|info| info.kind).collect();
            let kinds = names::list(&kinds);
            reader.add(draft.help(format!("write `{{ KIND = … }}`; the kinds are {kinds}")));
            None
        };
        let file = Arc::clone(&reader.file);
        let mut site = Self { step, node, file, pending, left, wrong: false };
        site.check(normalisers, reader);
        site.wrong = reader.reporter.count() > before;
        site
    }

    /// The table of the step's keys.
    pub(crate) fn body(&self) -> &Node<'i> {
        node::table(&self.node).and_then(|t| t.iter().next()).map_or(&self.node, |(_, value)| value)
    }

    /// The place of a key's value.
    pub(crate) fn spot(&self, key: &str) -> Spot {
        Spot::new(&self.file, node::value_span(self.body(), key))
    }

    /// The place of the step's kind.
    pub(crate) fn kind_spot(&self) -> Spot {
        let kind = node::table(&self.node).and_then(|t| t.keys().next());
        Spot::new(&self.file, kind.map_or_else(|| self.node.span(), toml::Spanned::span))
    }

    /// Names that the step gives values to.
    pub(crate) fn captures(&self) -> impl Iterator<Item = (&str, Spot)> {
        let capture = node::get(self.body(), "capture").and_then(node::table);
        capture
            .into_iter()
            .flat_map(|t| t.keys())
            .map(|k| (k.get_ref().as_ref(), Spot::new(&self.file, k.span())))
    }

    /// Names that a step of its kind gives values to.
    pub(crate) fn given(&self) -> impl Iterator<Item = &str> {
        let gives = self.step.as_ref().map_or(&[][..], |step| step.info().gives);
        gives.iter().map(|(name, _)| *name)
    }

    fn check(&self, normalisers: &BTreeSet<String>, reader: &mut Reader<'_>) {
        let body = self.body();
        if let Some(name) = node::text(body, "name").filter(|n| !names::is_slug(n)) {
            let message = format!("`{name}` is no step's name");
            let draft = reader.draft("bad-name", &message, node::value_span(body, "name"));
            reader.add(draft.help("write lower-case words joined by `-`"));
        }
        for (name, spot) in self.captures() {
            if !names::is_variable(name) {
                let draft =
                    reader.draft("bad-name", &format!("`{name}` is no variable's name"), spot.span);
                reader.add(draft.help("write letters, digits and `_`, like `main_go`"));
            }
        }
        let Some(step) = &self.step else { return };
        let names = Names { settings: &reader.context.settings, normalisers };
        let file = Arc::clone(&reader.file);
        step.lint(body, &mut Lint { file, reporter: &mut *reader.reporter, context: names });
    }
}
