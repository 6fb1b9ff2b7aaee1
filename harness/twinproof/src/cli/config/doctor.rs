//! `config doctor`: the twins' policies side by side.

use super::lint::sources;
use crate::exit::{CONFORMANT, Failure, NOT_CONFORMANT};
use std::path::PathBuf;
use twinproof_configlint::{Options, Set, doctor};

/// Whose policies are compared.
#[derive(clap::Args, Debug)]
pub struct Doctor {
    /// go/env files, lists of variables, profiles and Dockerfiles, one for each
    /// twin; without any, those of this machine
    files: Vec<PathBuf>,
    /// The files of this machine as well
    #[arg(long)]
    machine: bool,
}

impl Doctor {
    pub fn run(&self) -> Result<u8, Failure> {
        let machine = self.machine || self.files.is_empty();
        let set = Set::new(sources(&self.files, machine, None)?, Options::default());
        let table = doctor::compare(&set);
        print!("{}", table.render());
        Ok(if table.differing().is_empty() { CONFORMANT } else { NOT_CONFORMANT })
    }
}
