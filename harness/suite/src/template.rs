//! Puts suites' own variables into the texts of a step, and notes the variables that are left.

use crate::key::Reader;
use crate::node::Node;
use crate::report::{Draft, Spot};
use crate::scope::Variables;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;
use toml::de::DeValue;
use twinproof_model::variables::{BUILT_IN, GOROOT_OF};
use twinproof_model::{Piece, Template};
use twinproof_steps::{gives, lint};

/// No text may be longer after variables were put in, in bytes.
pub(crate) const MAX_TEXT: usize = 2 * 1024 * 1024;

/// A variable that only a capture of an earlier step can give a value.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) name: String,
    pub(crate) spot: Spot,
}

/// Fills variables into texts.
pub(crate) struct Filler<'t> {
    pub(crate) variables: &'t Variables,
    pub(crate) used: &'t mut BTreeSet<Spot>,
    pub(crate) pending: Vec<Pending>,
    /// Variables that the texts still refer to.
    pub(crate) left: BTreeSet<String>,
}

/// Whether a text is put into others as it is, or as a regular expression that matches it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Plain,
    Regex,
}

impl<'t> Filler<'t> {
    /// A filler that has not filled any text.
    pub(crate) fn new(variables: &'t Variables, used: &'t mut BTreeSet<Spot>) -> Self {
        Self { variables, used, pending: Vec::new(), left: BTreeSet::new() }
    }

    /// Puts variables into every text under a node.
    pub(crate) fn fill(&mut self, node: &mut Node<'_>, reader: &mut Reader<'_>) {
        self.walk(node, Form::Plain, false, reader);
    }

    fn walk(&mut self, node: &mut Node<'_>, form: Form, captures: bool, reader: &mut Reader<'_>) {
        let span = node.span();
        match node.get_mut() {
            DeValue::String(text) => {
                if let Some(filled) = self.text(text, form, &span, reader) {
                    *text = Cow::Owned(filled);
                }
            }
            DeValue::Array(list) => {
                list.iter_mut().for_each(|n| self.walk(n, form, captures, reader));
            }
            DeValue::Table(table) => {
                for (key, value) in table.iter_mut() {
                    let key = key.get_ref().as_ref();
                    // These keys hold expressions in every kind of step.
                    let regex = captures || matches!(key, "regex" | "line_regex");
                    let form = if regex { Form::Regex } else { Form::Plain };
                    self.walk(value, form, key == "capture", reader);
                }
            }
            _ => {}
        }
    }

    /// The text with its variables put in; `None` when it stays as it is.
    fn text(
        &mut self,
        text: &str,
        form: Form,
        span: &Range<usize>,
        reader: &mut Reader<'_>,
    ) -> Option<String> {
        let template = match Template::parse(text) {
            Ok(template) if template.has_variables() => template,
            Ok(_) => return None,
            Err(_) => {
                let at = text.rfind("${").unwrap_or_default();
                let span = within(reader, span, text, at..at + 2);
                let draft = reader.draft("open-variable", "`${` without `}`", span);
                reader.add(draft.help("write `$${` for the characters themselves"));
                // Only this is wrong with it.
                return Some(Template::literal(text).as_str().to_owned());
            }
        };
        for (name, range) in template.variables() {
            if !self.variables.contains_key(name) {
                let span = within(reader, span, text, range);
                self.open(name.to_owned(), span, reader);
            }
        }
        let (mut pieces, mut size) = (Vec::new(), text.len());
        for piece in template.pieces() {
            let variable = match &piece {
                Piece::Variable(name) => self.variables.get(name),
                Piece::Text(_) => None,
            };
            if let Some(variable) = variable {
                self.used.insert(variable.spot.clone());
                let value = if form == Form::Regex { &variable.regex } else { &variable.text };
                size += value.as_str().len();
                pieces.extend(value.pieces());
            } else {
                pieces.push(piece);
            }
            if size > MAX_TEXT {
                let message = "the text is longer than 2 MiB after variables were put in";
                reader.add(reader.draft("text-too-large", message, span.clone()));
                return None;
            }
        }
        let filled = match Template::of(pieces) {
            Ok(filled) => filled,
            Err(error) => {
                reader.add(reader.draft("bad-variable", &error.to_string(), span.clone()));
                return None;
            }
        };
        // Values that were put in may refer to variables of the run, too.
        self.left.extend(filled.variables().map(|(name, _)| name.to_owned()));
        Some(filled.as_str().to_owned())
    }

    fn open(&mut self, name: String, span: Range<usize>, reader: &mut Reader<'_>) {
        if let Some(version) = name.strip_prefix(GOROOT_OF) {
            if !lint::is_go_version(version) {
                let message = format!("`{version}` is no version of Go");
                let draft = reader.draft("bad-version", &message, span);
                reader.add(draft.help("write it like `${goroot:1.27.3}`"));
            }
        } else if BUILT_IN.iter().all(|(built_in, _)| *built_in != name) {
            let spot = reader.spot(span);
            self.pending.push(Pending { name, spot });
        }
    }
}

fn within(
    reader: &Reader<'_>,
    span: &Range<usize>,
    text: &str,
    part: Range<usize>,
) -> Range<usize> {
    let source = reader.reporter.sources.get(&*reader.file);
    source.map_or_else(|| span.clone(), |s| s.within(span, text, part))
}

/// The report of a variable that has no value.
pub(crate) fn unknown<'n>(pending: &Pending, known: impl Iterator<Item = &'n str>) -> Draft {
    let message = format!("unknown variable `${{{}}}`", pending.name);
    for (kind, given) in gives() {
        if given.iter().any(|(name, _)| *name == pending.name) {
            let message = format!("`${{{}}}` has no value yet", pending.name);
            return Draft::new("unknown-variable", message, pending.spot.clone())
                .label("no step before gives it")
                .help(format!("did you mean to put `{{ {kind} = {{ … }} }}` before this step?"));
        }
    }
    let valid = known.chain(BUILT_IN.iter().map(|(name, _)| *name));
    Draft::new("unknown-variable", message, pending.spot.clone())
        .label("no such variable")
        .suggest(&pending.name, valid, "variables")
        .help("a step can use what steps before it capture")
}
