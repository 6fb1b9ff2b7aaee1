//! Where the module archives of cmd/go's tests are.

use std::path::PathBuf;

use twinproof_testkit::{Requirement, goroot};

/// The module archives of cmd/go's tests.
pub fn corpus() -> Option<PathBuf> {
    let folder = goroot()?.join("src/cmd/go/testdata/mod");
    if folder.is_dir() {
        return Some(folder);
    }
    Requirement::Go.unavailable("the distribution has no src/cmd/go/testdata/mod");
    None
}
