//! Merges the file, variables and flags into one configuration.

use super::given::{self, Given};
use super::{Config, file, resolve};
use std::path::Path;
use std::sync::Arc;
use twinproof_toml::Diagnostics;

impl Config {
    /// Reads the file, if there is one, and puts what was given beside it over it.
    ///
    /// `variable` looks up the variables that hold secrets.
    ///
    /// # Errors
    /// All mistakes of all places.
    pub fn load(
        file: Option<&Path>,
        given: &[Given],
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Diagnostics> {
        let mut read = file.map_or_else(file::Read::empty, file::read);
        // Diagnostics are shown with the lines of the file, after the reader is gone.
        let sources = Arc::clone(&read.reporter.sources);
        let mut config = None;
        // In a broken file, what is missing or wrong may only follow from that.
        if !read.broken {
            let folder = file.and_then(Path::parent);
            let values = given::over(read.values, given, folder, &mut read.reporter);
            config = resolve::resolve(&values, &read.auth, folder, variable, &mut read.reporter);
        }
        match config {
            Some(config) if read.reporter.count() == 0 => Ok(config),
            _ => Err(Diagnostics::new(read.reporter.into_found(), sources)),
        }
    }
}
