//! `config lint`.

use crate::exit::{CONFORMANT, Failure, NOT_CONFORMANT};
use std::path::{Path, PathBuf};
use twinproof_configlint::kind::Kind;
use twinproof_configlint::machine::Places;
use twinproof_configlint::source::Source;
use twinproof_configlint::{Level, Options, Set, fix, lint, load, output};

/// What is checked, and how it is told.
#[derive(clap::Args, Debug)]
pub struct Lint {
    /// Files, and folders below which files of known names are looked for
    #[arg(required_unless_present_any = ["machine", "rules"])]
    files: Vec<PathBuf>,
    /// The files of this machine as well: in WSL those of both sides
    #[arg(long)]
    machine: bool,
    /// Put right what can be, and show what changed
    #[arg(long)]
    fix: bool,
    /// What every file is taken for, whatever its name
    #[arg(long = "as", value_name = "KIND", value_parser = kind)]
    kind: Option<Kind>,
    /// The release of WSL that the files are for
    #[arg(long, value_name = "VERSION")]
    wsl_version: Option<semver::Version>,
    /// How findings are told
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Print the page of all rules, and check nothing
    #[arg(long, exclusive = true)]
    rules: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// For people
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
pub fn sources(
    files: &[PathBuf],
    machine: bool,
    kind: Option<Kind>,
) -> Result<Vec<Source>, Failure> {
    let mut sources = load::load(files, kind).map_err(Failure::invalid)?;
    if machine {
        let home = std::env::var_os(if cfg!(windows) { "USERPROFILE" } else { "HOME" });
        let places = Places::of(home.map(PathBuf::from), Path::new("/mnt"), &distributions());
        for file in places.files() {
            // What this user may not read is not this user's to put right.
            if let Ok(source) = load::read(&file) {
                sources.push(source);
            }
        }
    }
    Ok(sources)
}

/// The roots of this machine's distributions, as Windows sees them.
fn distributions() -> Vec<PathBuf> {
    if !cfg!(windows) {
        return Vec::new();
    }
    let output = std::process::Command::new("wsl.exe")
        .args(["--list", "--quiet"])
        .env("WSL_UTF8", "1")
        .stdin(std::process::Stdio::null())
        .output();
    let Ok(output) = output else { return Vec::new() };
    let names = String::from_utf8_lossy(&output.stdout).replace('\0', "");
    let names = names.lines().map(str::trim).filter(|name| !name.is_empty());
    names.map(|name| PathBuf::from(format!(r"\\wsl.localhost\{name}\"))).collect()
}

impl Lint {
    pub fn run(&self) -> Result<u8, Failure> {
        if self.rules {
            print!("{}", output::page());
            return Ok(CONFORMANT);
        }
        let options = Options { kind: self.kind, wsl_version: self.wsl_version.clone() };
        let mut sources = sources(&self.files, self.machine, self.kind)?;
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
        let bad = findings.iter().any(|finding| finding.level > Level::Note);
        Ok(if bad { NOT_CONFORMANT } else { CONFORMANT })
    }
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
        sources[fixed.file] = Source::new(name, link, fixed.bytes);
    }
    Ok(sources)
}
