//! Fixtures: lists of steps with a name, and how `{ use = "NAME" }` becomes steps.

use crate::include::Includes;
use crate::key::Reader;
use crate::node::{self, Node};
use crate::report::{Draft, Reporter, Spot};
use crate::scope::Variables;
use crate::step::Site;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use toml::de::DeValue;
use twinproof_steps::Step;

/// No case may have more steps after fixtures are expanded.
pub(crate) const MAX_STEPS: usize = 1_000;
/// Fixtures in fixtures, at most this deep.
const MAX_DEPTH: usize = 32;

/// A fixture by the file that defines it and its name.
type Key = (Arc<str>, String);

#[derive(Debug)]
struct Fixture<'i> {
    spot: Spot,
    steps: Vec<Site<'i>>,
}

/// All fixtures of all files.
#[derive(Debug, Default)]
pub(crate) struct Fixtures<'i> {
    all: BTreeMap<Key, Fixture<'i>>,
    used: BTreeSet<Key>,
}

/// The reason why a fixture cannot be expanded.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The mistake is reported already, or will be where the fixture is defined.
    Reported,
    /// The expansion would have too many steps.
    TooMany,
}

impl<'i> Fixtures<'i> {
    /// Takes the fixtures out of a file's tree.
    pub(crate) fn read(
        &mut self,
        root: &mut Node<'i>,
        variables: &Variables,
        used: &mut BTreeSet<Spot>,
        normalisers: &BTreeSet<String>,
        reader: &mut Reader<'_>,
    ) {
        let DeValue::Table(root) = root.get_mut() else { return };
        let Some(found) = root.remove("fixture") else { return };
        let span = found.span();
        let DeValue::Table(table) = found.into_inner() else {
            reader.add(reader.draft("wrong-type", "expected a table of fixtures", span));
            return;
        };
        for (key, mut fixture) in table {
            let name = key.get_ref().to_string();
            if !crate::names::is_slug(&name) {
                let draft =
                    reader.draft("bad-name", &format!("`{name}` is no fixture's name"), key.span());
                reader.add(draft.help("write lower-case words joined by `-`"));
            }
            reader.known(&fixture, &["step"], "a fixture");
            let nodes = take_steps(&mut fixture, reader);
            let steps = nodes
                .into_iter()
                .map(|node| Site::read(node, variables, used, normalisers, reader))
                .collect();
            let spot = reader.spot(key.span());
            self.all.insert((Arc::clone(&reader.file), name), Fixture { spot, steps });
        }
    }

    /// Reports circles, names that two files give, and steps that use an unknown fixture.
    pub(crate) fn check(&mut self, includes: &Includes, reporter: &mut Reporter) {
        let keys: Vec<Key> = self.all.keys().cloned().collect();
        let mut by_name: BTreeMap<&str, Vec<&Key>> = BTreeMap::new();
        keys.iter().for_each(|k| by_name.entry(&k.1).or_default().push(k));
        for same in by_name.values().filter(|same| same.len() > 1) {
            for one in same {
                // Files that do not include each other may use the same name.
                let seen = includes.closure(&one.0);
                for other in same.iter().filter(|other| other.0 != one.0 && seen.contains(&other.0))
                {
                    let message = format!("the fixture `{}` is defined twice", one.1);
                    reporter.add(
                        Draft::new("duplicate-fixture", message, self.all[*one].spot.clone())
                            .other(
                                self.all[*other].spot.clone(),
                                "and here, in a file that is included",
                            ),
                    );
                }
            }
        }
        // A circle is reported once, not at each fixture that leads into it.
        let mut reported = BTreeSet::new();
        for key in &keys {
            self.visit(key, &mut Vec::new(), &mut reported, includes, reporter);
        }
    }

    fn visit(
        &mut self,
        key: &Key,
        path: &mut Vec<(Key, Spot)>,
        done: &mut BTreeSet<Key>,
        includes: &Includes,
        reporter: &mut Reporter,
    ) {
        if done.contains(key) {
            return;
        }
        let uses: Vec<(String, Spot)> = self.all.get(key).map(uses).unwrap_or_default();
        for (name, spot) in uses {
            let Some(next) = self.find(&key.0, &name, includes) else {
                reporter.add(self.unknown(&key.0, &name, spot, includes));
                continue;
            };
            self.used.insert(next.clone());
            path.push((key.clone(), spot));
            if let Some(from) = path.iter().position(|(k, _)| *k == next) {
                reporter.add(circle(&path[from..], &next.1));
            } else if path.len() < MAX_DEPTH {
                self.visit(&next, path, done, includes, reporter);
            } else if let Some((_, spot)) = path.last() {
                let message = format!("fixtures are more than {MAX_DEPTH} levels deep");
                reporter.add(Draft::new("too-deep", message, spot.clone()));
            }
            path.pop();
        }
        done.insert(key.clone());
    }

    fn find(&self, file: &Arc<str>, name: &str, includes: &Includes) -> Option<Key> {
        let own = (Arc::clone(file), name.to_owned());
        if self.all.contains_key(&own) {
            return Some(own);
        }
        let keys = includes.closure(file).into_iter().map(|f| (f, name.to_owned()));
        keys.into_iter().find(|key| self.all.contains_key(key))
    }

    fn unknown(&self, file: &Arc<str>, name: &str, spot: Spot, includes: &Includes) -> Draft {
        let seen = includes.closure(file);
        let valid = self.all.keys().filter(|k| seen.contains(&k.0)).map(|k| k.1.as_str());
        Draft::new("unknown-fixture", format!("unknown fixture `{name}`"), spot)
            .suggest(name, valid, "fixtures")
    }

    /// Notes that a case uses a fixture; reports one that is unknown.
    pub(crate) fn note_use(
        &mut self,
        file: &Arc<str>,
        name: &str,
        spot: Spot,
        includes: &Includes,
        reporter: &mut Reporter,
    ) {
        match self.find(file, name, includes) {
            Some(key) => {
                self.used.insert(key);
            }
            None => reporter.add(self.unknown(file, name, spot, includes)),
        }
    }

    /// The steps that the fixture stands for.
    pub(crate) fn steps<'f>(
        &'f self,
        file: &Arc<str>,
        name: &str,
        includes: &Includes,
        out: &mut Vec<&'f Site<'i>>,
        depth: usize,
    ) -> Result<(), Failure> {
        let key = self.find(file, name, includes).ok_or(Failure::Reported)?;
        // `check` has reported it already.
        if depth > MAX_DEPTH {
            return Err(Failure::Reported);
        }
        for site in self.all.get(&key).into_iter().flat_map(|f| &f.steps) {
            match &site.step {
                Some(Step::Use(inner)) => self.steps(&key.0, &inner.0, includes, out, depth + 1)?,
                Some(_) => out.push(site),
                None => return Err(Failure::Reported),
            }
            if out.len() > MAX_STEPS {
                return Err(Failure::TooMany);
            }
        }
        Ok(())
    }

    /// Reports fixtures that nothing uses.
    pub(crate) fn report_unused(&self, reporter: &mut Reporter) {
        for (key, fixture) in self.all.iter().filter(|(key, _)| !self.used.contains(*key)) {
            let message = format!("no case uses the fixture `{}`", key.1);
            let draft = Draft::new("unused-fixture", message, fixture.spot.clone());
            reporter.add(draft.help("use it or remove it"));
        }
    }
}

fn uses(fixture: &Fixture<'_>) -> Vec<(String, Spot)> {
    let sites = fixture.steps.iter();
    sites
        .filter_map(|site| match &site.step {
            Some(Step::Use(name)) => {
                Some((name.0.clone(), Spot::new(&site.file, site.body().span())))
            }
            _ => None,
        })
        .collect()
}

fn circle(path: &[(Key, Spot)], closes: &str) -> Draft {
    let chain: Vec<&str> = path.iter().map(|(k, _)| k.1.as_str()).chain([closes]).collect();
    let message = format!("fixtures use each other in a circle: {}", chain.join(" → "));
    let last = path.last().map_or_else(|| Spot::new(&"".into(), 0..0), |(_, s)| s.clone());
    let others = &path[..path.len().saturating_sub(1)];
    let draft = Draft::new("cyclic-fixture", message, last).label("closes the circle");
    others
        .iter()
        .fold(draft, |d, (key, spot)| d.other(spot.clone(), format!("used by `{}`", key.1)))
}

/// Takes the `step` list out of a case or a fixture.
pub(crate) fn take_steps<'i>(table: &mut Node<'i>, reader: &mut Reader<'_>) -> Vec<Node<'i>> {
    let span = table.span();
    let DeValue::Table(entries) = table.get_mut() else { return Vec::new() };
    let Some(found) = entries.remove("step") else {
        let draft = reader.draft("missing-key", "the key `step` is missing", span);
        reader.add(draft.label("has no `step`"));
        return Vec::new();
    };
    let span = found.span();
    match found.into_inner() {
        DeValue::Array(list) => {
            let steps: Vec<Node<'i>> = list.into_iter().collect();
            if steps.is_empty() {
                reader.add(reader.draft("empty-list", "`step` is empty", span));
            }
            steps
        }
        other => {
            let message = format!("expected a list of steps, found {}", node::describe(&other));
            let draft = reader.draft("wrong-type", &message, span);
            reader.add(draft.help("write `step = [ { … }, … ]`"));
            Vec::new()
        }
    }
}
