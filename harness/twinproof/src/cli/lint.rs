//! `lint`: mistakes in suites.

use super::Repository;
use crate::embedded::SUITES;
use crate::exit::{CONFORMANT, Failure, INVALID, NOT_CONFORMANT};
use std::io::IsTerminal as _;
use std::path::PathBuf;
use twinproof_engine::Goldens;
use twinproof_subject::{Declaration, Declarations};
use twinproof_suite::{Diagnostics, LoadOptions, Loaded, Source, Subjects};

/// Check suites for mistakes.
///
/// Exits with 254 when a suite cannot be used, with 1 when claims, cases, goldens or normalisers do
/// not match each other.
#[derive(clap::Args, Debug, Default)]
pub struct Lint {
    /// Folder of suites instead of those built in
    #[arg(long, value_name = "DIR")]
    pub suites: Option<PathBuf>,
    /// Folder of goldens instead of those built in
    #[arg(long, value_name = "DIR")]
    pub golden: Option<PathBuf>,
    /// Print the mistakes as JSON
    #[arg(long)]
    pub json: bool,
}

impl Lint {
    /// Looks for mistakes and prints them.
    ///
    /// # Errors
    /// When goldens cannot be read.
    pub fn run(&self, repository: &Repository) -> Result<u8, Failure> {
        let source = source(self.suites.as_ref(), repository);
        let loaded = match load(&source, &declarations(&source)?) {
            Ok(loaded) => loaded,
            Err(diagnostics) => {
                self.print(&diagnostics)?;
                return Ok(INVALID);
            }
        };
        let goldens = goldens(self.golden.as_ref(), repository)?;
        let names: Vec<String> = goldens.by_name().keys().cloned().collect();
        let today = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date();
        let found = twinproof_suite::lint(&loaded, &names, twinproof_model::Date(today));
        if found.is_empty() {
            println!(
                "suites: {} cases, {} claims, {} goldens, {} expectations: nothing to mend",
                loaded.cases.len(),
                loaded.claims.len(),
                names.len(),
                loaded.expectations.len(),
            );
            return Ok(CONFORMANT);
        }
        self.print(&found)?;
        Ok(NOT_CONFORMANT)
    }

    fn print(&self, diagnostics: &Diagnostics) -> Result<(), Failure> {
        if self.json {
            let json = serde_json::to_string_pretty(diagnostics).map_err(Failure::broken)?;
            println!("{json}");
        } else {
            print!("{}", diagnostics.render(std::io::stdout().is_terminal()));
        }
        Ok(())
    }
}

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
        (None, None) => Ok(Goldens::embedded(crate::embedded::GOLDENS)),
    }
}
