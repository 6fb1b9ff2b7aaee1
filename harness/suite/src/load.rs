//! Reading everything: the order in which files are looked at, and what is made of them.

use crate::case::{self, Context};
use crate::claims::{self, Sited};
use crate::diagnostic::Diagnostics;
use crate::expectations::{self, KnownCases};
use crate::fixture::Fixtures;
use crate::include::Includes;
use crate::key::Reader;
use crate::names;
use crate::node::Node;
use crate::report::{Draft, Reporter, Spot, place};
use crate::scope;
use crate::source::{self, Files, Source};
use crate::subjects::Subjects;
use crate::text::SourceText;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use toml::Spanned;
use toml::de::DeValue;
use twinproof_model::{Claim, Class, Expectation, Floor, Normaliser};
use twinproof_steps::Case;

/// The files right in the folder of suites.
const ROOT_FILES: [&str; 4] = ["claims.toml", "classes.toml", "floors.toml", "normalisers.toml"];
/// The keys of a suite file.
const SUITE_KEYS: [&str; 4] = ["include", "variables", "fixture", "case"];
/// Mistakes that may be mere consequences of a syntax error in the same file.
const CONSEQUENCES: [&str; 9] = [
    "bad-id",
    "empty-value",
    "missing-key",
    "missing-control",
    "no-assertion",
    "unknown-key",
    "wrong-type",
    "empty-list",
    "no-cases",
];

/// Names outside the folder of suites that suites may refer to.
#[derive(Clone, Debug, Default)]
pub struct LoadOptions {
    /// The images that there are, without `image:`. Selectors of other images are mistakes.
    pub images: Vec<String>,
    /// The subjects that are declared, with their features.
    pub subjects: Subjects,
}

/// A value and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Relative to the folder of suites, with `/`.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
}

/// Everything in a folder of suites.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The cases by file and line, each complete in itself.
    pub cases: Vec<Case>,
    /// The claims, in the order of their file.
    pub claims: Vec<Claim>,
    /// The classes of environments, in the order of their file, which counts.
    pub classes: Vec<Class>,
    /// The normalisers, in the order of their file.
    pub normalisers: Vec<Normaliser>,
    /// The expectations with their places, by file and line.
    pub expectations: Vec<Located<Expectation>>,
    /// The floors, in the order of their file.
    pub floors: Vec<Floor>,
    /// SHA-256 over the sorted relative paths and bytes of all files, lower-case hexadecimal: for
    /// each its path, a zero byte, its length (8 bytes, little-endian), its bytes.
    pub sha256: String,
    pub(crate) spots: Spots,
    pub(crate) sources: Arc<BTreeMap<String, SourceText>>,
    files: Files,
}

/// Places in the files for lints, in the order of the lists in [`Loaded`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Spots {
    pub(crate) cases: Vec<Spot>,
    pub(crate) claims: Vec<Spot>,
    pub(crate) classes: Vec<Spot>,
    pub(crate) normalisers: Vec<Spot>,
    pub(crate) expectations: Vec<Spot>,
}

impl Loaded {
    /// The bytes of a file, by its path relative to the folder of suites, with `/`.
    #[must_use]
    pub fn data(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// The names of the suites that have cases.
    #[must_use]
    pub fn suites(&self) -> BTreeSet<&str> {
        self.cases.iter().map(|case| case.suite.as_str()).collect()
    }
}

/// Reads a folder of suites.
///
/// # Errors
/// When anything is wrong in any file: all of it, at once.
pub fn load(source: &Source, options: &LoadOptions) -> Result<Loaded, Diagnostics> {
    let (files, folders, reporter) = source::read(source);
    let sources = Arc::clone(&reporter.sources);
    let mut loader = Loader::new(options, reporter);
    let parsed = loader.parse(&sources);
    let (things, spots) = loader.read(parsed, &folders);
    // Nothing is returned beside mistakes: a run with fewer cases than written could look conformant.
    let found = loader.finish();
    if !found.is_empty() {
        return Err(Diagnostics::new(found, sources));
    }
    let expectations = things
        .expectations
        .into_iter()
        .zip(&spots.expectations)
        .map(|(value, spot)| {
            let place = place(&sources, spot, String::new());
            Located { value, file: place.file, line: place.line, column: place.column }
        })
        .collect();
    let sha256 = source::sha256(&files);
    let Things { cases, claims, classes, normalisers, floors, .. } = things;
    Ok(Loaded {
        cases,
        claims,
        classes,
        normalisers,
        expectations,
        floors,
        sha256,
        spots,
        sources,
        files,
    })
}

#[derive(Default)]
struct Things {
    cases: Vec<Case>,
    claims: Vec<Claim>,
    classes: Vec<Class>,
    normalisers: Vec<Normaliser>,
    expectations: Vec<Expectation>,
    floors: Vec<Floor>,
}

/// The trees of all files, by what they are.
#[derive(Default)]
struct Parsed<'i> {
    root: BTreeMap<&'i str, Node<'i>>,
    expectations: BTreeMap<Arc<str>, Node<'i>>,
    suites: BTreeMap<Arc<str>, Node<'i>>,
}

struct Loader<'o> {
    images: &'o [String],
    subjects: &'o Subjects,
    reporter: Reporter,
    /// Files with syntax errors, and files that are not UTF-8.
    broken: BTreeSet<String>,
}

impl<'o> Loader<'o> {
    fn new(options: &'o LoadOptions, reporter: Reporter) -> Self {
        let not_text = reporter.found().iter().filter(|d| d.code == "not-utf8");
        let broken = not_text.map(|d| d.place.file.clone()).collect();
        Self { images: &options.images, subjects: &options.subjects, reporter, broken }
    }

    fn reader(&mut self, file: &Arc<str>) -> Reader<'_> {
        Reader { file: Arc::clone(file), reporter: &mut self.reporter, context: self.subjects }
    }

    fn parse<'i>(&mut self, sources: &'i BTreeMap<String, SourceText>) -> Parsed<'i> {
        let mut parsed = Parsed::default();
        for (path, source) in sources {
            let file: Arc<str> = path.as_str().into();
            let parts: Vec<&str> = path.split('/').collect();
            let name = parts.last().copied().unwrap_or_default();
            let is_root = parts.len() == 1 && !name.starts_with('_');
            if is_root && !ROOT_FILES.contains(&name) {
                let spot = Spot::new(&file, 0..0);
                let draft = Draft::new("unknown-file", "no such file belongs here", spot);
                self.reporter.add(draft.suggest(name, ROOT_FILES, "files"));
                continue;
            }
            // Deeper files are data of cases, and declarations of subjects have a reader of their
            // own.
            if parts.len() > 2 || parts[0] == source::SUBJECTS {
                continue;
            }
            let tree = self.tree(&file, source);
            if is_root {
                parsed.root.insert(name, tree);
            } else if parts[0] == "expectations" {
                parsed.expectations.insert(file, tree);
            } else {
                parsed.suites.insert(file, tree);
            }
        }
        parsed
    }

    fn tree<'i>(&mut self, file: &Arc<str>, source: &'i SourceText) -> Node<'i> {
        let (tree, whole) = twinproof_toml::parse(file, source, &mut self.reporter);
        if !whole {
            self.broken.insert(file.to_string());
        }
        tree
    }

    fn read(&mut self, mut parsed: Parsed<'_>, folders: &BTreeSet<String>) -> (Things, Spots) {
        let mut things = Things::default();
        let mut spots = Spots::default();
        // Registries first: cases refer to them.
        let claims = self.registry(&parsed, "claims.toml", true, claims::claims);
        (things.claims, spots.claims) = claims.into_iter().unzip();
        let images = self.images;
        let classes = self.registry(&parsed, "classes.toml", false, |root, reader| {
            claims::classes(root, images, reader)
        });
        (things.classes, spots.classes) = classes.into_iter().unzip();
        let normalisers = self.registry(&parsed, "normalisers.toml", false, claims::normalisers);
        (things.normalisers, spots.normalisers) = normalisers.into_iter().unzip();

        let suites = std::mem::take(&mut parsed.suites);
        let known = parsed.root.contains_key("claims.toml");
        let (cases, known_cases) = self.suites(suites, folders, &things, known);
        (things.cases, spots.cases) = cases.into_iter().unzip();

        // A case with a mistake counts as well: a floor is not too high because of a case that has
        // to be mended first.
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for key in known_cases.keys() {
            let suite = key.split('/').next().unwrap_or_default();
            *counts.entry(suite.to_owned()).or_default() += 1;
        }
        things.floors = self.registry(&parsed, "floors.toml", false, |root, reader| {
            claims::floors(root, &counts, images, reader)
        });
        for (file, root) in &parsed.expectations {
            let mut reader = self.reader(file);
            for (expectation, span) in expectations::read(root, &known_cases, images, &mut reader) {
                things.expectations.push(expectation);
                spots.expectations.push(Spot::new(file, span));
            }
        }
        (things, spots)
    }

    fn registry<T>(
        &mut self,
        parsed: &Parsed<'_>,
        name: &str,
        required: bool,
        read: impl FnOnce(&Node<'_>, &mut Reader<'_>) -> Vec<T>,
    ) -> Vec<T> {
        let file: Arc<str> = name.into();
        match parsed.root.get(name) {
            Some(root) => read(root, &mut self.reader(&file)),
            None => {
                if required && !self.reporter.sources.contains_key(name) {
                    let spot = Spot::new(&file, 0..0);
                    self.reporter.add(Draft::new(
                        "missing-file",
                        format!("there is no `{name}`"),
                        spot,
                    ));
                }
                Vec::new()
            }
        }
    }

    fn suites(
        &mut self,
        mut files: BTreeMap<Arc<str>, Node<'_>>,
        folders: &BTreeSet<String>,
        things: &Things,
        claims_known: bool,
    ) -> (Vec<Sited<Case>>, KnownCases) {
        let paths: BTreeSet<Arc<str>> = files.keys().cloned().collect();
        let mut includes = Includes::default();
        let mut own = BTreeMap::new();
        for (file, root) in &files {
            let mut reader = self.reader(file);
            let partial = is_partial(file);
            reader.known(
                root,
                if partial { &SUITE_KEYS[..3] } else { &SUITE_KEYS },
                if partial { "a file that others include" } else { "a suite file" },
            );
            includes.read(root, &paths, &mut reader);
            own.insert(Arc::clone(file), scope::definitions(root, &mut reader));
        }
        includes.report_cycles(&mut self.reporter);
        let mut used = BTreeSet::new();
        let normalisers: BTreeSet<String> =
            things.normalisers.iter().map(|n| n.name.clone()).collect();
        let claims: BTreeSet<String> = things.claims.iter().map(|c| c.id.clone()).collect();
        // In loops of their own: a fixture may use variables of any file that its file includes.
        let mut scopes = BTreeMap::new();
        let mut fixtures = Fixtures::default();
        for (file, root) in &mut files {
            let variables = scope::variables(file, &own, &includes, &mut used, &mut self.reporter);
            fixtures.read(root, &variables, &mut used, &normalisers, &mut self.reader(file));
            scopes.insert(Arc::clone(file), variables);
        }
        fixtures.check(&includes, &mut self.reporter);
        let mut cases = Vec::new();
        let mut known = KnownCases::new();
        let mut ids: BTreeMap<String, BTreeMap<String, Spot>> = BTreeMap::new();
        let empty = scope::Variables::new();
        for (file, mut root) in files {
            if is_partial(&file) {
                continue;
            }
            let suite = file.split('/').next().unwrap_or_default().to_owned();
            let seen = ids.entry(suite.clone()).or_default();
            let mut context = Context {
                claims: claims_known.then_some(&claims),
                normalisers: &normalisers,
                images: self.images,
                fixtures: &mut fixtures,
                includes: &includes,
                variables: scopes.get(&file).unwrap_or(&empty),
                used: &mut used,
            };
            let mut reader = Reader {
                file: Arc::clone(&file),
                reporter: &mut self.reporter,
                context: self.subjects,
            };
            let tables = take_cases(&mut root, &mut reader);
            for table in tables {
                let outcome = context.read(&suite, table, &mut reader);
                let Some((id, spot)) = outcome.id else { continue };
                case::unique(seen, &id, &spot, &mut reader);
                known.insert(format!("{suite}/{id}"), outcome.steps);
                cases.extend(outcome.case.map(|case| (case, spot)));
            }
        }
        self.folders(folders, &known);
        // Nobody knows which fixtures a file uses that could not be read.
        if self.broken.is_empty() {
            fixtures.report_unused(&mut self.reporter);
            self.unused(&own, &used, &includes);
        }
        (cases, known)
    }

    /// Reports folders that are no suites.
    fn folders(&mut self, folders: &BTreeSet<String>, cases: &KnownCases) {
        let suites: Vec<&String> = folders
            .iter()
            .filter(|f| !["expectations", source::SUBJECTS].contains(&f.as_str()))
            .collect();
        if suites.is_empty() {
            let spot = Spot::new(&".".into(), 0..0);
            let draft = Draft::new("no-suites", "there are no suites", spot);
            self.reporter.add(draft.help("a suite is a folder with `.toml` files that have cases"));
        }
        for folder in suites {
            let spot = Spot::new(&folder.as_str().into(), 0..0);
            if !names::is_slug(folder) {
                let draft = Draft::new("bad-name", format!("`{folder}` is no suite's name"), spot);
                self.reporter.add(draft.help("write lower-case words joined by `-`"));
                continue;
            }
            let begin = format!("{folder}/");
            let tomls =
                self.reporter.sources.keys().any(|f| f.starts_with(&begin) && !is_partial(f));
            let broken = self.broken.iter().any(|f| f.starts_with(&begin));
            if !tomls && !cases.keys().any(|c| c.starts_with(&begin)) && !broken {
                let message = format!("the suite `{folder}` has no cases");
                let draft = Draft::new("empty-suite", message, spot);
                self.reporter
                    .add(draft.help("add a `.toml` file with a `[[case]]`, or remove the folder"));
            }
        }
    }

    /// Reports variables and files that nothing uses.
    fn unused(
        &mut self,
        own: &BTreeMap<Arc<str>, BTreeMap<String, scope::Definition>>,
        used: &BTreeSet<Spot>,
        includes: &Includes,
    ) {
        for (file, definitions) in own {
            if is_partial(file) && !includes.reaches(file) {
                let spot = Spot::new(file, 0..0);
                let draft = Draft::new("unused-file", "no file includes this one", spot);
                self.reporter.add(draft.help("include it or remove it"));
            }
            for (name, definition) in definitions {
                if !used.contains(&definition.spot) {
                    let message = format!("nothing uses the variable `{name}`");
                    let draft = Draft::new("unused-variable", message, definition.spot.clone());
                    self.reporter.add(draft.help("use it or remove it"));
                }
            }
        }
    }

    fn finish(self) -> Vec<crate::diagnostic::Diagnostic> {
        let broken = self.broken;
        let mut found = self.reporter.into_found();
        // A syntax error hides the rest of its file; that this rest is missing would only be noise.
        found.retain(|d| !(broken.contains(&d.place.file) && CONSEQUENCES.contains(&d.code)));
        found
    }
}

/// Whether a file only holds what others include.
fn is_partial(file: &str) -> bool {
    file.rsplit('/').next().is_some_and(|name| name.starts_with('_'))
}

fn take_cases<'i>(root: &mut Node<'i>, reader: &mut Reader<'_>) -> Vec<Node<'i>> {
    let DeValue::Table(table) = root.get_mut() else { return Vec::new() };
    let cases = match table.remove("case").map(Spanned::into_inner) {
        Some(DeValue::Array(list)) => list.into_iter().collect(),
        Some(_) => {
            let draft = reader.draft("wrong-type", "`case` is no list of tables", 0..0);
            reader.add(draft.help("write `[[case]]`"));
            return Vec::new();
        }
        None => Vec::new(),
    };
    if cases.is_empty() {
        let draft = reader.draft("no-cases", "the file has no cases", 0..0);
        reader.add(draft.help("add a `[[case]]`; files with fixtures only begin with `_`"));
    }
    cases
}
