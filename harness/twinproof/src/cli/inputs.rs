//! Inputs of commands: suites, declarations of subjects, goldens.

use super::repository::Repository;
use crate::embedded::{GOLDENS, SUITES};
use crate::exit::Failure;
use std::io::IsTerminal as _;
use std::path::{Component, Path, PathBuf};
use twinproof_engine::Goldens;
use twinproof_subject::{Asked, Declaration, DeclarationError, Declarations};
use twinproof_suite::{Diagnostics, LoadOptions, Loaded, Source, Subjects};

/// The suites that a command is about: those named, the repository's, or those built in.
pub fn source(named: Option<&PathBuf>, repository: &Repository) -> Source {
    match (named, &repository.root) {
        // The named folder before the repository's: CI names one inside of a checkout.
        (Some(folder), _) => Source::Dir(folder.clone()),
        (None, Some(root)) => Source::Dir(root.join("suites")),
        (None, None) => Source::Embedded(*SUITES),
    }
}

/// The subjects that suites may name: those built in, and those of a folder of suites, whose
/// declarations go before.
pub fn declarations(source: &Source) -> Result<Declarations, Failure> {
    let of_subjects = |(path, bytes): &(&'static str, &'static [u8])| {
        let name = path.strip_prefix("subjects/").filter(|n| !n.contains('/'))?;
        name.ends_with(".toml").then_some((name, *bytes))
    };
    let built_in = SUITES.iter().filter_map(of_subjects);
    let mut all = Declarations::read(built_in).map_err(Failure::invalid)?;
    if let Source::Dir(folder) = source {
        for path in toml_files(&folder.join("subjects")) {
            all.add(Declarations::file(&path).map_err(Failure::invalid)?);
        }
    }
    Ok(all)
}

/// Reads suites, with this program's declarations of subjects.
pub fn load(source: &Source, declarations: &Declarations) -> Result<Loaded, Diagnostics> {
    let images = twinproof_container::Images::embedded()
        .map(|images| images.all().keys().filter(|n| *n != "wine").cloned().collect())
        .unwrap_or_default();
    let subjects = Subjects {
        names: declarations.all().map(Declaration::environment).collect(),
        features: declarations.features(),
        settings: declarations.settings(),
    };
    twinproof_suite::load(source, &LoadOptions { images, subjects })
}

/// Reads suites that a command goes on with; their mistakes are printed.
///
/// # Errors
/// When there are mistakes.
pub fn loaded(source: &Source, declarations: &Declarations) -> Result<Loaded, Failure> {
    load(source, declarations).map_err(|diagnostics| {
        eprint!("{}", diagnostics.render(std::io::stderr().is_terminal()));
        Failure::Invalid("the suites cannot be used".into())
    })
}

/// The mistakes of the declarations that come with suites, examples included: features that no case
/// of the suites asks for.
pub fn unasked(source: &Source, asked: &Asked) -> Vec<DeclarationError> {
    let mut found = Vec::new();
    match source {
        Source::Embedded(files) => {
            for (path, bytes) in *files {
                if path.starts_with("subjects/") && path.ends_with(".toml") {
                    let text = String::from_utf8_lossy(bytes);
                    found.extend(Declaration::check(path, &text, asked).err());
                }
            }
        }
        Source::Dir(folder) => {
            for folder in ["subjects", "subjects/examples"].map(|name| folder.join(name)) {
                for path in toml_files(&folder) {
                    found.extend(Declarations::check(&path, asked).err());
                }
            }
        }
    }
    found
}

/// The files of a folder whose names end in `.toml`, sorted; none where there is no folder.
fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "toml"));
    paths.sort();
    paths
}

/// The goldens that a command compares with: those of the named folder, else the repository's, else
/// those built in. Suites from a named folder have no goldens unless a folder is named for them: the
/// repository's belong to the repository's suites, and would all be reported as stale.
pub fn goldens(
    named: Option<&PathBuf>,
    suites: Option<&PathBuf>,
    repository: &Repository,
) -> Result<Goldens, Failure> {
    match (goldens_folder(named, suites, repository), suites) {
        // A folder that a person named is their mistake; one of the repository is a broken
        // installation.
        (Some(folder), _) if named.is_some() => Goldens::load(&folder).map_err(Failure::invalid),
        (Some(folder), _) => Goldens::load(&folder).map_err(Failure::broken),
        (None, Some(_)) => Ok(Goldens::embedded(&[])),
        (None, None) => Ok(Goldens::embedded(*GOLDENS)),
    }
}

/// The folder that goldens are read from, and that new ones are written to for review; none where
/// they are built in or the suites have none.
pub fn goldens_folder(
    named: Option<&PathBuf>,
    suites: Option<&PathBuf>,
    repository: &Repository,
) -> Option<PathBuf> {
    match (named, suites, &repository.root) {
        (Some(folder), ..) => Some(folder.clone()),
        (None, None, Some(root)) => Some(root.join("golden")),
        (None, ..) => None,
    }
}

/// A folder of suites as reports name it: relative to the current directory where it is below it,
/// with `/`.
pub fn shown_folder(named: Option<&PathBuf>) -> String {
    let Some(folder) = named else { return twinproof_model::built_in_suites() };
    let current = std::env::current_dir().unwrap_or_default();
    let below = folder.strip_prefix(&current).unwrap_or(folder);
    let names: Vec<_> = below.components().filter(|c| *c != Component::CurDir).collect();
    let path = names.into_iter().collect::<PathBuf>().display().to_string();
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path };
    if path.is_empty() { ".".into() } else { path }
}
