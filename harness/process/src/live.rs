//! A process that runs in the background, such as a server.

use crate::parent;
use crate::registry::{Registered, Running, Shared, lock, stopping};
use crate::run::{code_of, spawn};
use process_wrap::std::CommandWrap;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Interval between polls for the end of the process.
const LOOK: Duration = Duration::from_millis(20);

/// A process to start and leave running.
pub struct Launch<'a> {
    /// The file of the program: see [`lookup`](crate::lookup()).
    pub program: &'a Path,
    /// Its arguments, without its name.
    pub args: Vec<OsString>,
    /// Its whole environment.
    pub env: &'a BTreeMap<String, String>,
    /// Its current directory.
    pub cwd: &'a Path,
    /// The file for standard output and standard error.
    pub log: File,
}

/// A process that runs. When this is dropped it is killed, with all that it started. On Linux the
/// system kills it when this program ends in any way, SIGKILL included.
pub struct Live {
    child: Shared,
    ended: Option<Option<i64>>,
    _registered: Registered,
    /// Dropped last: the system kills the process when this is gone.
    _starter: parent::Starter,
}

impl Live {
    /// Starts a process in a group or job of its own.
    ///
    /// # Errors
    /// When it cannot be started; the kind says why.
    pub fn start(launch: Launch<'_>) -> io::Result<Self> {
        if stopping() {
            let message = "the harness is being stopped";
            return Err(io::Error::new(io::ErrorKind::Interrupted, message));
        }
        let mut command = Command::new(launch.program);
        command.args(&launch.args).current_dir(launch.cwd).env_clear().envs(launch.env);
        parent::die_with(&mut command);
        let errors = launch.log.try_clone()?;
        command.stdin(Stdio::null()).stdout(launch.log).stderr(errors);
        let mut command = CommandWrap::from(command);
        #[cfg(unix)]
        command.wrap(process_wrap::std::ProcessGroup::leader());
        #[cfg(windows)]
        command.wrap(process_wrap::std::JobObject);
        let (child, starter) = parent::start(move || spawn(&mut command))?;
        let child: Shared = Arc::new(Mutex::new(Running { child, reaped: false }));
        let registered = Registered::enter(&child);
        Ok(Self { child, ended: None, _registered: registered, _starter: starter })
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        lock(&self.child).child.id()
    }

    /// Its exit code once it has ended, 128 + N for death by signal N; `None` while it runs.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn ended(&mut self) -> io::Result<Option<Option<i64>>> {
        if self.ended.is_none() {
            let mut running = lock(&self.child);
            // Checked without reaping: a reaped leader's group id may belong to another process.
            if has_ended(&mut running)? {
                // Kill its children before it is reaped: afterwards the group's id may be reused.
                running.kill();
                let status = running.child.inner_mut().wait()?;
                running.reaped = true;
                self.ended = Some(code_of(status));
            }
        }
        Ok(self.ended)
    }

    /// Sends SIGTERM, waits at most that long, and kills the rest of the group. On Windows, which has no
    /// such signal, it is killed at once.
    pub fn end(mut self, patience: Duration) {
        #[cfg(unix)]
        {
            let id = lock(&self.child).child.id();
            let id = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw);
            if let (None, Some(id)) = (self.ended, id) {
                // It may have ended already; it is not reaped yet, so its id is still valid.
                let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
                let deadline = Instant::now() + patience;
                while Instant::now() < deadline && matches!(self.ended(), Ok(None)) {
                    std::thread::sleep(LOOK);
                }
            }
        }
        #[cfg(not(unix))]
        let _ = (patience, &mut self, LOOK, Instant::now());
        drop(self);
    }
}

/// Whether the process has ended, without reaping it.
#[cfg(unix)]
fn has_ended(running: &mut Running) -> io::Result<bool> {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let id = i32::try_from(running.child.id()).ok().and_then(Pid::from_raw);
    let Some(id) = id else { return Ok(true) };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    match waitid(WaitId::Pid(id), options) {
        Ok(status) => Ok(status.is_some()),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Whether the process has ended. Its handle keeps it from being mistaken for another.
#[cfg(not(unix))]
fn has_ended(running: &mut Running) -> io::Result<bool> {
    Ok(running.child.inner_mut().try_wait()?.is_some())
}

impl Drop for Live {
    fn drop(&mut self) {
        let mut running = lock(&self.child);
        running.kill();
        if !running.reaped {
            // The process was killed, so this wait is short.
            let _ = running.child.inner_mut().wait();
            running.reaped = true;
        }
    }
}
