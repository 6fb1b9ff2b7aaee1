//! The role that enters a lab and runs a program there.

use super::{NO_LAB, namespaces};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Command;

/// Exit code for a program that the system refused to start, as in shells.
const REFUSED: u8 = 126;
/// Exit code for a program, or its interpreter, that is not there.
const NOT_FOUND: u8 = 127;
/// Offset of exit codes for programs killed by a signal, as in a shell.
const KILLED: i32 = 128;

/// Enters the lab of a process, goes to a directory and runs a program: `PID CWD PROGRAM ARG…`.
pub(crate) fn enter(arguments: Vec<OsString>) -> u8 {
    let mut arguments = arguments.into_iter();
    let (Some(pid), Some(cwd), Some(program)) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        eprintln!("the lab's role `enter` wants a process, a directory and a program");
        return NO_LAB;
    };
    let Some(pid) = pid.to_str().and_then(|pid| pid.parse().ok()) else {
        eprintln!("{} is no number of a process", pid.display());
        return NO_LAB;
    };
    let cwd = Path::new(&cwd);
    let entered = namespaces::enter(pid).and_then(|()| std::env::set_current_dir(cwd));
    if let Err(error) = entered {
        eprintln!("entering the lab in {}: {error}", cwd.display());
        return NO_LAB;
    }
    let env: BTreeMap<String, String> = std::env::vars().collect();
    let name = program.to_string_lossy();
    let Some(found) = twinproof_process::lookup(&name, &env, cwd) else {
        eprintln!("{name}: there is no such program");
        return NOT_FOUND;
    };
    // Started, not become: execvp would give a file that the kernel refuses to a shell.
    match Command::new(&found).args(arguments).status() {
        Ok(status) => {
            let signal = || status.signal().map(|signal| signal + KILLED);
            status.code().or_else(signal).and_then(|code| u8::try_from(code).ok()).unwrap_or(NO_LAB)
        }
        Err(error) => {
            eprintln!("{name}: {error}");
            if error.kind() == io::ErrorKind::NotFound { NOT_FOUND } else { REFUSED }
        }
    }
}
