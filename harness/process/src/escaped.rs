//! Processes that have left their group (by `setsid`) but still live in a work directory.

/// Kills the processes in whose environment a variable is `root` or a path in it, as HOME and TMPDIR
/// are. Only on Linux is this known of a process; elsewhere the group or job has to do.
#[cfg(target_os = "linux")]
pub fn kill_escaped(root: &std::path::Path) {
    use rustix::process::{Pid, Signal, kill_process};
    use std::os::unix::ffi::OsStrExt as _;
    let own = std::process::id();
    let needle = root.as_os_str().as_bytes();
    let Ok(processes) = std::fs::read_dir("/proc") else { return };
    for process in processes.flatten() {
        let id = process.file_name().to_str().and_then(|n| n.parse::<u32>().ok());
        // The harness's own environment may name the folder too.
        let Some(id) = id.filter(|&id| id != own) else { continue };
        let lives_here = || {
            let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
            environment.split(|&b| b == 0).any(|variable| {
                let value = variable.splitn(2, |&b| b == b'=').nth(1).unwrap_or_default();
                value.starts_with(needle)
                    // /tmp/case1 must not match /tmp/case10.
                    && value.get(needle.len()).is_none_or(|&next| next == b'/')
            })
        };
        if lives_here()
            && let Some(id) = i32::try_from(id).ok().and_then(Pid::from_raw)
        {
            // The process may have ended since it was read, and its number may be in use again.
            // That window is a few microseconds, and numbers are handed out in turn.
            let _ = kill_process(id, Signal::KILL);
        }
    }
}

/// Other systems do not show the environment of a process, so only its group or job is killed.
#[cfg(not(target_os = "linux"))]
pub fn kill_escaped(_root: &std::path::Path) {}
