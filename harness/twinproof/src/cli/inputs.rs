//! What commands read: suites, declarations of subjects, goldens.

use super::repository::Repository;
use crate::embedded::{GOLDENS, SUITES};
use crate::exit::Failure;
use std::path::PathBuf;
use twinproof_engine::Goldens;
use twinproof_subject::{Declaration, Declarations};
use twinproof_suite::{Diagnostics, LoadOptions, Loaded, Source, Subjects};

/// The suites that a command is about: those named, the repository's, or those built in.
pub fn source(named: Option<&PathBuf>, repository: &Repository) -> Source {
    match (named, &repository.root) {
        (Some(folder), _) => Source::Dir(folder.clone()),
        (None, Some(root)) => Source::Dir(root.join("suites")),
        (None, None) => Source::Embedded(SUITES),
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
        let folder = folder.join("subjects");
        let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(all) };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
        paths.retain(|p| p.extension().is_some_and(|e| e == "toml"));
        paths.sort();
        for path in paths {
            all.add(Declarations::file(&path).map_err(Failure::invalid)?);
        }
    }
    Ok(all)
}

/// Reads suites with the names that this program knows.
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

/// The goldens that a command compares with.
pub fn goldens(named: Option<&PathBuf>, repository: &Repository) -> Result<Goldens, Failure> {
    match (named, &repository.root) {
        (Some(folder), _) => Goldens::load(folder).map_err(Failure::invalid),
        (None, Some(root)) => Goldens::load(&root.join("golden")).map_err(Failure::broken),
        (None, None) => Ok(Goldens::embedded(GOLDENS)),
    }
}
