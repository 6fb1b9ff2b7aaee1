//! Runs a program with a time limit. Its whole process group (on Windows: job) ends with it, and with
//! this program at ^C. Its output goes to this program's own output, or to a log.

use anyhow::Context as _;
use process_wrap::std::{ChildWrapper, CommandWrap};
use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::stage::Outcome;

/// Interval between polls for the end of a program.
const LOOK: Duration = Duration::from_millis(50);
/// Time that a program has to clean up after the request to end: containers, sandboxes, reports.
#[cfg(unix)]
const CLEAN_UP: Duration = Duration::from_secs(20);

static STOP: AtomicBool = AtomicBool::new(false);

/// From now on ^C and a termination signal end the program that runs, and then this one.
pub fn stop_on_signals() {
    let handler = || {
        if !STOP.swap(true, Ordering::SeqCst) {
            eprintln!("stopping: what runs is asked to end and clean up");
        }
    };
    // Without a handler ^C ends this program alone, and its children end by their own time limits.
    if let Err(error) = ctrlc::set_handler(handler) {
        eprintln!("^C will not clean up: {error}");
    }
}

/// Whether a signal to stop has arrived.
pub fn stopped() -> bool {
    STOP.load(Ordering::SeqCst)
}

/// Runs `command` to its end, at most for `limit`.
///
/// # Errors
/// When it cannot be started.
pub fn run(command: Command, limit: Duration) -> anyhow::Result<Outcome> {
    let mut child = spawn(command)?;
    wait(child.as_mut(), Instant::now() + limit)
}

/// A program that runs while others do. Dropping it ends it.
pub struct Background {
    child: Box<dyn ChildWrapper>,
    deadline: Instant,
    /// Both of its streams.
    pub log: PathBuf,
}

impl Background {
    /// Starts `command`, which writes to the file `log`.
    ///
    /// # Errors
    /// When the log cannot be made or the program cannot be started.
    pub fn start(mut command: Command, limit: Duration, log: PathBuf) -> anyhow::Result<Self> {
        let file = File::create(&log).with_context(|| log.display().to_string())?;
        command.stdout(file.try_clone()?).stderr(file);
        Ok(Self { child: spawn(command)?, deadline: Instant::now() + limit, log })
    }

    /// Whether it has ended.
    pub fn is_over(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When the system cannot say whether it has ended.
    pub fn join(&mut self) -> anyhow::Result<Outcome> {
        wait(self.child.as_mut(), self.deadline)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if !self.is_over() {
            end(self.child.as_mut());
        }
    }
}

fn spawn(mut command: Command) -> anyhow::Result<Box<dyn ChildWrapper>> {
    command.stdin(Stdio::null());
    let program = command.get_program().to_string_lossy().into_owned();
    let mut wrapped = CommandWrap::from(command);
    // A group of its own on Unix, a job object on Windows: a program's children end with it.
    #[cfg(unix)]
    wrapped.wrap(process_wrap::std::ProcessGroup::leader());
    #[cfg(windows)]
    wrapped.wrap(process_wrap::std::JobObject);
    wrapped.spawn().with_context(|| format!("{program} cannot be started"))
}

fn wait(child: &mut dyn ChildWrapper, deadline: Instant) -> anyhow::Result<Outcome> {
    loop {
        if let Some(status) = child.try_wait().context("waiting for a program")? {
            // A signal has no code; Windows' codes have 32 bits.
            let code = status.code().and_then(|c| u8::try_from(c).ok());
            return Ok(Outcome::of_code(code.unwrap_or(twinproof::BROKEN)));
        }
        let outcome = match (stopped(), Instant::now() > deadline) {
            (true, _) => Outcome::Interrupted,
            (false, true) => Outcome::TimedOut,
            (false, false) => {
                thread::sleep(LOOK);
                continue;
            }
        };
        end(child);
        return Ok(outcome);
    }
}

/// Ends a program: asked first where the system can ask.
fn end(child: &mut dyn ChildWrapper) {
    #[cfg(unix)]
    {
        const SIGTERM: i32 = 15;
        if child.signal(SIGTERM).is_ok() {
            let until = Instant::now() + CLEAN_UP;
            while Instant::now() < until {
                if !matches!(child.try_wait(), Ok(None)) {
                    break;
                }
                thread::sleep(LOOK);
            }
        }
    }
    // Kill the remaining processes of its group, if there are any.
    let _ = child.kill();
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use rstest::rstest;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[rstest]
    #[case("exit 0", Outcome::Passed)]
    #[case("exit 101", Outcome::Failed(101))]
    #[case("kill -9 $$", Outcome::Failed(255))]
    fn exit_codes_are_kept(#[case] script: &str, #[case] want: Outcome) {
        assert_eq!(run(sh(script), Duration::from_secs(60)).unwrap(), want);
    }

    #[test]
    fn a_limit_ends_the_whole_group() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pid");
        let script =
            format!("sleep 1000 & echo $! > '{0}.new'; mv '{0}.new' '{0}'; wait", file.display());
        let mut child = spawn(sh(&script)).unwrap();
        while !file.exists() {
            thread::sleep(LOOK);
        }
        let outcome = wait(child.as_mut(), Instant::now()).unwrap();
        assert_eq!(outcome, Outcome::TimedOut);
        let pid = std::fs::read_to_string(&file).unwrap();
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        // Gone, or dead and not yet collected by the system's first process.
        assert!(stat.is_empty() || stat.contains(") Z "), "{stat}");
    }

    #[test]
    fn background_stage_writes_a_log() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let limit = Duration::from_secs(60);
        let mut child =
            Background::start(sh("echo out; echo err >&2; exit 3"), limit, log.clone()).unwrap();
        assert_eq!(child.join().unwrap(), Outcome::Failed(3));
        assert!(child.is_over());
        assert_eq!(std::fs::read_to_string(log).unwrap(), "out\nerr\n");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(Command::new("no-such-program"), LOOK).unwrap_err();
        assert_eq!(error.to_string(), "no-such-program cannot be started");
    }
}
