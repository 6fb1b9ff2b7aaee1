//! Processes that end with this one, however it ends.
//!
//! Linux sends the signal that a process asks for when the *thread* that started it ends, so each is
//! started by a thread that lasts as long as its owner.

use std::io;
use std::process::Command;

/// Makes the system kill the process when the thread that starts it ends.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "nothing else runs between fork and exec")]
pub(crate) fn die_with(command: &mut Command) {
    use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
    use std::os::unix::process::CommandExt as _;
    let parent = getpid();
    let ask = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // The parent may have ended before the signal was requested.
        match getppid() == Some(parent) {
            true => Ok(()),
            false => Err(io::ErrorKind::Interrupted.into()),
        }
    };
    // SAFETY: the closure makes two system calls and allocates nothing, so it may run between fork
    // and exec.
    unsafe { command.pre_exec(ask) };
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn die_with(_: &mut Command) {}

/// A thread that lasts as long as this.
pub(crate) struct Starter {
    #[cfg(target_os = "linux")]
    _ends: std::sync::mpsc::Sender<()>,
}

/// Starts a process on a thread of its own, in the namespaces of the calling thread: its network, too.
#[cfg(target_os = "linux")]
pub(crate) fn start<T: Send + 'static>(
    spawn: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<(T, Starter)> {
    use std::sync::mpsc::channel;
    let (answer, answered) = channel();
    let (ends, ended) = channel::<()>();
    std::thread::Builder::new().name("starter".to_owned()).spawn(move || {
        // The caller waits for the answer; the thread then waits until the `Starter` is dropped.
        let _ = answer.send(spawn());
        let _ = ended.recv();
    })?;
    let spawned = answered.recv().map_err(|_| io::Error::other("a thread has ended"))??;
    Ok((spawned, Starter { _ends: ends }))
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn start<T>(spawn: impl FnOnce() -> io::Result<T>) -> io::Result<(T, Starter)> {
    Ok((spawn()?, Starter {}))
}
