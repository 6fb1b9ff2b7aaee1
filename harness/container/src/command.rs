//! Runs a host program with a time limit, and ends its whole process group with it. For making
//! images; not for programs in containers.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use process_wrap::std::CommandWrap;

use crate::Error;

/// Number of the last lines that an error quotes.
const TAIL: usize = 12;

/// Runs `command` to its end, handing on each line that it writes to either stream.
pub(crate) fn run(
    program: &str,
    mut command: Command,
    limit: Duration,
    mut line: impl FnMut(&str),
) -> Result<(), Error> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut wrapped = CommandWrap::from(command);
    #[cfg(unix)]
    wrapped.wrap(process_wrap::std::ProcessGroup::leader());
    #[cfg(windows)]
    wrapped.wrap(process_wrap::std::JobObject);
    let mut child = wrapped.spawn().map_err(Error::file(program))?;
    let (sender, lines) = mpsc::channel();
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout().take().map(|s| Box::new(s) as Box<dyn Read + Send>),
        child.stderr().take().map(|s| Box::new(s) as Box<dyn Read + Send>),
    ];
    for stream in streams.into_iter().flatten() {
        let sender = sender.clone();
        thread::spawn(move || {
            for bytes in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&bytes).into_owned()).is_err() {
                    break;
                }
            }
        });
    }
    // The loop below ends when both readers have dropped their copies.
    drop(sender);
    let deadline = Instant::now() + limit;
    let mut tail: Vec<String> = Vec::new();
    loop {
        match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(text) => {
                line(&text);
                if tail.len() == TAIL {
                    tail.remove(0);
                }
                tail.push(text);
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                stop(child.as_mut());
                return Err(Error::TimedOut { what: program.into(), limit });
            }
        }
    }
    let status = child.wait().map_err(Error::file(program))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::Program {
        program: program.into(),
        status: status.to_string(),
        tail: tail.join(" | "),
    })
}

/// Ends a child: first by SIGTERM where the system has it, so that it removes its temporary files.
pub(crate) fn stop(child: &mut dyn process_wrap::std::ChildWrapper) {
    #[cfg(unix)]
    {
        const SIGTERM: i32 = 15;
        if child.signal(SIGTERM).is_ok() {
            // mmdebstrap unmounts and removes its root file system on SIGTERM, which takes seconds.
            let until = Instant::now() + Duration::from_secs(15);
            while Instant::now() < until {
                if !matches!(child.try_wait(), Ok(None)) {
                    return;
                }
                thread::sleep(Duration::from_millis(50));
            }
        }
    }
    // The child may have ended already; then there is nothing to kill.
    let _ = child.kill();
}
