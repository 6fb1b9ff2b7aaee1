//! The go command that tests find as the crate does.

use std::path::PathBuf;
use twinproof_testkit::Requirement;

/// The go command on PATH.
pub fn go() -> Option<PathBuf> {
    let go = twinproof_toolchain::first_on_path();
    if go.is_none() {
        Requirement::Go.unavailable("no go command on PATH");
    }
    go
}
