//! What a test needs of the machine, and what becomes of it where that is missing.

use std::path::PathBuf;
use std::process::Command;

use twinproof_base::require;

/// Something a test needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Requirement {
    /// The `go` command on PATH.
    Go,
    /// A module proxy in force (`go env GOPROXY`) that answers, and the checksum database.
    GoProxy,
    /// A file system in memory, mounted in a namespace of the test's own (Linux).
    Tmpfs,
    /// A program on PATH that a test compares with or builds by, such as `readelf`.
    Program(&'static str),
}

impl Requirement {
    fn name(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::GoProxy => "goproxy",
            Self::Tmpfs => "tmpfs",
            Self::Program(name) => name,
        }
    }

    /// Says that it is not met: prints the reason.
    ///
    /// # Panics
    /// When it must be met: the test fails.
    pub fn unavailable(self, reason: &str) {
        let name = self.name();
        assert!(!require::required(name), "{} names {name}: {reason}", require::VARIABLE);
        println!("unavailable: {name}: {reason}");
    }
}

/// The `go` command, or `None` when it is not there and need not be.
#[must_use]
pub fn go() -> Option<PathBuf> {
    which::which("go").map_err(|error| Requirement::Go.unavailable(&error.to_string())).ok()
}

/// A program on PATH, or `None` when it is not there and need not be.
#[must_use]
pub fn program(name: &'static str) -> Option<PathBuf> {
    let found = which::which(name);
    found.map_err(|error| Requirement::Program(name).unavailable(&error.to_string())).ok()
}

/// The root of the Go distribution that `go` belongs to.
///
/// # Panics
/// When `go` does not say.
#[must_use]
pub fn goroot() -> Option<PathBuf> {
    let output = Command::new(go()?).args(["env", "GOROOT"]).output().unwrap();
    Some(PathBuf::from(String::from_utf8(output.stdout).unwrap().trim()))
}
