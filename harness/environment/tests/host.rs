//! The host driver on the machine that runs the tests.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rstest::{fixture, rstest};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};
use twinproof_environment::host::{Host, HostConfig};
use twinproof_environment::{
    Contents, Environment, EnvironmentError, Exec, Put, Sandbox, SnapshotLimits,
};
use twinproof_model::{Capability, EntryKind, EnvironmentKind};

struct Machine {
    host: Host,
    dir: tempfile::TempDir,
}

#[fixture]
#[once]
fn machine() -> Machine {
    let dir = tempfile::tempdir().unwrap();
    let config = HostConfig {
        work: dir.path().join("work"),
        go_cache: dir.path().join("cache"),
        sdks: Vec::new(),
        wine_root: dir.path().join("no-wine"),
        tools: Vec::new(),
    };
    Machine { host: Host::detect(EnvironmentKind::Host, &config).unwrap(), dir }
}

fn exec(machine: &Machine, sandbox: &dyn Sandbox, program: &str, args: &[&str]) -> Exec {
    let at = |name| format!("{}/{name}", sandbox.root());
    Exec {
        program: program.to_owned(),
        args: args.iter().map(|&a| a.to_owned()).collect(),
        env: machine.host.base_env(&at("home"), &at("tmp")),
        cwd: sandbox.root().to_owned(),
        stdin: Vec::new(),
        limit: Duration::from_secs(60),
        output_limit: 1 << 20,
    }
}

fn file(text: &str, mode: u32) -> Put {
    Put::File { bytes: text.as_bytes().to_vec(), mode: Some(mode) }
}

#[rstest]
fn facts_are_measured(machine: &Machine) {
    let capabilities = &machine.host.facts().capabilities;
    for want in [Capability::PosixPaths, Capability::Symlink, Capability::ModeBits] {
        assert!(capabilities.contains(&want), "{want}: {capabilities:?}");
    }
    assert_ne!(
        capabilities.contains(&Capability::Root),
        capabilities.contains(&Capability::Unprivileged)
    );
    assert!(!capabilities.contains(&Capability::Go));
    assert_eq!(machine.host.facts().handshake.len(), 7);
    let fingerprint = &machine.host.facts().fingerprint;
    assert!(!fingerprint.os.is_empty() && !fingerprint.kernel.is_empty(), "{fingerprint:?}");
    let absent = machine.host.goroot("1.27.3").unwrap_err();
    assert_eq!(absent.detail, "no Go 1.27.3 for host (there is: none)");
}

#[rstest]
fn the_environment_is_exact(machine: &Machine) {
    let sandbox = machine.host.open("exact").unwrap();
    let mut exec = exec(machine, sandbox.as_ref(), "/usr/bin/env", &[]);
    exec.env = BTreeMap::from([("ONLY".to_owned(), "this".to_owned())]);
    let exited = sandbox.exec(&exec).unwrap();
    assert_eq!(exited.stdout, b"ONLY=this\n");
    assert_eq!(exited.code, Some(0));
}

#[rstest]
#[case("exit 0", Some(0))]
#[case("exit 255", Some(255))]
#[case("kill -9 $$", Some(137))]
#[case("kill -15 $$", Some(143))]
fn exit_codes_and_signals_come_through(
    machine: &Machine,
    #[case] script: &str,
    #[case] code: Option<i64>,
) {
    let sandbox = machine.host.open("codes").unwrap();
    let exited = sandbox.exec(&exec(machine, sandbox.as_ref(), "sh", &["-c", script])).unwrap();
    assert_eq!((exited.code, exited.timed_out, exited.not_found), (code, false, false));
}

#[rstest]
fn program_that_cannot_start_has_its_exit_code(machine: &Machine) {
    let sandbox = machine.host.open("refused").unwrap();
    let at = |name: &str| format!("{}/{name}", sandbox.root());
    sandbox.put(&at("plain"), &file("text", 0o644)).unwrap();
    sandbox.put(&at("unknown"), &file("\u{1}no format", 0o755)).unwrap();
    sandbox.put(&at("crlf"), &file("#!/bin/sh\r\nexit 0\r\n", 0o755)).unwrap();
    let run = |program: &str| {
        let exited = sandbox.exec(&exec(machine, sandbox.as_ref(), program, &[])).unwrap();
        (exited.code, exited.not_found, !exited.stderr.is_empty())
    };
    assert_eq!(run("nosuch"), (None, true, false));
    assert_eq!(run(&at("nosuch")), (None, true, false));
    assert_eq!(run(&at("plain/below")), (None, true, false));
    assert_eq!(run(&at("crlf")), (Some(127), false, true));
    assert_eq!(run("./plain"), (Some(126), false, true));
    assert_eq!(run("./unknown"), (Some(126), false, true));

    let mut nowhere = exec(machine, sandbox.as_ref(), "true", &[]);
    nowhere.cwd = at("nosuch");
    let error = sandbox.exec(&nowhere).unwrap_err().to_string();
    assert!(error.contains("nosuch: no such directory"), "{error}");
}

#[rstest]
fn a_big_input_and_a_big_output_do_not_block_each_other(machine: &Machine) {
    let sandbox = machine.host.open("pipes").unwrap();
    let mut exec = exec(machine, sandbox.as_ref(), "cat", &[]);
    // More than a pipe holds, both ways: a driver that writes all before it reads would hang.
    exec.stdin = vec![b'x'; 3 << 20];
    let exited = sandbox.exec(&exec).unwrap();
    assert_eq!(exited.stdout.len(), 1 << 20);
    assert!(exited.truncated);
    assert_eq!(exited.code, Some(0));
    exec.output_limit = 3 << 20;
    let exited = sandbox.exec(&exec).unwrap();
    assert_eq!((exited.stdout.len(), exited.truncated), (3 << 20, false));
    // Reads nothing of its input: a broken pipe is no error.
    exec.program = "true".to_owned();
    assert_eq!(sandbox.exec(&exec).unwrap().code, Some(0));
}

#[rstest]
fn the_time_limit_takes_children_too(machine: &Machine) {
    let sandbox = machine.host.open("limit").unwrap();
    let script = "echo before; sh -c 'echo $$ > child; exec sleep 600' & wait";
    let mut exec = exec(machine, sandbox.as_ref(), "sh", &["-c", script]);
    exec.limit = Duration::from_millis(700);
    let exited = sandbox.exec(&exec).unwrap();
    assert_eq!((exited.timed_out, exited.code), (true, None));
    assert_eq!(exited.stdout, b"before\n");
    assert!(is_gone(sandbox.root(), "child"));
}

#[rstest]
fn a_survivor_is_killed_and_hangs_nothing(machine: &Machine) {
    let sandbox = machine.host.open("survivor").unwrap();
    let script =
        "sh -c 'echo $$ > child; exec sleep 600' & while [ ! -s child ]; do :; done; exit 4";
    let started = Instant::now();
    let exited = sandbox.exec(&exec(machine, sandbox.as_ref(), "sh", &["-c", script])).unwrap();
    assert_eq!((exited.code, exited.timed_out), (Some(4), false));
    // Far below the 600 s that the child sleeps, and far above the time that a slow machine takes.
    assert!(started.elapsed() < Duration::from_secs(300));
    assert!(is_gone(sandbox.root(), "child"));
}

#[cfg(target_os = "linux")]
#[rstest]
fn process_that_left_its_group_ends_with_the_work_directory(machine: &Machine) {
    let sandbox = machine.host.open("escaped").unwrap();
    // A new session is in no process group that the limit could kill.
    let script = "setsid sh -c 'echo $$ > child; exec sleep 600' & while [ ! -s child ]; do :; done; echo on";
    let exited = sandbox.exec(&exec(machine, sandbox.as_ref(), "sh", &["-c", script])).unwrap();
    assert_eq!((exited.code, exited.stdout.as_slice()), (Some(0), b"on\n".as_slice()));
    let id = child_id(Path::new(sandbox.root()), "child");
    drop(sandbox);
    assert!(ends(&id));
}

fn child_id(root: &Path, name: &str) -> String {
    std::fs::read_to_string(root.join(name)).unwrap().trim().to_owned()
}

fn is_gone(root: &str, name: &str) -> bool {
    ends(&child_id(Path::new(root), name))
}

/// Whether a process that was killed is gone or a zombie, soon.
fn ends(id: &str) -> bool {
    let runs = || {
        let output = std::process::Command::new("ps").args(["-o", "stat=", "-p", id]).output();
        let state = String::from_utf8(output.unwrap().stdout).unwrap();
        !state.trim().is_empty() && !state.starts_with('Z')
    };
    (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        !runs()
    })
}

#[rstest]
fn entries_show_what_was_put(machine: &Machine) {
    let sandbox = machine.host.open("entries").unwrap();
    let at = |name: &str| format!("{}/{name}", sandbox.root());
    sandbox.put(&at("d/sub/f"), &file("text", 0o751)).unwrap();
    sandbox.put(&at("d/f"), &file("old", 0o444)).unwrap();
    sandbox.put(&at("d/f"), &file("", 0o400)).unwrap();
    sandbox.put(&at("d/link"), &Put::Symlink { target: "/nowhere/else".to_owned() }).unwrap();
    sandbox.put(&at("d/z"), &Put::Dir { mode: Some(0o500) }).unwrap();
    // A name that is not valid UTF-8.
    let name: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"n\xff");
    std::fs::write(Path::new(&at("d")).join(name), "").unwrap();
    let shown = |contents| -> Vec<String> {
        let entries = sandbox.entries(&at("d"), contents, SnapshotLimits::default()).unwrap();
        let show = |e: &twinproof_environment::TreeEntry| {
            let mode = e.mode.unwrap();
            let bytes = e.bytes.as_ref().map(|b| String::from_utf8_lossy(b).into_owned());
            let hash = e.sha256.as_ref().map(|h| h[..8].to_owned());
            format!("{}|{:?}|{mode:o}|{:?}|{}|{hash:?}|{bytes:?}", e.path, e.kind, e.target, e.size)
        };
        entries.iter().filter(|e| e.kind != EntryKind::Symlink).map(show).collect()
    };
    assert_eq!(
        shown(Contents::Wanted),
        [
            "|Dir|755|None|0|None|None",
            r#"f|File|400|None|0|Some("e3b0c442")|Some("")"#,
            "n\u{fffd}ff|File|644|None|0|Some(\"e3b0c442\")|Some(\"\")",
            "sub|Dir|755|None|0|None|None",
            r#"sub/f|File|751|None|4|Some("982d9e3e")|Some("text")"#,
            "z|Dir|500|None|0|None|None",
        ]
    );
    let wanted = shown(Contents::Wanted);
    let without = |column: usize| -> Vec<String> {
        let cut = |line: &String| {
            let kept = line.split('|').enumerate();
            let kept = kept.map(|(i, text)| if i >= column { "None" } else { text });
            kept.collect::<Vec<_>>().join("|")
        };
        wanted.iter().map(cut).collect()
    };
    assert_eq!(shown(Contents::Hashes), without(6));
    assert_eq!(shown(Contents::Sizes), without(5));
    let link = sandbox.entries(&at("d/link"), Contents::Wanted, SnapshotLimits::default()).unwrap();
    assert_eq!(link.len(), 1);
    assert_eq!((link[0].path.as_str(), link[0].target.as_deref()), ("", Some("/nowhere/else")));
    let below_a_file = sandbox.entries(&at("d/f/x"), Contents::Wanted, SnapshotLimits::default());
    assert_eq!(below_a_file.unwrap(), []);
}

#[rstest]
#[case(SnapshotLimits { entries: 3, ..SnapshotLimits::default() }, "3 entries")]
#[case(SnapshotLimits { bytes: 7, ..SnapshotLimits::default() }, "7 bytes")]
fn limits_are_kept(machine: &Machine, #[case] limits: SnapshotLimits, #[case] want: &str) {
    let sandbox = machine.host.open("limits").unwrap();
    for name in ["a/b/c", "d"] {
        sandbox.put(&format!("{}/l/{name}", sandbox.root()), &file("four", 0o644)).unwrap();
    }
    let path = format!("{}/l", sandbox.root());
    for contents in [Contents::Hashes, Contents::Sizes] {
        let error = sandbox.entries(&path, contents, limits).unwrap_err();
        assert!(
            matches!(&error, EnvironmentError::Limit { limit, .. } if limit == want),
            "{error:?}"
        );
    }
    let enough = SnapshotLimits { depth: 3, entries: 5, bytes: 8 };
    assert_eq!(sandbox.entries(&path, Contents::Hashes, enough).unwrap().len(), 5);
    for (depth, entries, bytes) in [(0, 1, 0), (1, 3, 4), (2, 4, 4)] {
        let limits = SnapshotLimits { depth, entries, bytes };
        assert_eq!(sandbox.entries(&path, Contents::Hashes, limits).unwrap().len(), entries);
    }
}

#[rstest]
#[case("../x")]
#[case("a/../../x")]
#[case("out/x")]
#[case("/tmp/x")]
fn nothing_is_put_outside(machine: &Machine, #[case] path: &str) {
    let sandbox = machine.host.open("outside").unwrap();
    std::os::unix::fs::symlink(machine.dir.path(), Path::new(sandbox.root()).join("out")).unwrap();
    let error = sandbox.put(path, &file("", 0o644)).unwrap_err();
    assert!(matches!(error, EnvironmentError::Unsupported { .. }), "{error:?}");
    assert!(!machine.dir.path().join("x").exists());
}

#[rstest]
fn a_read_only_tree_is_removed(machine: &Machine) {
    let sandbox = machine.host.open("read only/ünd").unwrap();
    let root = Path::new(sandbox.root()).to_path_buf();
    assert!(root.file_name().unwrap().to_str().unwrap().starts_with("read-only--nd-"));
    sandbox.put(&format!("{}/a/b/f", sandbox.root()), &file("", 0o400)).unwrap();
    for dir in ["a/b", "a"] {
        let mode = std::fs::Permissions::from_mode(0o555);
        std::fs::set_permissions(root.join(dir), mode).unwrap();
    }
    drop(sandbox);
    assert!(!root.exists());
}
