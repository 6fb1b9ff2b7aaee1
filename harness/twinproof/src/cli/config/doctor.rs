//! `config doctor`: compares Go's policies of all twins.

use super::lint::{sources, tell};
use super::machine::ask;
use crate::exit::{CONFORMANT, Failure, NOT_CONFORMANT};
use std::path::PathBuf;
use twinproof_configlint::source::Source;
use twinproof_configlint::{Options, Set, doctor};

/// Programs that manage images.
const ENGINES: [&str; 2] = ["docker", "podman"];

/// The twins whose policies are compared.
#[derive(clap::Args, Debug)]
pub struct Doctor {
    /// Files to compare, one for each twin: go/env files, lists of variables, profiles and
    /// Dockerfiles; those of this machine when absent
    files: Vec<PathBuf>,
    /// Compare the files of this machine too
    #[arg(long)]
    machine: bool,
    /// Compare the variables of this image too; docker or podman must have it. Repeat for several
    #[arg(long = "image", value_name = "IMAGE")]
    images: Vec<String>,
}

impl Doctor {
    pub fn run(&self) -> Result<u8, Failure> {
        // Without arguments people mean the machine they sit at.
        let machine = self.machine || self.files.is_empty();
        let mut loaded = sources(&self.files, machine, None);
        if let Some(last) = tell(loaded.errors) {
            return Err(Failure::invalid(last));
        }
        for image in &self.images {
            loaded.sources.push(variables(image)?);
        }
        let set = Set::new(loaded.sources, Options::default());
        let table = doctor::compare(&set);
        print!("{}", table.render());
        Ok(if table.differing().is_empty() { CONFORMANT } else { NOT_CONFORMANT })
    }
}

/// The variables that an image sets.
fn variables(image: &str) -> Result<Source, Failure> {
    // A name that begins with a hyphen would be an option of the engine's.
    if image.starts_with('-') {
        return Err(Failure::invalid(format_args!("`{image}` is no image")));
    }
    let args = ["image", "inspect", "--format", "{{json .Config.Env}}", image];
    let answer = ENGINES.iter().find_map(|engine| ask(engine, &args)).ok_or_else(|| {
        Failure::invalid(format_args!("{image}: neither docker nor podman has this image here"))
    })?;
    let all: Option<Vec<String>> = serde_json::from_slice(&answer)
        .map_err(|e| Failure::invalid(format_args!("{image}: the engine's answer: {e}")))?;
    let text: String = all.unwrap_or_default().iter().map(|pair| format!("{pair}\n")).collect();
    Ok(Source::new(format!("{image}/environment"), None, text.into_bytes()))
}
