//! The two traits of a driver, and what passes through them.
//!
//! All paths that pass here are *native*: written as the programs of that environment write them
//! (`/tmp/w/a` on Linux, `C:\w\a` on Windows and under Wine).

use crate::absent::Absent;
use crate::facts::Facts;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use twinproof_base::hex;
use twinproof_model::{EntryKind, EnvironmentName};
use twinproof_process::Ended;

/// Result of looking for an environment.
pub enum Detection {
    /// The environment has started, and its handshake succeeded.
    Available(Box<dyn Environment>),
    /// The environment is not on this machine.
    Absent {
        /// The environment's name.
        name: EnvironmentName,
        /// The reason and the remedy.
        absent: Absent,
    },
    /// The environment is on this machine, but its driver or its handshake failed. Unlike an
    /// absence, this is an error of the harness and never a reason to skip.
    Broken {
        /// The environment's name.
        name: EnvironmentName,
        /// The error of its driver or of its handshake.
        error: EnvironmentError,
    },
}

impl Detection {
    /// Name of the environment.
    #[must_use]
    pub fn name(&self) -> &EnvironmentName {
        match self {
            Self::Available(environment) => environment.name(),
            Self::Absent { name, .. } | Self::Broken { name, .. } => name,
        }
    }
}

/// A failure of the driver itself; nothing is known of the subject then.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// The machinery under the driver failed (an engine, a relay, the file system).
    #[error("{environment}: {action}: {message}")]
    Driver {
        /// Name of the environment.
        environment: String,
        /// The action that failed.
        action: String,
        /// The cause.
        message: String,
    },
    /// The environment cannot do this; its capabilities say so beforehand.
    #[error("{environment} cannot {what}")]
    Unsupported {
        /// Name of the environment.
        environment: String,
        /// The action.
        what: String,
    },
    /// A limit was exceeded.
    #[error("{environment}: {what} is over the limit of {limit}")]
    Limit {
        /// Name of the environment.
        environment: String,
        /// The thing that is too large.
        what: String,
        /// The limit with its unit.
        limit: String,
    },
}

impl EnvironmentError {
    /// A failure of the machinery under a driver.
    pub(crate) fn driver(
        environment: &EnvironmentName,
        action: impl Into<String>,
        message: impl ToString,
    ) -> Self {
        Self::Driver {
            environment: environment.to_string(),
            action: action.into(),
            message: message.to_string(),
        }
    }

    /// Something that the environment cannot do.
    pub(crate) fn unsupported(environment: &EnvironmentName, what: impl Into<String>) -> Self {
        Self::Unsupported { environment: environment.to_string(), what: what.into() }
    }

    /// A limit that was exceeded.
    pub(crate) fn limit(
        environment: &EnvironmentName,
        what: impl Into<String>,
        limit: impl Into<String>,
    ) -> Self {
        Self::Limit { environment: environment.to_string(), what: what.into(), limit: limit.into() }
    }
}

/// A program to start.
#[derive(Clone, Debug)]
pub struct Exec {
    /// A native path, or a name that is looked up on the PATH of `env`.
    pub program: String,
    /// Its arguments, each as it is.
    pub args: Vec<String>,
    /// Its whole environment: nothing is inherited, nothing added.
    pub env: BTreeMap<String, String>,
    /// Its current directory, a native path.
    pub cwd: String,
    /// Its standard input; at its end it sees end of file.
    pub stdin: Vec<u8>,
    /// Time limit; after it the program and all that it started are killed.
    pub limit: Duration,
    /// Most bytes kept of each output.
    pub output_limit: u64,
}

/// The outcome of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exited {
    /// Its exit code, 128 + N for death by signal N, 126 when the system refused to start it (not
    /// executable, a format it does not know), 127 when it is a script whose interpreter is not there
    /// (the reason is then in `stderr`); none when there is
    /// no such program or it was killed at its limit.
    pub code: Option<i64>,
    /// Whether there is no such program.
    pub not_found: bool,
    /// Whether it was killed at its time limit.
    pub timed_out: bool,
    /// Its standard output, raw.
    pub stdout: Vec<u8>,
    /// Its standard error, raw.
    pub stderr: Vec<u8>,
    /// Whether one of them was cut at the limit.
    pub truncated: bool,
    /// Duration, as measured by the driver.
    pub duration: Duration,
}

/// A program that the driver ran on the harness's own machine.
impl From<Ended> for Exited {
    fn from(ended: Ended) -> Self {
        Self {
            code: ended.code,
            not_found: false,
            timed_out: ended.timed_out,
            stdout: ended.stdout,
            stderr: ended.stderr,
            truncated: ended.truncated,
            duration: ended.duration,
        }
    }
}

/// Something to put in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// A file with these bytes and, where bits are kept, this mode (0644 when absent).
    File {
        /// Its content.
        bytes: Vec<u8>,
        /// Its permission bits.
        mode: Option<u32>,
    },
    /// A directory.
    Dir {
        /// Its permission bits (0755 when absent).
        mode: Option<u32>,
    },
    /// A symbolic link.
    Symlink {
        /// Its target, as it is written into the link.
        target: String,
    },
}

/// The facts that the caller needs of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contents {
    /// Sizes, hashes and bytes.
    Wanted,
    /// Sizes and hashes.
    Hashes,
    /// Sizes only: files on this machine are not opened.
    Sizes,
}

/// Limits of [`Sandbox::entries`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotLimits {
    /// Deepest level that is listed: 0 is the path itself, 1 its entries. Deeper entries are no
    /// error, and do not count for the other limits.
    pub depth: u32,
    /// Most entries; more are an error.
    pub entries: usize,
    /// Most bytes in all; more are an error.
    pub bytes: u64,
}

impl Default for SnapshotLimits {
    /// 64 levels, 100,000 entries, 1 GiB.
    fn default() -> Self {
        Self { depth: 64, entries: 100_000, bytes: 1 << 30 }
    }
}

/// An entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// Relative to the listed path, with `/`; empty for that path itself.
    pub path: String,
    /// File, directory, link or another kind.
    pub kind: EntryKind,
    /// Permission bits, where they are kept.
    pub mode: Option<u32>,
    /// Target of a symbolic link.
    pub target: Option<String>,
    /// Size of a file in bytes.
    pub size: u64,
    /// SHA-256 of a file, lower-case hexadecimal, where the caller wants it.
    pub sha256: Option<String>,
    /// Bytes of a file, where the caller wants them.
    pub bytes: Option<Vec<u8>>,
}

impl TreeEntry {
    /// Makes it a file with these bytes; `contents` says whether the hash and the bytes are kept.
    pub(crate) fn file(&mut self, bytes: Vec<u8>, contents: Contents) {
        self.kind = EntryKind::File;
        self.size = bytes.len() as u64;
        let hashed = contents != Contents::Sizes;
        self.sha256 = hashed.then(|| hex::encode(&Sha256::digest(&bytes)));
        self.bytes = (contents == Contents::Wanted).then_some(bytes);
    }
}

/// A place where cases run.
pub trait Environment: Send + Sync {
    /// Facts about the environment, as measured.
    fn facts(&self) -> &Facts;

    /// The variables that a program needs here to start at all, with a home directory and a
    /// temporary directory at the given native paths. The harness's own variables are not in it.
    fn base_env(&self, home: &str, tmp: &str) -> BTreeMap<String, String>;

    /// Makes a fresh, empty work directory.
    ///
    /// # Errors
    /// When the machinery under the driver fails.
    fn open(&self, label: &str) -> Result<Box<dyn Sandbox + '_>, EnvironmentError>;

    /// Its name.
    fn name(&self) -> &EnvironmentName {
        &self.facts().name
    }

    /// Native path of the root of the SDK of that version (`1.27.3`).
    ///
    /// # Errors
    /// When that SDK is not available here.
    fn goroot(&self, version: &str) -> Result<String, Absent> {
        let facts = self.facts();
        facts.sdks.goroot(&facts.name.to_string(), version)
    }
}

/// Several names may share an environment: the subjects that run on the host share it.
impl Environment for Arc<dyn Environment> {
    fn facts(&self) -> &Facts {
        (**self).facts()
    }

    fn base_env(&self, home: &str, tmp: &str) -> BTreeMap<String, String> {
        (**self).base_env(home, tmp)
    }

    fn open(&self, label: &str) -> Result<Box<dyn Sandbox + '_>, EnvironmentError> {
        (**self).open(label)
    }
}

/// A work directory in an environment. Dropping it removes it with everything that runs in it; in a
/// container it may stay until those of other cases are removed.
pub trait Sandbox: Send {
    /// Its native path, symbolic links resolved.
    fn root(&self) -> &str;

    /// Runs a program to its end.
    ///
    /// # Errors
    /// When the machinery under the driver fails; that a program is not found, fails or is killed at
    /// its limit is an answer, not an error.
    fn exec(&self, exec: &Exec) -> Result<Exited, EnvironmentError>;

    /// Puts something at a native path; missing parent directories are made (0755).
    ///
    /// # Errors
    /// When it cannot be put there, or the environment cannot hold such a thing. In a container the
    /// first may be said by the next `exec` or `entries`, which names the path.
    fn put(&self, path: &str, what: &Put) -> Result<(), EnvironmentError>;

    /// The entry at a native path and all entries below it: sorted by path, the path itself first,
    /// links not followed. Empty when there is no entry.
    ///
    /// # Errors
    /// When it cannot be read, or is over the limits.
    fn entries(
        &self,
        path: &str,
        contents: Contents,
        limits: SnapshotLimits,
    ) -> Result<Vec<TreeEntry>, EnvironmentError>;
}
