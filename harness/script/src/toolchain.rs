//! The go command that scripts run, with its version and settings.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use twinproof_base::go_env;
use twinproof_process::{Start, Stdin, Variables, run};

/// Time limit for the go command to print its settings.
const LIMIT: Duration = Duration::from_secs(60);
/// Most bytes of its output.
const OUTPUT: u64 = 1 << 20;

/// A Go installation, and where its go command runs: on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolchain {
    /// Its GOROOT.
    pub goroot: PathBuf,
    /// The go command in it.
    pub go: PathBuf,
    /// `go1.27.3`
    pub version: String,
    /// `linux`
    pub goos: String,
    /// `amd64`
    pub goarch: String,
    /// The suffix of programs: `.exe` or nothing.
    pub exe: String,
    /// Whether cgo is on, as where a C compiler is.
    pub cgo: bool,
    /// The experiments that it is built with.
    pub experiments: Vec<String>,
}

/// The reason why a folder has no usable go command.
#[derive(Debug, thiserror::Error)]
pub enum ToolchainError {
    /// The go command cannot be started.
    #[error("cannot run {}", go.display())]
    Start {
        /// The program.
        go: PathBuf,
        /// The I/O error.
        source: std::io::Error,
    },
    /// The go command does not print its settings.
    #[error("{} does not print its settings: {why}", go.display())]
    Answer {
        /// The program.
        go: PathBuf,
        /// The error of parsing its output, or its standard error.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
struct Answer {
    goversion: String,
    goos: String,
    goarch: String,
    goexe: String,
    cgo_enabled: String,
}

impl Toolchain {
    /// Asks the go command in `goroot`.
    ///
    /// # Errors
    /// When it is not there or does not answer.
    pub fn probe(goroot: &Path) -> Result<Self, ToolchainError> {
        let go = goroot.join("bin").join(format!("go{}", std::env::consts::EXE_SUFFIX));
        let variables = ["GOVERSION", "GOOS", "GOARCH", "GOEXE", "CGO_ENABLED"];
        let json = ask(goroot, &go, &[&["env", "-json"], &variables[..]].concat())?;
        let answer: Answer = serde_json::from_str(&json)
            .map_err(|e| ToolchainError::Answer { go: go.clone(), why: e.to_string() })?;
        // GOEXPERIMENT of `go env` shows only differences from the default. The build tags show
        // every experiment that is on.
        let tags = ask(goroot, &go, &["list", "-f", "{{context.ToolTags}}", "runtime"])?;
        let experiments = tags
            .split(|c: char| c.is_whitespace() || c == '[' || c == ']')
            .filter_map(|tag| tag.strip_prefix("goexperiment."))
            .map(str::to_owned)
            .collect();
        Ok(Self {
            goroot: goroot.to_owned(),
            go,
            version: answer.goversion,
            goos: answer.goos,
            goarch: answer.goarch,
            exe: answer.goexe,
            cgo: answer.cgo_enabled == "1",
            experiments,
        })
    }

    /// The folder of the scripts.
    #[must_use]
    pub fn scripts(&self) -> PathBuf {
        self.testdata().join("script")
    }

    /// The folder of the modules that the scripts ask for.
    #[must_use]
    pub fn modules(&self) -> PathBuf {
        self.testdata().join("mod")
    }

    fn testdata(&self) -> PathBuf {
        ["src", "cmd", "go", "testdata"].iter().fold(self.goroot.clone(), |p, e| p.join(e))
    }
}

/// Runs the go command where no setting of the machine's user reaches it.
fn ask(goroot: &Path, go: &Path, args: &[&str]) -> Result<String, ToolchainError> {
    let failed = |source| ToolchainError::Start { go: go.to_owned(), source };
    let home = tempfile::tempdir().map_err(failed)?;
    let mut env = BTreeMap::new();
    // go.exe does not start without SYSTEMROOT: Windows looks for its random numbers and sockets
    // below it.
    for name in ["PATH", "SYSTEMROOT", "WINDIR", "CC"] {
        if let Ok(value) = std::env::var(name) {
            env.insert(name.to_owned(), value);
        }
    }
    let here = home.path().to_string_lossy().into_owned();
    for name in ["HOME", "USERPROFILE", "LOCALAPPDATA", "GOCACHE", "GOPATH", "TMPDIR", "TMP"] {
        env.insert(name.to_owned(), here.clone());
    }
    for (name, value) in go_env::HERMETIC.into_iter().chain([
        ("GOROOT", goroot.to_string_lossy().as_ref()),
        ("GOPROXY", "off"),
        // `go list runtime` needs no module then, and cannot look for one.
        ("GO111MODULE", "off"),
        ("TEST_TELEMETRY_DIR", here.as_str()),
    ]) {
        env.insert(name.to_owned(), value.to_owned());
    }
    let ended = run(Start {
        program: go,
        args: args.iter().map(Into::into).collect(),
        variables: Variables::Exact(&env),
        cwd: home.path(),
        stdin: Stdin::Null,
        limit: LIMIT,
        output_limit: OUTPUT,
        grace: None,
    })
    .map_err(failed)?;
    if ended.code == Some(0) {
        return Ok(String::from_utf8_lossy(&ended.stdout).into_owned());
    }
    let why = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
    Err(ToolchainError::Answer { go: go.to_owned(), why })
}
