//! `lint`: finds mistakes in suites.

use super::inputs::{self, declarations, goldens, load, source};
use super::repository::Repository;
use crate::exit::{CONFORMANT, Failure, INVALID, NOT_CONFORMANT};
use crate::features;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use twinproof_subject::DeclarationError;
use twinproof_suite::Diagnostics;

/// Check suites for mistakes.
///
/// Exits with 254 when a suite cannot be used, with 1 when claims, cases, goldens or normalisers do
/// not match each other.
#[derive(clap::Args, Debug, Default)]
pub struct Lint {
    /// Folder of suites instead of those built in
    #[arg(long, value_name = "DIR")]
    pub suites: Option<PathBuf>,
    /// Folder of goldens; with --suites there are none unless this is given
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
        let goldens = goldens(self.golden.as_ref(), self.suites.as_ref(), repository)?;
        let names: Vec<String> = goldens.by_name().keys().cloned().collect();
        // In UTC: an expectation must not expire earlier on one machine than on another.
        let today = jiff::tz::Offset::UTC.to_datetime(jiff::Timestamp::now()).date();
        let found = twinproof_suite::lint(&loaded, &names, twinproof_model::Date(today));
        let unasked = inputs::unasked(&source, &features::asked(&loaded.cases));
        for error in &unasked {
            match error {
                DeclarationError::Text(all) => self.print(all)?,
                DeclarationError::Whole { .. } => println!("error: {error}"),
            }
        }
        if found.is_empty() && unasked.is_empty() {
            println!(
                "suites: {} cases, {} claims, {} goldens, {} expectations: nothing to mend",
                loaded.cases.len(),
                loaded.claims.len(),
                names.len(),
                loaded.expectations.len(),
            );
            return Ok(CONFORMANT);
        }
        if !found.is_empty() {
            self.print(&found)?;
        }
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
