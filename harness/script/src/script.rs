//! Parses a script file into its lines.

use crate::outcome::Reason;
use crate::parse::{Command, LineError, parse};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use twinproof_gomod::txtar::{Archive, File};

/// Largest script that is read. Go's largest has 30 KiB.
const LARGEST: u64 = 4 << 20;
/// The host of the server for version control systems that Go's own tests run.
const VERSION_CONTROL: &str = "vcs-test.golang.org";
/// A message that only the go command built for tests prints, in place of a query for that name.
const NO_HOST: &str = "no such host localhost.localdev";

/// A script that can be run.
#[derive(Clone, Debug)]
pub struct Script {
    name: String,
    pub(crate) lines: Vec<Line>,
    pub(crate) files: Vec<File>,
}

/// A line that is not blank.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) text: String,
    /// None for a comment that begins a section.
    pub(crate) command: Option<Command>,
}

/// An error that leaves a script without an outcome; none of them is the subject's fault.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// Its file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The I/O error.
        source: io::Error,
    },
    /// The file is larger than any script.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        limit: u64,
    },
    /// A line cannot be parsed.
    #[error("{name}:{line}: {why}")]
    Line {
        /// The script.
        name: String,
        /// The line's number, from 1.
        line: usize,
        /// The mistake.
        why: String,
    },
    /// A file of it would lie outside the work directory.
    #[error("{name}: the file {file:?} is outside the work directory")]
    Outside {
        /// The script.
        name: String,
        /// The file.
        file: String,
    },
    /// The harness could not do its own part.
    #[error("{action}")]
    Harness {
        /// The action that failed.
        action: String,
        /// The I/O error.
        source: io::Error,
    },
}

impl ScriptError {
    pub(crate) fn harness(action: impl Into<String>, source: io::Error) -> Self {
        Self::Harness { action: action.into(), source }
    }
}

impl Script {
    /// Reads the script in a file. Its name is the file's without `.txt`.
    ///
    /// # Errors
    /// When it cannot be read, or a line cannot be parsed.
    pub fn read(path: &Path) -> Result<Self, ScriptError> {
        let failed = |source| ScriptError::Read { path: path.to_owned(), source };
        let mut text = Vec::new();
        let file = std::fs::File::open(path).map_err(failed)?;
        file.take(LARGEST + 1).read_to_end(&mut text).map_err(failed)?;
        if text.len() as u64 > LARGEST {
            return Err(ScriptError::TooLarge { path: path.to_owned(), limit: LARGEST });
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        Self::parse(&name, &text)
    }

    /// Reads the script in `text`.
    ///
    /// # Errors
    /// When a line cannot be parsed.
    pub fn parse(name: &str, text: &[u8]) -> Result<Self, ScriptError> {
        let archive = Archive::parse(text);
        let comment = String::from_utf8_lossy(&archive.comment);
        let mut lines = Vec::new();
        for (number, text) in (1..).zip(comment.lines()) {
            let command = parse(text).map_err(|why: LineError| ScriptError::Line {
                name: name.to_owned(),
                line: number,
                why: why.to_string(),
            })?;
            if command.is_some() || text.starts_with('#') {
                lines.push(Line { number, text: text.to_owned(), command });
            }
        }
        Ok(Self { name: name.to_owned(), lines, files: archive.files })
    }

    /// The script's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The reason, judged by the text alone, why the script can never be run against a proxy.
    #[must_use]
    pub fn out_of_reach(&self) -> Option<Reason> {
        let naming = |text: &str| {
            self.lines.iter().find(|line| line.command.is_some() && line.text.contains(text))
        };
        if let Some(line) = naming(NO_HOST) {
            return Some(Reason::Hook { what: NO_HOST.to_owned(), line: line.number });
        }
        if let Some(line) = naming(VERSION_CONTROL) {
            return Some(Reason::VersionControl { place: format!("line {}", line.number) });
        }
        // The name is looked for in the files too: a go.mod of the script may require a module from
        // there.
        let host = VERSION_CONTROL.as_bytes();
        let named = |file: &&File| file.data.windows(host.len()).any(|part| part == host);
        let file = self.files.iter().find(named)?;
        Some(Reason::VersionControl { place: format!("the file {}", file.name) })
    }
}
