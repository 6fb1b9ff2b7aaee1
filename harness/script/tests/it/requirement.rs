//! What a test needs of the machine, and what becomes of it where that is missing.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use twinproof_script::Toolchain;

/// The variable that names the requirements which must be met, parted by commas.
const REQUIRE: &str = "TWINPROOF_REQUIRE";

/// The Go on PATH with the scripts of its tests, or `None` when it is not there and need not be.
pub fn go() -> Option<Toolchain> {
    let unavailable = |reason: &str| {
        let required = env::var(REQUIRE).unwrap_or_default();
        assert!(!required.split(',').any(|r| r == "go"), "{REQUIRE} names go: {reason}");
        println!("unavailable: go: {reason}");
    };
    let program = match which::which("go") {
        Ok(program) => program,
        Err(error) => {
            unavailable(&error.to_string());
            return None;
        }
    };
    let output = Command::new(program).args(["env", "GOROOT"]).output().expect("go runs");
    let goroot = PathBuf::from(String::from_utf8(output.stdout).expect("a path").trim());
    let toolchain = Toolchain::probe(&goroot).expect("go answers");
    if !toolchain.scripts().is_dir() {
        unavailable("the Go on PATH comes without the scripts of its tests");
        return None;
    }
    Some(toolchain)
}
