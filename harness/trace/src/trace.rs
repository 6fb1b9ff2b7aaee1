//! Processes and events of a trace.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The tool and form that a trace is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A log of strace, best with `-f -v -s 4096`.
    Strace,
    /// A capture of Process Monitor, version 9 of the format.
    Pml,
    /// The same, exported as CSV.
    Csv,
}

impl Format {
    /// The format of a file that begins so.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if bytes.starts_with(b"PML_") {
            Self::Pml
        } else if text.starts_with(b"\"Time of Day\"") || text.starts_with(b"\"Process Name\"") {
            Self::Csv
        } else {
            Self::Strace
        }
    }
}

/// A program that ran. A process that became another program counts twice, the second time as started
/// by the same parent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Its number in the system.
    pub pid: u32,
    /// The place of the program that started it among [`Trace::processes`].
    pub parent: Option<usize>,
    /// The number of the process that started it, where that is known.
    pub parent_pid: Option<u32>,
    /// The path of the program.
    pub program: String,
    /// Its arguments, its name first; of Windows the command line as one text.
    pub args: Vec<String>,
    /// Its variables, where the trace has them.
    pub environment: Option<BTreeMap<String, String>>,
    /// Its exit code, where the trace has its end.
    pub exit: Option<i64>,
}

impl Process {
    /// The name of the program: the last part of its path, without `.exe`, in lower case.
    #[must_use]
    pub fn name(&self) -> String {
        let last = self.program.rsplit(['/', '\\']).next().unwrap_or_default();
        let last = last.to_ascii_lowercase();
        last.strip_suffix(".exe").map_or(last.clone(), str::to_owned)
    }

    /// The value of a variable: by the exact name, or without case as Windows has it.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        let all = self.environment.as_ref()?;
        let exact = all.get(name);
        let found = exact.or_else(|| {
            // Only Windows compares names of variables without case; the path of the program shows
            // the system.
            let windows = self.program.contains('\\');
            let same = |(key, _): &(&String, &String)| windows && key.eq_ignore_ascii_case(name);
            all.iter().find(same).map(|(_, value)| value)
        });
        found.map(String::as_str)
    }
}

/// Something that a process did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The number of the process.
    pub pid: u32,
    /// The tool's own name for it: `openat`, `CreateFile`.
    pub operation: String,
    /// The file or key that it was done to; `FROM -> TO` of a rename.
    pub path: String,
    /// `ok`, or the tool's name of the error: `ENOENT`, `NAME NOT FOUND`.
    pub result: String,
}

/// A trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// The programs, in the order in which they started.
    pub processes: Vec<Process>,
    /// Events of all processes in order, including starts of programs.
    pub events: Vec<Event>,
}

impl Trace {
    /// `PARENT > CHILD` of every start whose parent is in the trace too, each once, sorted.
    #[must_use]
    pub fn starts(&self) -> Vec<String> {
        let started = self.processes.iter().filter_map(|process| {
            let parent = self.processes.get(process.parent?)?;
            Some(format!("{} > {}", parent.name(), process.name()))
        });
        let mut all: Vec<String> = started.collect();
        all.sort();
        all.dedup();
        all
    }

    /// Gives every process the place of its parent: the last program before it with that number.
    pub(crate) fn link(&mut self) {
        let mut last: BTreeMap<u32, usize> = BTreeMap::new();
        for (at, process) in self.processes.iter_mut().enumerate() {
            process.parent = process.parent_pid.and_then(|pid| last.get(&pid).copied());
            last.insert(process.pid, at);
        }
    }
}

/// Error in a trace.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {why}")]
pub struct TraceError {
    /// Where: `line 12`, `byte 0x3a8`.
    pub place: String,
    /// The problem.
    pub why: String,
}

impl TraceError {
    pub(crate) fn new(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self { place: place.into(), why: why.into() }
    }
}
