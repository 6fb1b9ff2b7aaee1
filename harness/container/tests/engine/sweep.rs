//! No container remains: sessions that end, owners that are killed.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{engine, session};
use testcontainers::bollard::Docker;
use testcontainers::bollard::query_parameters::InspectContainerOptions;
use twinproof_container::{Engine, SessionOptions, sweep};
use twinproof_testkit::{Outcome, Unavailable};

/// Whether a container runs; `None` where the engine has none of this id.
fn state(id: &str) -> Option<bool> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let docker = Docker::connect_with_defaults().unwrap();
    let inspect = docker.inspect_container(id, None::<InspectContainerOptions>);
    runtime.block_on(inspect).ok()?.state?.running
}

fn eventually(what: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        if what() {
            return true;
        }
        thread::sleep(Duration::from_millis(100));
    }
    false
}

/// The example program `hold` with a session, and the id of its container.
fn hold() -> Result<(Engine, Child, String), Unavailable> {
    let engine = engine()?;
    // The image must be there: the program would make it.
    drop(session("trixie", SessionOptions::default())?);
    let mut program: PathBuf = std::env::current_exe().unwrap();
    program.pop();
    program.pop();
    let program =
        program.join("examples").join("hold").with_extension(std::env::consts::EXE_EXTENSION);
    let mut child = Command::new(program)
        .arg("trixie")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut id = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut id).unwrap();
    Ok((engine, child, id.trim().to_owned()))
}

#[test]
fn a_dropped_session_is_gone() -> Outcome {
    let session = session("trixie", SessionOptions::default())?;
    let id = session.id().to_owned();
    assert_eq!(state(&id), Some(true));
    let engine = engine().unwrap();
    let swept = sweep(&engine).unwrap();
    assert!(swept.kept.contains(&id) && !swept.removed.contains(&id), "{swept:?}");
    drop(session);
    assert_eq!(state(&id), None);
    Ok(())
}

#[test]
fn a_killed_owner_leaves_nothing_after_the_next_sweep() -> Outcome {
    let (engine, mut child, id) = hold()?;
    assert_eq!(state(&id), Some(true));
    child.kill().unwrap();
    child.wait().unwrap();
    // The container stops by itself; a sweep of another test may have removed it.
    assert!(eventually(|| state(&id) != Some(true)), "it still runs");
    sweep(&engine).unwrap();
    // The sweep of a test beside this one may be removing it at this moment.
    assert!(eventually(|| state(&id).is_none()), "{:?}", state(&id));
    Ok(())
}

#[test]
fn an_owner_that_ends_leaves_nothing() -> Outcome {
    let (_, mut child, id) = hold()?;
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert_eq!(state(&id), None);
    Ok(())
}

#[cfg(unix)]
#[test]
fn an_interrupted_owner_without_a_handler_leaves_nothing_after_the_next_sweep() -> Outcome {
    let (engine, mut child, id) = hold()?;
    // Held open, so that the program does not end for another reason.
    let _input = child.stdin.take();
    let status = Command::new("kill").arg("-INT").arg(child.id().to_string()).status().unwrap();
    assert!(status.success());
    assert!(!child.wait().unwrap().success());
    // The container stops by itself; a sweep of another test may have removed it.
    assert!(eventually(|| state(&id) != Some(true)), "it still runs");
    sweep(&engine).unwrap();
    // The sweep of a test beside this one may be removing it at this moment.
    assert!(eventually(|| state(&id).is_none()), "{:?}", state(&id));
    Ok(())
}
