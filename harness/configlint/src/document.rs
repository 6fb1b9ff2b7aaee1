//! A file, parsed by its kind; each snippet in text for people is a document too.

use crate::kind::Kind;
use crate::source::Source;
use crate::views::commands::{Command, commands};
use crate::views::conf::{self, Conf};
use crate::views::image::{self, Image};
use crate::views::json::{self, Json};
use crate::views::prose;
use crate::views::registry::{self, Registry};
use crate::views::variables::{self, Origin, Variable};

/// A file or snippet.
#[derive(Debug)]
pub struct Document {
    /// Its text; of a snippet, with all around it blanked.
    pub source: Source,
    /// Its kind.
    pub kind: Kind,
    /// Index of the file it is, or is in.
    pub file: usize,
    /// Whether it is a snippet.
    pub snippet: bool,
    /// Whether the kind was guessed from the content because the file name does not tell it.
    pub guessed: bool,
    /// wsl.conf or .wslconfig.
    pub conf: Option<Conf>,
    /// JSON.
    pub json: Option<Json>,
    /// A Dockerfile.
    pub image: Option<Image>,
    /// An export of the registry.
    pub registry: Option<Registry>,
    /// Commands in it.
    pub commands: Vec<Command>,
    /// Variables that it sets.
    pub variables: Vec<Variable>,
}

impl Document {
    /// Reads a file. `kind` overrides its name; with `None`, name and content decide. Returns
    /// nothing for a file whose kind neither of them shows.
    #[must_use]
    pub fn read(source: &Source, kind: Option<Kind>, file: usize) -> Vec<Self> {
        let named = Kind::of_name(source);
        let Some(kind) = kind.or(named).or_else(|| Kind::of_content(source)) else {
            return Vec::new();
        };
        let mut documents = vec![Self::of(source.clone(), kind, file)];
        documents[0].guessed = named != Some(kind);
        if kind == Kind::Prose {
            for snippet in prose::snippets(source) {
                let name = source.name().to_owned();
                let mut document = Self::of(
                    Source::new(name, None, snippet.text.into_bytes()),
                    snippet.kind,
                    file,
                );
                document.snippet = true;
                documents.push(document);
            }
        }
        documents
    }

    fn of(source: Source, kind: Kind, file: usize) -> Self {
        let conf = kind.dialect().map(|dialect| conf::read(dialect, &source));
        let json = matches!(kind, Kind::Settings | Kind::Launch)
            .then(|| json::read(source.text()))
            // Lists of extensions exist as JSON (extensions.json) and as the lines of `code
            // --list-extensions`.
            .or_else(|| {
                (kind == Kind::Extensions && source.text().trim_start().starts_with(['{', '[']))
                    .then(|| json::read(source.text()))
            });
        let image = (kind == Kind::Dockerfile).then(|| image::read(source.text()));
        let registry = (kind == Kind::Registry).then(|| registry::read(&source));
        let found = match kind {
            Kind::Profile => commands(source.text(), 0),
            Kind::Prose => prose::calls(source.text())
                .into_iter()
                .flat_map(|range| commands(&source.text()[range.clone()], range.start))
                .collect(),
            Kind::Dockerfile => image
                .iter()
                .flat_map(|image| &image.stages)
                .flat_map(|stage| stage.commands.clone())
                .collect(),
            _ => boot_commands(&source, conf.as_ref()),
        };
        let mut variables = match kind {
            Kind::GoEnv => variables::of_lines(&source, Origin::GoEnv),
            Kind::Environment => variables::of_lines(&source, Origin::Environment),
            _ => variables::of_commands(&found),
        };
        if kind == Kind::Settings {
            let root = json.as_ref().and_then(|json| json.root.as_ref());
            variables.extend(root.map(variables::of_settings).unwrap_or_default());
        }
        variables.extend(
            image.iter().flat_map(|image| &image.stages).flat_map(|stage| stage.variables.clone()),
        );
        Self {
            source,
            kind,
            file,
            snippet: false,
            guessed: false,
            conf,
            json,
            image,
            registry,
            commands: found,
            variables,
        }
    }

    /// A variable by its name; of several the last.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.iter().rev().find(|variable| variable.name == name)
    }
}

/// The commands of `boot.command`.
fn boot_commands(source: &Source, conf: Option<&Conf>) -> Vec<Command> {
    let entry = conf.and_then(|conf| conf.entries.iter().find(|entry| entry.is("boot.command")));
    let Some(entry) = entry else { return Vec::new() };
    // The raw text is used, not the value: offsets of findings must be places in the file.
    commands(source.slice(entry.range.clone()).trim_matches('"'), entry.range.start)
}
