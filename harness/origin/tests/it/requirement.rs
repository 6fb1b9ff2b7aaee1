//! What a test needs of the machine, and what becomes of it where that is missing.

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// The variable that names the requirements which must be met, parted by commas.
const REQUIRE: &str = "TWINPROOF_REQUIRE";

/// The name of the requirement: the `go` command on PATH.
const GO: &str = "go";

/// Says that it is not met: fails the test if it must be, and prints the reason if not.
fn unavailable(reason: &str) {
    let required = env::var(REQUIRE).unwrap_or_default();
    assert!(!required.split(',').any(|r| r == GO), "{REQUIRE} names {GO}: {reason}");
    println!("unavailable: {GO}: {reason}");
}

/// The `go` command, or `None` when it is not there and need not be.
pub fn go() -> Option<PathBuf> {
    which::which("go").map_err(|error| unavailable(&error.to_string())).ok()
}

/// The root of the Go distribution that `go` belongs to.
pub fn goroot() -> Option<PathBuf> {
    let output = Command::new(go()?).args(["env", "GOROOT"]).output().expect("go runs");
    Some(PathBuf::from(String::from_utf8(output.stdout).expect("UTF-8").trim()))
}

/// The module archives of cmd/go's tests.
pub fn corpus() -> Option<PathBuf> {
    let folder = goroot()?.join("src/cmd/go/testdata/mod");
    if folder.is_dir() {
        return Some(folder);
    }
    unavailable("the distribution has no src/cmd/go/testdata/mod");
    None
}
