//! Running a program with a time limit and an environment of our own making.
//!
//! A program inherits only the variables that it needs to find the user and the system. Output goes
//! to files, so that a child's child cannot keep us waiting. Nothing here is particular to Go.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::error::Error;

/// The variables that a child inherits: the user's name and home, and those that Windows needs to run programs.
const INHERITED: [&str; 12] = [
    "HOME",
    "PATH",
    "TMPDIR",
    "USERPROFILE",
    "LOCALAPPDATA",
    "APPDATA",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "TEMP",
    "TMP",
    "PATHEXT",
];

/// The most bytes of output that are read.
const MAX_OUTPUT: u64 = 16 << 20;

/// A program to run.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) program: &'a Path,
    pub(crate) args: Vec<OsString>,
    pub(crate) cwd: &'a Path,
    /// Set after the inherited variables.
    pub(crate) env: Vec<(&'static str, OsString)>,
    pub(crate) limit: Duration,
}

/// Output of a program that ended with status 0.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) stdout: Vec<u8>,
}

impl Run<'_> {
    /// Runs it; `tick` is called with the time so far, and ends it by returning `false`.
    pub(crate) fn run(&self, mut tick: impl FnMut(Duration) -> bool) -> Result<Ran, Error> {
        let fail = |reason: String| Error::Program { program: self.program.to_path_buf(), reason };
        let io = |error: io::Error| fail(error.to_string());
        // Files, not pipes: they need no reader while the program runs, and no program blocks on a
        // full pipe.
        let (mut out, mut err) =
            (tempfile::tempfile().map_err(io)?, tempfile::tempfile().map_err(io)?);
        let inherited = INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
        let mut child = Command::new(self.program)
            .args(&self.args)
            .current_dir(self.cwd)
            .env_clear()
            .envs(inherited)
            .envs(self.env.iter().map(|(name, value)| (OsStr::new(name), value.as_os_str())))
            .stdin(Stdio::null())
            .stdout(out.try_clone().map_err(io)?)
            .stderr(err.try_clone().map_err(io)?)
            .spawn()
            .map_err(io)?;
        let begin = Instant::now();
        let mut pause = Duration::from_millis(2);
        let status = loop {
            if let Some(status) = child.try_wait().map_err(io)? {
                break status;
            }
            let so_far = begin.elapsed();
            let wanted = tick(so_far);
            if !wanted || so_far > self.limit {
                child.kill().map_err(io)?;
                child.wait().map_err(io)?;
                let limit = self.limit.as_secs();
                return Err(if wanted {
                    fail(format!("it took longer than {limit} s"))
                } else {
                    Error::Cancelled
                });
            }
            std::thread::sleep(pause);
            // `go env` ends after a few milliseconds, a build after minutes.
            pause = (pause * 2).min(Duration::from_millis(200));
        };
        let stdout = content(&mut out).map_err(io)?;
        if status.success() {
            return Ok(Ran { stdout });
        }
        let messages = content(&mut err).map_err(io)?;
        let messages = String::from_utf8_lossy(&messages);
        let tail: Vec<&str> = messages.lines().rev().take(8).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        Err(fail(format!("{status}: {}", tail.join("; "))))
    }
}

fn content(file: &mut File) -> io::Result<Vec<u8>> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(MAX_OUTPUT).read_to_end(&mut bytes)?;
    Ok(bytes)
}
