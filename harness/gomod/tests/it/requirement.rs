//! What a test needs of the machine, and what becomes of it where that is missing.

use std::env;
use std::path::PathBuf;

/// The variable that names the requirements which must be met, parted by commas.
const REQUIRE: &str = "TWINPROOF_REQUIRE";

/// Something a test needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// The `go` command on PATH.
    Go,
    /// A module proxy in force (`go env GOPROXY`) that answers.
    GoProxy,
}

impl Requirement {
    fn name(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::GoProxy => "goproxy",
        }
    }

    /// Says that it is not met: fails the test if it must be, and prints the reason if not.
    pub fn unavailable(self, reason: &str) {
        let name = self.name();
        let required = env::var(REQUIRE).unwrap_or_default();
        assert!(!required.split(',').any(|r| r == name), "{REQUIRE} names {name}: {reason}");
        println!("unavailable: {name}: {reason}");
    }
}

/// The `go` command, or `None` when it is not there and need not be.
pub fn go() -> Option<PathBuf> {
    match which::which("go") {
        Ok(path) => Some(path),
        Err(error) => {
            Requirement::Go.unavailable(&error.to_string());
            None
        }
    }
}
