//! `stop_all`, as a handler of ^C uses it. A process of its own: nothing can be started afterwards.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[macro_use]
extern crate twinproof_testkit;

#[path = "../engine/support.rs"]
mod support;

use std::thread;
use std::time::{Duration, Instant};

use support::{engine, session, sh};
use twinproof_container::{DownloadLimits, Error, Exec, SessionOptions, stop_all, sweep};
use twinproof_testkit::Outcome;

#[test]
fn a_wait_for_a_program_ends_at_once_and_nothing_remains() -> Outcome {
    let session = session("trixie", SessionOptions::default())?;
    assert_eq!(sh(&session, "exit 3").exit, Some(3));
    let id = session.id().to_owned();
    let stopped = thread::scope(|scope| {
        let running = scope.spawn(|| {
            let script = "echo > /tmp/started; exec sleep 60";
            let mut exec = Exec::new(["/bin/sh", "-c", script]);
            exec.env = vec![("PATH".into(), "/bin".into())];
            session.exec(&exec)
        });
        while session.snapshot("/tmp/started", DownloadLimits::default()).is_err() {
            thread::sleep(Duration::from_millis(20));
        }
        let start = Instant::now();
        stop_all();
        let ended = running.join().unwrap();
        assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
        ended
    });
    assert!(matches!(stopped, Err(Error::Stopped)), "{stopped:?}");
    assert!(matches!(session.exec(&Exec::new(["/bin/true"])), Err(Error::Stopped)));
    drop(session);
    let swept = sweep(&engine().unwrap()).unwrap();
    assert!(!swept.kept.contains(&id) && !swept.removed.contains(&id), "{swept:?}");
    Ok(())
}

fn main() -> std::process::ExitCode {
    twinproof_testkit::main()
}
