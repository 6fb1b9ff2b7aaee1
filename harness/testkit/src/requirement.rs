//! Requirements of tests on the machine, and the outcome of a test whose requirement is missing.

use std::fmt;
use std::panic::resume_unwind;
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
    /// A server of MySQL or MariaDB that can be started.
    Mysql,
    /// A broker of Kafka that can be started: Java and Kafka's jars.
    Kafka,
    /// A file system in memory, mounted in a namespace of the test's own (Linux).
    Tmpfs,
    /// Private namespaces of users, mounts and networks (Linux).
    Lab,
    /// A container engine.
    Docker,
    /// The images of the container environments, in the engine.
    Images,
    /// WSL's own `wslpath`.
    Wslpath,
    /// A program on PATH that a test compares with or builds by, such as `readelf`.
    Program(&'static str),
}

impl Requirement {
    /// All of them but programs.
    pub const ALL: [Self; 9] = [
        Self::Go,
        Self::GoProxy,
        Self::Mysql,
        Self::Kafka,
        Self::Tmpfs,
        Self::Lab,
        Self::Docker,
        Self::Images,
        Self::Wslpath,
    ];

    /// The name that `TWINPROOF_REQUIRE` has for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::GoProxy => "goproxy",
            Self::Mysql => "mysql",
            Self::Kafka => "kafka",
            Self::Tmpfs => "tmpfs",
            Self::Lab => "lab",
            Self::Docker => "docker",
            Self::Images => "images",
            Self::Wslpath => "wslpath",
            Self::Program(name) => name,
        }
    }

    /// Whether `TWINPROOF_REQUIRE` names it, so that its absence fails the test.
    #[must_use]
    pub fn is_required(self) -> bool {
        require::required(self.name())
    }

    /// Gives the test what it returns where the requirement is not met.
    ///
    /// # Panics
    /// When it must be met: the test fails.
    pub fn unavailable(self, reason: impl fmt::Display) -> Unavailable {
        let name = self.name();
        // Where everything has to be there, an ignored test would hide that it is not.
        assert!(!self.is_required(), "{} names {name}: {reason}", require::VARIABLE);
        Unavailable { requirement: self, reason: reason.to_string() }
    }
}

/// A requirement that is not met, and need not be.
#[must_use = "a test returns it, or ends with it"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable {
    requirement: Requirement,
    reason: String,
}

impl Unavailable {
    /// Ends the test as one that lacks something, from where it cannot return: a helper that takes a
    /// closure. Where Rust's own test program runs it, it fails.
    pub fn end_test(self) -> ! {
        // `resume_unwind` prints no message, unlike a panic.
        resume_unwind(Box::new(self))
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A test is reported in one line.
        let reason: Vec<&str> = self.reason.split_whitespace().collect();
        write!(f, "needs {}: {}", self.requirement.name(), reason.join(" "))
    }
}

/// The result of a test that needs something of the machine.
pub type Outcome = Result<(), Unavailable>;

/// The `go` command.
///
/// # Errors
/// When it is not there.
pub fn go() -> Result<PathBuf, Unavailable> {
    which::which("go").map_err(|_| Requirement::Go.unavailable("it is not on PATH"))
}

/// A program on PATH that a test compares with or builds by.
///
/// # Errors
/// When it is not there.
pub fn program(name: &'static str) -> Result<PathBuf, Unavailable> {
    which::which(name).map_err(|_| Requirement::Program(name).unavailable("it is not on PATH"))
}

/// The root of the Go distribution that `go` belongs to.
///
/// # Errors
/// When there is no `go`.
///
/// # Panics
/// When `go` does not say.
pub fn goroot() -> Result<PathBuf, Unavailable> {
    let output = Command::new(go()?).args(["env", "GOROOT"]).output().unwrap();
    Ok(PathBuf::from(String::from_utf8(output.stdout).unwrap().trim()))
}
