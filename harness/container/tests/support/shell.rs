//! Shell scripts in a session, for the tests that run them.
#![expect(clippy::unwrap_used, reason = "a helper of tests")]

use twinproof_container::{Exec, ExecResult, Session};

/// Runs a shell script with nothing but a PATH.
pub fn sh(session: &Session, script: &str) -> ExecResult {
    let mut exec = Exec::new(["/bin/sh", "-c", script]);
    exec.env = vec![("PATH".into(), "/usr/bin:/bin".into())];
    session.exec(&exec).unwrap()
}
