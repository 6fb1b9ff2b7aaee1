//! Runs one process with limits on time and output, and kills its whole process group (on Windows
//! its job object) at the end.

use super::registry::{Registered, Running, Shared, lock, stopping};
use process_wrap::std::CommandWrap;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Longest time limit. It only keeps `Instant + Duration` from overflowing.
const LONGEST: Duration = Duration::from_secs(30 * 24 * 3600);
/// Time for which outputs may stay open after the group was killed: a process that left the group
/// by `setsid` may still hold the pipes.
// Half a second is enough to read a full pipe. Without a bound, a daemon that a case left behind
// would block the harness for ever.
const DRAIN: Duration = Duration::from_millis(500);
/// Bytes of the end of an output that are kept beyond its limit: a relay's trailer.
const TAIL: usize = 256;
/// Number of retries of a start after ETXTBSY, and the pause between them. A child that another
/// thread forked inherits a descriptor open for writing until its exec.
const BUSY: (u32, Duration) = (20, Duration::from_millis(10));

/// The standard input of a process.
pub enum Stdin {
    /// Nothing: end of file at once.
    Null,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A file, from where it stands.
    File(File),
}

/// The environment of a process.
pub enum Variables<'a> {
    /// Exactly these.
    Exact(&'a BTreeMap<String, String>),
    /// The harness's own with these set.
    Inherited(&'a [(&'a str, &'a str)]),
}

/// An action at the time limit, before the process is killed.
pub struct Grace<'a> {
    /// Ends the work elsewhere (inside a distribution, on Windows).
    pub ask: &'a (dyn Fn() + Sync),
    /// Time that the process then has to end by itself.
    pub wait: Duration,
}

/// A process to start.
pub struct Start<'a> {
    /// The file of the program: see [`lookup`](crate::lookup()).
    pub program: &'a Path,
    /// Its arguments, without its name.
    pub args: Vec<OsString>,
    /// Its environment.
    pub variables: Variables<'a>,
    /// Its current directory.
    pub cwd: &'a Path,
    /// Its standard input.
    pub stdin: Stdin,
    /// Time limit, at which it is killed.
    pub limit: Duration,
    /// Most bytes kept of each output; the rest is read and dropped.
    pub output_limit: u64,
    /// The action at the time limit, before it is killed.
    pub grace: Option<Grace<'a>>,
}

/// The outcome of a process.
#[derive(Debug)]
pub struct Ended {
    /// Exit code, 128 + N for death by signal N; none when it was killed at its limit.
    pub code: Option<i64>,
    /// Whether it was killed at its limit.
    pub timed_out: bool,
    /// Standard output, up to the limit.
    pub stdout: Vec<u8>,
    /// Standard error, up to the limit.
    pub stderr: Vec<u8>,
    /// The last [`TAIL`] bytes of standard error, also where it was cut.
    pub stderr_tail: Vec<u8>,
    /// Whether one of the outputs was cut at its limit.
    pub truncated: bool,
    /// Time from the start to the end.
    pub duration: Duration,
}

enum Event {
    Exited,
    Closed,
}

#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    tail: Vec<u8>,
    truncated: bool,
}

/// Runs a process to its end, and kills the remaining processes of its group or job.
///
/// # Errors
/// When it cannot be started; the kind says why.
pub fn run(start: Start<'_>) -> io::Result<Ended> {
    if stopping() {
        return Err(io::Error::new(io::ErrorKind::Interrupted, "the harness is being stopped"));
    }
    let (input, output_limit, grace) = (start.stdin, start.output_limit, start.grace);
    let (stdin, bytes) = match input {
        Stdin::Null => (Stdio::null(), None),
        Stdin::Bytes(bytes) if bytes.is_empty() => (Stdio::null(), None),
        Stdin::Bytes(bytes) => (Stdio::piped(), Some(bytes)),
        Stdin::File(file) => (Stdio::from(file), None),
    };
    let mut command = Command::new(start.program);
    command.args(&start.args).current_dir(start.cwd);
    match start.variables {
        Variables::Exact(env) => command.env_clear().envs(env),
        Variables::Inherited(set) => command.envs(set.iter().copied()),
    };
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut command = CommandWrap::from(command);
    #[cfg(unix)]
    command.wrap(process_wrap::std::ProcessGroup::leader());
    // A job object ends with its last handle, so the child's own children end even if the harness
    // crashes.
    #[cfg(windows)]
    command.wrap(process_wrap::std::JobObject);

    let started = Instant::now();
    let mut child = spawn(&mut command)?;
    let (stdin, stdout, stderr) =
        (child.stdin().take(), child.stdout().take(), child.stderr().take());
    let child: Shared = Arc::new(Mutex::new(Running { child, reaped: false }));
    let registered = Registered::enter(&child);
    let (events, event) = channel();
    // Written by a thread: a program that fills its output before it has read its input would
    // otherwise block itself and the harness.
    if let (Some(mut stdin), Some(bytes)) = (stdin, bytes) {
        // EPIPE is no error here: a program may end without reading all of its input.
        std::thread::spawn(move || {
            let _ = stdin.write_all(&bytes);
        });
    }
    let keep = |source: Option<Box<dyn Read + Send>>| {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let (into, events) = (Arc::clone(&kept), events.clone());
        std::thread::spawn(move || {
            if let Some(source) = source {
                read(source, &into, output_limit);
            }
            let _ = events.send(Event::Closed);
        });
        kept
    };
    let kept_out = keep(stdout.map(|s| Box::new(s) as Box<dyn Read + Send>));
    let kept_err = keep(stderr.map(|s| Box::new(s) as Box<dyn Read + Send>));
    watch(&child, events.clone());

    let mut watched = Watched { event: &event, open: 2, exited: false };
    let mut timed_out = !watched.until_exit(started + start.limit.min(LONGEST));
    // Killing wsl.exe does not end the program inside the distribution: the relay has to ask for
    // that first.
    if timed_out && let Some(grace) = grace {
        (grace.ask)();
        watched.until_exit(Instant::now() + grace.wait);
    }
    let duration = started.elapsed();
    let status = end(&child)?;
    // From here on the child is reaped, and the signal handler must not kill its former group.
    drop(registered);
    watched.until_closed(Instant::now() + DRAIN);

    let code = code_of(status);
    // A child that ^C killed did not run into its time limit.
    timed_out = timed_out && !stopping();
    let (out, err) = (take(&kept_out), take(&kept_err));
    Ok(Ended {
        code: if timed_out { None } else { code },
        timed_out,
        truncated: out.truncated || err.truncated,
        stdout: out.bytes,
        stderr: err.bytes,
        stderr_tail: err.tail,
        duration,
    })
}

pub(super) fn spawn(
    command: &mut CommandWrap,
) -> io::Result<Box<dyn process_wrap::std::ChildWrapper>> {
    let mut tries = 0;
    loop {
        match command.spawn() {
            Err(e) if e.kind() == io::ErrorKind::ExecutableFileBusy && tries < BUSY.0 => {
                tries += 1;
                std::thread::sleep(BUSY.1);
            }
            result => return result,
        }
    }
}

/// Reads to the end, keeps the first `limit` bytes.
fn read(mut source: Box<dyn Read + Send>, into: &Mutex<Kept>, limit: u64) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return,
            Ok(n) => {
                let mut kept = lock(into);
                // Output over the limit is still read: a program that writes to a full pipe would
                // stop, and look like one that hangs.
                let room = limit.saturating_sub(kept.bytes.len()).min(n);
                kept.bytes.extend(buffer.iter().take(room));
                kept.truncated |= room < n;
                kept.tail.extend_from_slice(buffer.get(n.saturating_sub(TAIL)..n).unwrap_or(&[]));
                let surplus = kept.tail.len().saturating_sub(TAIL);
                kept.tail.drain(..surplus);
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn take(kept: &Mutex<Kept>) -> Kept {
    std::mem::take(&mut lock(kept))
}

/// Messages from the threads that wait for a process and read its outputs.
struct Watched<'a> {
    event: &'a Receiver<Event>,
    open: u32,
    exited: bool,
}

impl Watched<'_> {
    /// Waits for the exit; whether it came in time.
    fn until_exit(&mut self, deadline: Instant) -> bool {
        while !self.exited && self.next(deadline) {}
        self.exited
    }

    /// Waits until both outputs are closed.
    fn until_closed(&mut self, deadline: Instant) {
        while self.open > 0 && self.next(deadline) {}
    }

    fn next(&mut self, deadline: Instant) -> bool {
        match self.event.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Event::Exited) => self.exited = true,
            Ok(Event::Closed) => self.open = self.open.saturating_sub(1),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return false,
        }
        true
    }
}

/// Waits for the end of a process without reaping it. Until it is reaped its id, which is its group's
/// id too, cannot be reused, so the group can still be killed safely.
#[cfg(unix)]
fn watch(child: &Shared, events: Sender<Event>) {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let id = i32::try_from(lock(child).child.id()).ok().and_then(Pid::from_raw);
    std::thread::spawn(move || {
        if let Some(id) = id {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            while waitid(WaitId::Pid(id), options).err() == Some(rustix::io::Errno::INTR) {}
        }
        let _ = events.send(Event::Exited);
    });
}

/// Waits for the end of a process. The open handle keeps its id from being reused.
#[cfg(not(unix))]
fn watch(child: &Shared, events: Sender<Event>) {
    let child = Arc::clone(child);
    std::thread::spawn(move || {
        let mut pause = Duration::from_micros(500);
        let runs = || {
            let mut running = lock(&child);
            !running.reaped && matches!(running.child.inner_mut().try_wait(), Ok(None))
        };
        while runs() {
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        }
        let _ = events.send(Event::Exited);
    });
}

/// Kills the rest of the group or job and reaps its leader.
fn end(child: &Shared) -> io::Result<ExitStatus> {
    let mut running = lock(child);
    running.kill();
    let status = running.child.inner_mut().wait();
    running.reaped = true;
    status
}

#[cfg(unix)]
pub(super) fn code_of(status: ExitStatus) -> Option<i64> {
    use std::os::unix::process::ExitStatusExt as _;
    // The convention of shells, so that a death by signal reads the same through `sh -c`, WSL and
    // containers.
    status.code().map(i64::from).or_else(|| status.signal().map(|s| 128 + i64::from(s)))
}

#[cfg(not(unix))]
pub(super) fn code_of(status: ExitStatus) -> Option<i64> {
    status.code().map(i64::from)
}
