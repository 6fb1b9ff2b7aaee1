//! A program to run in a container, and how it ended. Running it is in [`crate::run`].

use std::time::Duration;

/// A program to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec {
    /// Program and arguments. The program is looked up in `env`'s PATH unless it has a separator in
    /// it. In `wine` it is a Windows program, `C:\sdk\go1.27.3\bin\go.exe`.
    pub argv: Vec<String>,
    /// The whole environment: the program sees this and nothing else.
    pub env: Vec<(String, String)>,
    /// Working directory in the container, absolute; in `wine` a Windows path.
    pub cwd: String,
    /// Its standard input; `None` is an empty input that ends at once.
    pub stdin: Option<Vec<u8>>,
    /// After this it and all that it started are killed.
    pub time_limit: Duration,
    /// Bytes kept of each stream; more is read and dropped.
    pub output_limit: usize,
}

impl Exec {
    /// A program in `/` (in `wine` `C:\`) with an empty environment, no input, one minute, and
    /// 16 MiB of each stream.
    pub fn new<S: Into<String>>(argv: impl IntoIterator<Item = S>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            cwd: "/".into(),
            stdin: None,
            time_limit: Duration::from_secs(60),
            output_limit: 16 << 20,
        }
    }
}

/// The outcome of a program, and its output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecResult {
    /// Its exit code; in `wine` all 32 bits. `None` when it ran into its time limit. 126: it cannot
    /// be run; 127: something that it needs to start, or itself, is not there. A program ended by signal n gives 128+n, as in
    /// every shell.
    pub exit: Option<u32>,
    /// The signal that ended it, by the convention of 128+n: a program that itself exits with such
    /// a code looks the same. Always `None` in `wine`.
    pub signal: Option<u32>,
    /// Whether there is no such program, at its path or on the PATH given (there, only what may be
    /// run counts). Looked up in the container, so that no program's own 127 is taken for it.
    pub not_found: bool,
    /// Whether it was killed at its time limit.
    pub timed_out: bool,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
    /// Whether a stream was longer than the output limit.
    pub truncated: bool,
    /// Number of processes that it left running; they were killed when it ended.
    pub left_over: u32,
    /// From the request to the answer, the engine's own time included (60 ms at least).
    pub duration: Duration,
}
