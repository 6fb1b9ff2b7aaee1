//! Scopes: the variables and fixtures that a suite file may refer to, its own and those of its includes.

use crate::include::Includes;
use crate::key::Reader;
use crate::names;
use crate::node;
use crate::report::{Draft, Reporter, Spot};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use toml::Spanned;
use toml::de::DeValue;
use twinproof_model::variables::BUILT_IN;
use twinproof_model::{Piece, Template};
use twinproof_steps::is_reserved;

/// No variable's value may be longer, in bytes.
const MAX_VALUE: usize = 64 * 1024;
/// Variables in variables, at most this deep.
const MAX_DEPTH: usize = 16;

/// A variable of a suite, its value complete but for variables of the run.
#[derive(Clone, Debug)]
pub(crate) struct Variable {
    pub(crate) spot: Spot,
    /// For texts.
    pub(crate) text: Template,
    /// For regular expressions: matches the value and nothing else.
    pub(crate) regex: Template,
}

/// Variables by name.
pub(crate) type Variables = BTreeMap<String, Arc<Variable>>;

/// A definition as it is written.
#[derive(Clone, Debug)]
pub(crate) struct Definition {
    pub(crate) spot: Spot,
    pub(crate) text: String,
    value: Spot,
}

/// Variables that a file defines itself.
pub(crate) fn definitions(
    root: &Spanned<DeValue<'_>>,
    reader: &mut Reader<'_>,
) -> BTreeMap<String, Definition> {
    let mut own = BTreeMap::new();
    let Some(node) = node::get(root, "variables") else { return own };
    let Some(table) = node::table(node) else {
        let what = node::describe(node.get_ref());
        let message = format!("expected a table, found {what}");
        reader.add(reader.draft("wrong-type", &message, node.span()));
        return own;
    };
    for (key, value) in table.iter() {
        let name = key.get_ref().as_ref();
        if !names::is_variable(name) {
            let draft =
                reader.draft("bad-name", &format!("`{name}` is no variable's name"), key.span());
            reader.add(draft.help("write letters, digits and `_`, like `main_go`"));
        } else if is_reserved(name) {
            let always = BUILT_IN.iter().any(|(built_in, _)| *built_in == name);
            let who = if always { "every run has" } else { "a step gives" };
            let message = format!("`{name}` is a variable that {who}");
            let draft = reader.draft("duplicate-variable", &message, key.span());
            reader.add(draft.help("choose another name"));
        } else if let Some(text) = reader.optional::<String>(node, name) {
            let (spot, value) = (reader.spot(key.span()), reader.spot(value.span()));
            own.insert(name.to_owned(), Definition { spot, text, value });
        }
    }
    own
}

/// The variables that a file sees.
pub(crate) fn variables(
    file: &Arc<str>,
    own: &BTreeMap<Arc<str>, BTreeMap<String, Definition>>,
    includes: &Includes,
    used: &mut BTreeSet<Spot>,
    reporter: &mut Reporter,
) -> Variables {
    let mut seen: BTreeMap<&str, &Definition> = BTreeMap::new();
    for source in includes.closure(file) {
        for (name, definition) in own.get(&source).into_iter().flatten() {
            if let Some(first) = seen.insert(name, definition) {
                let message = format!("the variable `{name}` is defined twice");
                reporter.add(
                    Draft::new("duplicate-variable", message, first.spot.clone())
                        .other(definition.spot.clone(), "and here, in a file that is included"),
                );
            }
        }
    }
    let mut resolver = Resolver { seen: &seen, done: Variables::new(), used, reporter };
    for name in seen.keys() {
        resolver.resolve(name, &mut Vec::new());
    }
    resolver.done
}

struct Resolver<'r> {
    seen: &'r BTreeMap<&'r str, &'r Definition>,
    done: Variables,
    used: &'r mut BTreeSet<Spot>,
    reporter: &'r mut Reporter,
}

impl Resolver<'_> {
    fn resolve(&mut self, name: &str, path: &mut Vec<String>) -> Option<Arc<Variable>> {
        if let Some(done) = self.done.get(name) {
            return Some(Arc::clone(done));
        }
        let definition = *self.seen.get(name)?;
        // An empty value stands for a wrong one, so that the mistake is reported once and not at
        // every use.
        let text = self.value(name, definition, path).unwrap_or_else(|draft| {
            self.reporter.add(draft);
            Template::default()
        });
        // A path of Windows is full of backslashes: in a regular expression a value means itself.
        let regex = Template::of(text.pieces().map(|piece| match piece {
            Piece::Text(text) => Piece::Text(regex::escape(&text)),
            variable => variable,
        }));
        // Escaped or not, a text ends in `$` alike.
        let regex = regex.unwrap_or_default();
        let variable = Arc::new(Variable { spot: definition.spot.clone(), text, regex });
        Some(self.done.entry(name.to_owned()).or_insert(variable).clone())
    }

    /// The value of a definition, or the mistake in it.
    fn value(
        &mut self,
        name: &str,
        definition: &Definition,
        path: &mut Vec<String>,
    ) -> Result<Template, Draft> {
        let wrong = |code, message: String| Draft::new(code, message, definition.value.clone());
        if path.iter().any(|p| p == name) {
            let chain = path.iter().map(String::as_str).chain([name]).collect::<Vec<_>>();
            let message = format!("variables in a circle: {}", chain.join(" → "));
            return Err(wrong("cyclic-variable", message));
        }
        if path.len() >= MAX_DEPTH {
            let message = format!("variables are more than {MAX_DEPTH} levels deep");
            return Err(wrong("too-deep", message));
        }
        let template = Template::parse(definition.text.as_str()).map_err(|_| {
            wrong("open-variable", "`${` without `}`".to_owned())
                .help("write `$${` for the characters themselves")
        })?;
        path.push(name.to_owned());
        let (mut pieces, mut size) = (Vec::new(), definition.text.len());
        for piece in template.pieces() {
            let inner = match &piece {
                Piece::Variable(inner) => self.resolve(inner, path),
                Piece::Text(_) => None,
            };
            match inner {
                Some(inner) => {
                    self.used.insert(inner.spot.clone());
                    size += inner.text.as_str().len();
                    pieces.extend(inner.text.pieces());
                }
                None => pieces.push(piece),
            }
            // Checked while the value grows: sixteen variables that each hold the one before ten
            // times would fill any memory.
            if size > MAX_VALUE {
                break;
            }
        }
        path.pop();
        if size > MAX_VALUE {
            let message = "the variable's value is longer than 64 KiB";
            return Err(wrong("text-too-large", message.to_owned()));
        }
        Template::of(pieces).map_err(|e| wrong("bad-variable", e.to_string()))
    }
}
