//! `kill_all`, as a handler of ^C uses it. A process of its own: nothing can be started afterwards.
#![cfg(unix)]

use std::time::Duration;
use twinproof_environment::host::{Host, HostConfig};
use twinproof_environment::{Environment, Exec, kill_all};
use twinproof_model::EnvironmentKind;

#[test]
fn everything_that_runs_is_killed_and_nothing_starts_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let config = HostConfig {
        work: dir.path().join("work"),
        go_cache: dir.path().join("cache"),
        sdks: Vec::new(),
        wine_root: dir.path().join("no-wine"),
        tools: Vec::new(),
    };
    let host = Host::detect(EnvironmentKind::Host, &config).unwrap();
    let sandbox = host.open("stop").unwrap();
    let exec = Exec {
        program: "sh".to_owned(),
        args: vec!["-c".to_owned(), "echo > started; exec sleep 600".to_owned()],
        env: host.base_env("/h", "/t"),
        cwd: sandbox.root().to_owned(),
        stdin: Vec::new(),
        limit: Duration::from_secs(590),
        output_limit: 1000,
    };
    let started = std::path::Path::new(sandbox.root()).join("started");
    let first = exec.clone();
    let (sandbox, exited) = std::thread::scope(|scope| {
        let running = scope.spawn(move || {
            let exited = sandbox.exec(&first).unwrap();
            (sandbox, exited)
        });
        while !started.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        kill_all();
        running.join().unwrap()
    });
    assert_eq!((exited.code, exited.timed_out), (Some(137), false));
    let error = sandbox.exec(&exec).unwrap_err().to_string();
    assert!(error.ends_with("the harness is being stopped"), "{error}");
}
