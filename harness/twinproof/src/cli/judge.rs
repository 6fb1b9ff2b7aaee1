//! `judge`: computes every verdict of a bundle again, from its evidence alone.

use crate::exit::{CONFORMANT, Failure, NOT_CONFORMANT};
use std::path::PathBuf;
use twinproof_engine::{Bundle, unpack};

/// Compute every verdict of an evidence bundle again, without any environment.
///
/// Exits with 0 when nothing in the bundle was changed and every verdict comes out as stored, with 1
/// otherwise.
#[derive(clap::Args, Debug)]
pub struct Judge {
    /// The bundle: a folder, or a `.tar.zst` archive
    bundle: PathBuf,
    /// Write the recomputed results.json to this file
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
}

impl Judge {
    /// Judges the bundle again and prints the differences.
    ///
    /// # Errors
    /// When there is no bundle, or it cannot be read.
    pub fn run(&self) -> Result<u8, Failure> {
        let shown = self.bundle.display();
        let unpacked;
        let bundle = if self.bundle.is_file() {
            let dir = tempfile::tempdir().map_err(Failure::broken)?;
            let file = std::fs::File::open(&self.bundle).map_err(Failure::broken)?;
            if let Err(error) = unpack(std::io::BufReader::new(file), dir.path()) {
                println!("{shown}: {error}");
                return Ok(NOT_CONFORMANT);
            }
            unpacked = dir;
            Bundle::new(unpacked.path())
        } else if self.bundle.is_dir() {
            Bundle::new(&self.bundle)
        } else {
            let message = format!("{shown}: there is no such bundle");
            return Err(Failure::Invalid(message));
        };
        let judged = bundle.rejudge().map_err(Failure::invalid)?;
        for problem in &judged.problems {
            println!("changed: {problem}");
        }
        for (what, stored, computed) in &judged.differences {
            // The names of cases in a bundle may hold anything, line ends included.
            let what = what.escape_debug();
            println!("differs: {what}: stored {stored}, computed {computed}");
        }
        if let (Some(path), Some(results)) = (&self.results, &judged.results) {
            let json = serde_json::to_vec_pretty(results).map_err(Failure::broken)?;
            twinproof_base::file::write(path, &json).map_err(Failure::broken)?;
        }
        println!(
            "{} files, {} changed; {} verdicts computed again, {} different",
            judged.files,
            judged.problems.len(),
            judged.verdicts,
            judged.differences.len(),
        );
        let clean = judged.problems.is_empty() && judged.differences.is_empty();
        Ok(if clean { CONFORMANT } else { NOT_CONFORMANT })
    }
}
