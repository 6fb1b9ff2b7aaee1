//! The module archives of cmd/go's tests, as a requirement of tests.

use std::path::PathBuf;

use twinproof_testkit::{Requirement, Unavailable, goroot};

/// The module archives of cmd/go's tests.
pub fn corpus() -> Result<PathBuf, Unavailable> {
    let folder = goroot()?.join("src/cmd/go/testdata/mod");
    if folder.is_dir() {
        return Ok(folder);
    }
    Err(Requirement::Go.unavailable("the distribution has no src/cmd/go/testdata/mod"))
}
