//! `merge`: merges the results of several legs.

use super::publish::publish;
use crate::exit::Failure;
use std::path::PathBuf;
use twinproof_model::Results;

/// Merge the results of several legs into one report.
///
/// Exits as the worst leg did; with 254 when a leg that is required is missing or legs do not fit
/// together.
#[derive(clap::Args, Debug)]
pub struct Merge {
    /// results.json of each leg
    #[arg(required = true)]
    results: Vec<PathBuf>,
    /// Environments that one of the legs must have run
    #[arg(long, value_name = "ENV")]
    require: Vec<String>,
    /// Folder for the merged reports
    #[arg(long, default_value = "out", value_name = "DIR")]
    out: PathBuf,
}

/// Largest results.json that is read.
const MAX_BYTES: u64 = 1 << 30;

impl Merge {
    /// Merges and writes the reports.
    ///
    /// # Errors
    /// When legs cannot be read or do not fit together.
    pub fn run(&self) -> Result<u8, Failure> {
        let mut legs = Vec::new();
        for path in &self.results {
            let name = path.display().to_string();
            let bytes = twinproof_base::file::read(path, MAX_BYTES)
                .map_err(|e| Failure::Invalid(format!("{name}: {e}")))?;
            let results: Results = serde_json::from_slice(&bytes)
                .map_err(|e| Failure::Invalid(format!("{name}: no results.json: {e}")))?;
            legs.push((name, results));
        }
        let merged = twinproof_engine::merge(legs, &self.require).map_err(Failure::invalid)?;
        publish(&merged, &self.out, None)
    }
}
