//! The pipelines that the suite `masking` is tried with, built before suites run.

use std::path::Path;
use std::process::Command;

/// Builds `twinproof-peers` beside this program. A control that needs it says so where it is not
/// there.
pub fn build(root: &Path) {
    // Only a program below `cargo run` has the variable CARGO.
    let Some(cargo) = std::env::var_os("CARGO") else { return };
    let release = !cfg!(debug_assertions);
    let mut command = Command::new(cargo);
    // Both packages are named so that features are those that this program was built with, and no
    // dependency is compiled twice. Only the one program is linked: cargo would replace the file of
    // this one while it runs, and what starts it again by its path would not find it.
    command.args(["build", "--quiet", "--package", "xtask", "--package", "twinproof-peers"]);
    command.args(["--bin", "twinproof-peers"]);
    command.args(release.then_some("--release")).current_dir(root);
    match command.status() {
        Ok(status) if status.success() => {}
        Ok(status) => eprintln!("twinproof-peers was not built: cargo ended with {status}"),
        Err(error) => eprintln!("twinproof-peers was not built: {error}"),
    }
}
