//! The go command that tests find as the crate does.

use std::path::PathBuf;
use twinproof_testkit::{Requirement, Unavailable};

/// The go command on PATH.
pub fn go() -> Result<PathBuf, Unavailable> {
    let go = twinproof_toolchain::first_on_path();
    go.ok_or_else(|| Requirement::Go.unavailable("no go command on PATH"))
}
