//! The state of a running script.

use crate::environment::Environment;
use crate::expand::expand;
use crate::outcome::Reason;
use crate::parse::{Want, Word};
use crate::path::resolve;
use crate::regexp::quote;
use crate::script::ScriptError;
use crate::transcript::Transcript;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::Instant;
use twinproof_process::Ended;

/// A script between two of its lines.
pub(crate) struct State {
    /// The work directory, `$WORK`.
    pub(crate) work: PathBuf,
    /// Current directory of commands.
    pub(crate) pwd: PathBuf,
    pub(crate) env: Environment,
    /// Output of the last command that writes any.
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) background: Vec<Background>,
    pub(crate) log: Transcript,
    pub(crate) go_runs: u32,
    /// When the script's time is over.
    pub(crate) deadline: Instant,
}

/// A command that runs while the script goes on.
pub(crate) struct Background {
    pub(crate) line: usize,
    pub(crate) text: String,
    pub(crate) want: Want,
    pub(crate) running: JoinHandle<io::Result<Ended>>,
}

/// Result of a command that is no [`Fault`].
pub(crate) enum Ran {
    /// The command wrote nothing; the output of the command before stays.
    Quiet,
    /// The command runs in the background.
    Started,
    /// The command's output. With an error, the command failed.
    Output { stdout: Vec<u8>, stderr: Vec<u8>, error: Option<String> },
}

impl Ran {
    /// The result of a command that succeeded and wrote to standard output.
    pub(crate) fn output(stdout: Vec<u8>) -> Self {
        Self::Output { stdout, stderr: Vec::new(), error: None }
    }
}

/// The reason why a command did not succeed.
pub(crate) enum Fault {
    /// The command failed, which `!` and `?` accept.
    Failed(String),
    /// The command failed in a way that `!` and `?` do not accept: a limit, a background command.
    Firm(String),
    /// The script ends here, and passes.
    Stop(String),
    /// The script tests something that is not here.
    Absent(Reason),
    /// The harness failed.
    Harness(ScriptError),
}

impl Fault {
    /// The wrong arguments for a command.
    pub(crate) fn usage(usage: &str) -> Self {
        Self::Failed(format!("usage: {usage}"))
    }

    /// The system's error about a file.
    pub(crate) fn file(path: &Path, error: &io::Error) -> Self {
        Self::Failed(format!("{}: {error}", path.display()))
    }
}

impl State {
    /// The path that a script means.
    pub(crate) fn path(&self, text: &str) -> PathBuf {
        resolve(&self.pwd, text)
    }

    /// A text with the script's variables in it.
    pub(crate) fn expand(&self, text: &str) -> String {
        expand(text, |name| self.env.value(name))
    }

    /// A word with the script's variables in it; they stand for themselves in a regular expression.
    pub(crate) fn word(&self, word: &Word, pattern: bool) -> String {
        word.iter()
            .map(|fragment| match (fragment.quoted, pattern) {
                (true, _) => fragment.text.clone(),
                (false, true) => expand(&fragment.text, |name| quote(&self.env.value(name))),
                (false, false) => self.expand(&fragment.text),
            })
            .collect()
    }

    /// The bytes that a name stands for where `stdout` and `stderr` are names too.
    pub(crate) fn read(&self, name: &str) -> Result<Vec<u8>, Fault> {
        match name {
            "stdout" => Ok(self.stdout.clone()),
            "stderr" => Ok(self.stderr.clone()),
            name => {
                let path = self.path(name);
                std::fs::read(&path).map_err(|e| Fault::file(&path, &e))
            }
        }
    }
}
