//! The pipelines that the suite `masking` is tried with, built before suites run.

use std::path::Path;
use std::process::Command;

/// Builds `twinproof-peers` beside this program, with the features that it was built with itself, so
/// that no dependency is compiled twice. A control that needs it says so where it is not there.
pub fn build(root: &Path) {
    // Only a program below `cargo run` knows that there is a cargo, and which.
    let Some(cargo) = std::env::var_os("CARGO") else { return };
    let release = !cfg!(debug_assertions);
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--package", "xtask", "--package", "twinproof-peers"]);
    command.args(release.then_some("--release")).current_dir(root);
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => eprintln!("twinproof-peers was not built: cargo ended with {status}"),
        Err(error) => eprintln!("twinproof-peers was not built: {error}"),
    }
}
