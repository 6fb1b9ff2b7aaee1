//! `config doctor`: the twins' policies side by side.

use super::lint::{sources, tell};
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
        let loaded = sources(&self.files, machine, None);
        if let Some(last) = tell(loaded.errors) {
            return Err(Failure::invalid(last));
        }
        let set = Set::new(loaded.sources, Options::default());
        let table = doctor::compare(&set);
        print!("{}", table.render());
        Ok(if table.differing().is_empty() { CONFORMANT } else { NOT_CONFORMANT })
    }
}
