//! The launcher that starts Windows programs, built with the host's Go.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use sha2::{Digest, Sha256};
use twinproof_base::{go_env, hex};

use crate::Error;
use crate::command as host;

/// The longest build of the launcher.
const BUILD: Duration = Duration::from_secs(600);

const MAIN: &str = include_str!("../../../../containers/wine/launch/main.go");
const MODULE: &str = include_str!("../../../../containers/wine/launch/go.mod");

/// Builds the launcher with the host's Go (any from 1.21, any host), once for each source and Go
/// version, into `cache`.
///
/// # Errors
/// [`Error::Program`] with the compiler's words, [`Error::File`].
pub fn build_launcher(go: &Path, cache: &Path) -> Result<PathBuf, Error> {
    let version = Command::new(go)
        .arg("version")
        .env("GOTOOLCHAIN", "local")
        .output()
        .map_err(Error::file(go))?;
    let mut hash = Sha256::new();
    hash.update(MAIN);
    hash.update(MODULE);
    // Another Go makes another program, and its runtime's defects would be charged to the case.
    hash.update(&version.stdout);
    let hex = hex::encode(&hash.finalize()[..8]);
    let path = cache.join(format!("twinproof-launch-{hex}.exe"));
    if path.is_file() {
        return Ok(path);
    }
    fs::create_dir_all(cache).map_err(Error::file(cache))?;
    let scratch = tempfile::tempdir_in(cache).map_err(Error::file(cache))?;
    for (name, text) in [("main.go", MAIN), ("go.mod", MODULE)] {
        let file = scratch.path().join(name);
        fs::write(&file, text).map_err(Error::file(&file))?;
    }
    let built = scratch.path().join("launch.exe");
    let mut command = Command::new(go);
    command
        .current_dir(scratch.path())
        .args(["build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o"])
        .arg(&built)
        .arg(".");
    command.envs(go_env::HERMETIC).envs([
        ("GOOS", "windows"),
        ("GOARCH", "amd64"),
        ("CGO_ENABLED", "0"),
    ]);
    host::run("go build", command, BUILD, |_| {})?;
    twinproof_base::file::publish(&built, &path).map_err(Error::file(&path))?;
    Ok(path)
}
