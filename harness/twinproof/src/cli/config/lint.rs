//! `config lint`: finds and fixes mistakes in configuration files.

use super::machine::machine_files;
use crate::exit::{CONFORMANT, Failure, NOT_CONFORMANT};
use std::path::PathBuf;
use twinproof_configlint::kind::Kind;
use twinproof_configlint::load::{LoadError, Loaded};
use twinproof_configlint::source::Source;
use twinproof_configlint::{Level, Options, Set, fix, lint, load, output};

/// The files to check, and the format of the findings.
#[derive(clap::Args, Debug)]
pub struct Lint {
    /// Files to check, and folders below which files of known names are checked
    #[arg(required_unless_present_any = ["machine", "rules"])]
    files: Vec<PathBuf>,
    /// Check the files of this machine too; in WSL those of both sides
    #[arg(long)]
    machine: bool,
    /// Fix what can be fixed, and show the changes
    #[arg(long)]
    fix: bool,
    /// Treat every file as of this kind, whatever its name
    #[arg(long = "as", value_name = "KIND", value_parser = kind)]
    kind: Option<Kind>,
    /// Release of WSL that the files are for
    #[arg(long, value_name = "VERSION")]
    wsl_version: Option<semver::Version>,
    /// Format of the findings
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Print the page of all rules, and check nothing
    #[arg(long, exclusive = true)]
    rules: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// Text for people
    Human,
    /// JSON
    Json,
    /// SARIF 2.1.0
    Sarif,
}

fn kind(name: &str) -> Result<Kind, String> {
    let found = Kind::NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, kind)| kind);
    found.ok_or_else(|| {
        let known: Vec<&str> = Kind::NAMES.iter().map(|(known, _)| *known).collect();
        format!("there are {}", known.join(", "))
    })
}

/// The files that are named, and those of this machine where they are asked for.
pub fn sources(files: &[PathBuf], machine: bool, kind: Option<Kind>) -> Loaded {
    let mut loaded = load::load(files, kind);
    if machine {
        loaded.sources.extend(machine_files());
    }
    loaded
}

impl Lint {
    pub fn run(&self) -> Result<u8, Failure> {
        if self.rules {
            print!("{}", output::page());
            return Ok(CONFORMANT);
        }
        let options = Options { kind: self.kind, wsl_version: self.wsl_version.clone() };
        let Loaded { mut sources, errors } = sources(&self.files, self.machine, self.kind);
        if self.fix {
            sources = put_right(sources, &options)?;
        }
        let set = Set::new(sources, options);
        let findings = lint(&set);
        let text = match self.format {
            Format::Human => output::human(&set, &findings),
            Format::Json => output::json(&set, &findings),
            Format::Sarif => output::sarif(&set, &findings, env!("CARGO_PKG_VERSION")),
        };
        print!("{text}");
        if let Some(last) = tell(errors) {
            return Err(Failure::invalid(last));
        }
        let bad = findings.iter().any(|finding| finding.level > Level::Note);
        Ok(if bad { NOT_CONFORMANT } else { CONFORMANT })
    }
}

/// Prints why files were left out, all but the last, which ends the command.
pub fn tell(mut errors: Vec<LoadError>) -> Option<LoadError> {
    let last = errors.pop();
    for error in errors {
        eprintln!("error: {error}");
    }
    last
}

/// Applies fixes, shows what changed on stderr, and gives the files as they are then.
fn put_right(mut sources: Vec<Source>, options: &Options) -> Result<Vec<Source>, Failure> {
    for fixed in fix::apply(&sources, options) {
        let source = &sources[fixed.file];
        eprint!("{}", fixed.diff);
        eprintln!("{}: {} fixed", source.name(), fixed.count);
        let path = PathBuf::from(source.name());
        fix::write(&path, &fixed.bytes).map_err(|error| {
            Failure::invalid(format_args!("{}: cannot be written: {error}", path.display()))
        })?;
        let (name, link) = (source.name().to_owned(), source.link().map(str::to_owned));
        // The remaining findings come from the new text: a fix may uncover others.
        sources[fixed.file] = Source::new(name, link, fixed.bytes);
    }
    Ok(sources)
}
