//! Processes that go on while others work.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};
use twinproof_process::{Launch, Live};

fn start(dir: &Path, script: &str) -> Live {
    let env = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
    Live::start(Launch {
        program: Path::new("/bin/sh"),
        args: vec!["-c".into(), script.into()],
        env: &env,
        cwd: dir,
        log: std::fs::File::create(dir.join("log")).unwrap(),
    })
    .unwrap()
}

/// Waits until a file is there with something in it.
fn written(path: &Path) -> String {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match std::fs::read_to_string(path) {
            Ok(text) if text.ends_with('\n') => return text,
            _ => assert!(Instant::now() < deadline, "nothing in {}", path.display()),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until there is no process of that number, or only a zombie.
fn gone(id: &str) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let state = stat.rsplit(')').next().and_then(|rest| rest.trim_start().chars().next());
        if state.is_none_or(|s| s == 'Z') {
            return true;
        }
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn ended_process_gives_its_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let mut live = start(dir.path(), "echo out; echo err >&2; exit 3");
    let deadline = Instant::now() + Duration::from_secs(30);
    while live.ended().unwrap().is_none() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(live.ended().unwrap(), Some(Some(3)));
    assert_eq!(std::fs::read_to_string(dir.path().join("log")).unwrap(), "out\nerr\n");
}

#[test]
fn process_asked_to_end_can_clean_up() {
    let dir = tempfile::tempdir().unwrap();
    let mut live =
        start(dir.path(), "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done");
    assert_eq!(written(&dir.path().join("log")), "up\n");
    assert_eq!(live.ended().unwrap(), None);
    live.end(Duration::from_secs(30));
    assert_eq!(std::fs::read_to_string(dir.path().join("log")).unwrap(), "up\nbye\n");
}

#[cfg(target_os = "linux")]
#[test]
fn children_end_with_their_parent() {
    let dir = tempfile::tempdir().unwrap();
    let live = start(dir.path(), "sleep 600 & echo $! > child; echo up; wait");
    written(&dir.path().join("log"));
    let child = written(&dir.path().join("child"));
    drop(live);
    assert!(gone(child.trim()));
    let mut live = start(dir.path(), "sleep 600 & echo $! > other; exit 0");
    let other = written(&dir.path().join("other"));
    let deadline = Instant::now() + Duration::from_secs(30);
    while live.ended().unwrap().is_none() {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(gone(other.trim()));
}

/// The variable that makes a run of this test the program that is killed.
const KILLED: &str = "TWINPROOF_KILLED_PARENT";

#[cfg(target_os = "linux")]
#[test]
fn a_killed_program_leaves_nothing_running() {
    if let Some(dir) = std::env::var_os(KILLED) {
        let dir = Path::new(&dir);
        let live = std::thread::scope(|scope| {
            // The thread that asks ends before the process does.
            scope.spawn(|| start(dir, "echo $$ > id; exec sleep 600")).join().unwrap()
        });
        written(&dir.join("id"));
        std::fs::write(dir.join("up"), "up\n").unwrap();
        std::thread::sleep(Duration::from_secs(60));
        drop(live);
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let name = "a_killed_program_leaves_nothing_running";
    let mut parent = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name])
        .env(KILLED, dir.path())
        .spawn()
        .unwrap();
    written(&dir.path().join("up"));
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert!(gone(written(&dir.path().join("id")).trim()));
}
