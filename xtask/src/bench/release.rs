//! The program that is measured.

use anyhow::ensure;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds `twinproof` with optimisation; where it is.
pub fn program(root: &Path) -> anyhow::Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.current_dir(root).args(["build", "--release", "--package", "twinproof"]);
    ensure!(build.status()?.success(), "the release build failed");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    Ok(target.join("release").join(format!("twinproof{}", std::env::consts::EXE_SUFFIX)))
}
