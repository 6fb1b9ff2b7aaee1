//! The settings of a run: its go command, its proxy, its database, its folders and limits.

use crate::toolchain::Toolchain;
use std::path::PathBuf;
use std::time::Duration;

/// The settings that scripts run with. One value serves any number of scripts, also concurrently.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The go command.
    pub toolchain: Toolchain,
    /// GOPROXY at the beginning of a script: the base URL of the subject, behind a
    /// [`Front`](crate::Front) unless it serves the tests' control prefixes itself.
    pub proxy: String,
    /// GOSUMDB at the beginning of a script: the verifier key of the database.
    pub sumdb: String,
    /// Parent of the work directories; each run has one and removes it.
    pub dir: PathBuf,
    /// GOCACHE; scripts share it.
    pub gocache: PathBuf,
    /// Whether the condition `[short]` holds; many scripts skip themselves then.
    pub short: bool,
    /// Variables that are set after all others.
    pub env: Vec<(String, String)>,
    /// Time and size limits of a script.
    pub limits: ScriptLimits,
}

/// Time and size limits of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptLimits {
    /// Time for one command.
    pub command: Duration,
    /// Time for all of a script.
    pub script: Duration,
    /// Bytes of each output of one command.
    pub output: u64,
    /// Bytes of the transcript.
    pub transcript: usize,
}

impl Default for ScriptLimits {
    /// Five minutes for a command, fifteen for a script, 16 MiB of output, 1 MiB of transcript.
    fn default() -> Self {
        Self {
            command: Duration::from_secs(5 * 60),
            script: Duration::from_secs(15 * 60),
            output: 16 << 20,
            transcript: 1 << 20,
        }
    }
}
