//! Traces as the tools write them.

#![expect(clippy::unwrap_used, reason = "a test that panics fails")]

#[macro_use]
extern crate twinproof_testkit;

#[path = "../examples/writer/mod.rs"]
mod writer;

use proptest::prelude::*;
use std::process::{Command, ExitCode};
use twinproof_testkit::{Outcome, Requirement, program};
use twinproof_trace::{Format, Trace, read};

fn main() -> ExitCode {
    twinproof_testkit::main()
}

/// A log as strace 6 writes it with `-f -v`, with a call that another process interrupts.
const LOG: &str = r#"100 execve("/usr/bin/env", ["env", "go", "install"], ["HOME=/h", "GOBIN=/w/bin"]) = 0
100 execve("/sdk/bin/go", ["go", "install"], ["HOME=/h", "GOBIN=/w/bin"]) = 0
100 openat(AT_FDCWD, "/h/.config/go/env", O_RDONLY|O_CLOEXEC) = -1 ENOENT (No such file or directory)
100 clone(child_stack=NULL, flags=CLONE_VM|CLONE_VFORK|SIGCHLD <unfinished ...>
101 execve("/sdk/pkg/tool/compile", ["compile", "-o", "x.a"], ["GOBIN=/w/bin"] <unfinished ...>
100 <... clone resumed>)                = 101
101 <... execve resumed>)               = 0
101 +++ exited with 2 +++
100 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=101} ---
100 renameat(AT_FDCWD, "/tmp/a.out", AT_FDCWD, "/w/bin/hello") = 0
100 +++ exited with 0 +++
"#;

#[test]
fn log_of_strace_has_programs_variables_and_order() -> Outcome {
    let trace = read(LOG.as_bytes(), None).unwrap();
    assert_eq!(trace.starts(), ["env > go", "go > compile"]);
    let compile = trace.processes.iter().find(|p| p.name() == "compile").unwrap();
    assert_eq!((compile.exit, compile.variable("GOBIN")), (Some(2), Some("/w/bin")));
    let events: Vec<_> =
        trace.events.iter().map(|e| format!("{} {}: {}", e.operation, e.path, e.result)).collect();
    assert_eq!(
        events,
        [
            "execve /usr/bin/env: ok",
            "execve /sdk/bin/go: ok",
            "openat /h/.config/go/env: ENOENT",
            "execve /sdk/pkg/tool/compile: ok",
            "renameat /tmp/a.out -> /w/bin/hello: ok",
        ]
    );
    Ok(())
}

#[test]
fn thread_that_starts_a_program_stands_for_its_process() -> Outcome {
    // strace prints the number of the thread, while programs belong to processes.
    let log = "7 execve(\"/go\", [\"go\"], []) = 0\n7 clone(flags=CLONE_THREAD) = 8\n\
               8 clone(flags=CLONE_VFORK) = 9\n9 execve(\"/link\", [\"link\"], []) = 0\n";
    assert_eq!(read(log.as_bytes(), None).unwrap().starts(), ["go > link"]);
    // A damaged log may name each as the other's parent; looking for the origin has to end.
    let circle = "8 clone() = 9\n9 clone() = 8\n9 execve(\"/link\", [\"link\"], []) = 0\n";
    assert_eq!(read(circle.as_bytes(), None).unwrap().starts(), [""; 0]);
    Ok(())
}

#[test]
fn child_that_goes_on_before_its_parent_has_one() -> Outcome {
    // On two processors strace may see the end of the child's execve before that of the parent's vfork.
    let log = "7 execve(\"/sh\", [\"sh\"], []) = 0\n7 vfork( <unfinished ...>\n\
               8 execve(\"/env\", [\"env\"], [] <unfinished ...>\n8 <... execve resumed>) = 0\n\
               7 <... vfork resumed>) = 8\n8 execve(\"/true\", [\"true\"], []) = 0\n";
    assert_eq!(read(log.as_bytes(), None).unwrap().starts(), ["env > true", "sh > env"]);
    // A number that is used again does not give the first program a parent.
    let again = "7 execve(\"/sh\", [\"sh\"], []) = 0\n7 vfork() = 7\n";
    assert_eq!(read(again.as_bytes(), None).unwrap().starts(), [""; 0]);
    Ok(())
}

#[test]
fn strace_itself_is_read() -> Outcome {
    let strace = program("strace")?;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let status = Command::new(strace)
        // -s: longer strings are cut at 32 bytes otherwise; -v: without it variables are only
        // counted.
        .args(["-f", "-v", "-s", "4096", "-o"])
        .arg(&log)
        .args(["-e", "trace=execve,clone,clone3,fork,vfork,openat,rename,renameat,renameat2"])
        // Quotes inside a value are where reading a log by its commas fails.
        .args(["sh", "-c", "env CANARY='a \"b\"' true; exit 3"])
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(3));
    let trace = read(&std::fs::read(log).unwrap(), None).unwrap();
    let with: Vec<_> =
        trace.processes.iter().filter(|p| p.variable("CANARY") == Some("a \"b\"")).collect();
    assert_eq!(with.iter().map(|p| p.name()).collect::<Vec<_>>(), ["true"]);
    assert_eq!(trace.starts(), ["env > true", "sh > env"]);
    assert_eq!(trace.processes[0].exit, Some(3));
    Ok(())
}

fn shown(trace: &Trace) -> String {
    let mut text = String::new();
    for process in &trace.processes {
        let environment = process.environment.clone().unwrap_or_default();
        text += &format!("{} {:?} {:?} {environment:?}\n", process.pid, process.args, process.exit);
    }
    for event in &trace.events {
        text += &format!("{} {} {} {}\n", event.pid, event.operation, event.path, event.result);
    }
    text
}

#[test]
fn both_forms_of_process_monitor_say_the_same() -> Outcome {
    let capture = writer::install();
    let pml = read(&capture.pml(), None).unwrap();
    let csv = read(capture.csv().as_bytes(), None).unwrap();
    // Two forms of one capture, written independently: what differs is a mistake of one reader.
    assert_eq!(shown(&pml), shown(&csv));
    assert_eq!(pml.starts(), ["go > compile", "pwsh > go"]);
    assert_eq!(csv.starts(), pml.starts());
    let go = &pml.processes[1];
    assert_eq!(
        // Windows does not distinguish the case of variables' names.
        (go.variable("gobin"), go.variable("PATH")),
        (Some(r"C:\gobin"), Some(r"C:\Windows;C:\Go\bin"))
    );
    Ok(())
}

/// The Python package procmon-parser reads the same out of a capture.
#[test]
fn second_reader_of_pml_agrees() -> Outcome {
    const SCRIPT: &str = r#"
import sys
from procmon_parser import ProcmonLogsReader
for event in ProcmonLogsReader(open(sys.argv[1], "rb")):
    kind = event.operation.name.replace("_", " ")
    print(event.process.pid, kind, event.path)
    if kind == "Process Start":
        print(event.details["Parent PID"], event.details["Command line"], [v for v in event.details["Environment"] if v])
"#;
    let python = program("python3")?;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("capture.pml");
    let capture = writer::install();
    std::fs::write(&file, capture.pml()).unwrap();
    let there = Command::new(&python).args(["-c", "import procmon_parser"]).output().unwrap();
    if !there.status.success() {
        let why = "Python has no such package: pip install procmon-parser, or cargo xtask ci";
        return Err(Requirement::Program("procmon-parser").unavailable(why));
    }
    let out = Command::new(python).args(["-c", SCRIPT]).arg(&file).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let trace = read(&capture.pml(), None).unwrap();
    let mut starts = trace.processes.iter();
    let mut want = String::new();
    for event in &trace.events {
        want += &format!("{} {} {}\n", event.pid, event.operation, event.path);
        if event.operation == "Process Start" {
            let process = starts.next().unwrap();
            // Its own order, which a map does not keep.
            let ran = capture.processes.iter().find(|ran| ran.pid == process.pid).unwrap();
            let all: Vec<_> =
                ran.environment.iter().map(|v| format!("'{}'", v.replace('\\', "\\\\"))).collect();
            let parent = process.parent_pid.unwrap();
            want += &format!("{parent} {} [{}]\n", process.args[0], all.join(", "));
        }
    }
    assert_eq!(String::from_utf8_lossy(&out.stdout), want);
    Ok(())
}

#[test]
fn damaged_capture_is_an_error_with_its_place() -> Outcome {
    let whole = writer::install().pml();
    // Within the signature, the header, and each of the tables behind it.
    for length in [0, 3, 4, 0x100, 0x3a8, whole.len() / 2, whole.len() - 200] {
        let error = read(&whole[..length], Some(Format::Pml)).unwrap_err();
        assert!(error.place.starts_with("byte") || error.place == "the file", "{error}");
    }
    let mut newer = whole;
    // The version comes after the signature's four bytes.
    newer[4] = 10;
    assert!(read(&newer, None).unwrap_err().why.contains("version 10"));
    assert!(read(b"\"Time of Day\",\"PID\"\r\n", None).unwrap_err().why.contains("Process Name"));
    assert!(read(b"hello\nworld\n", None).unwrap_err().why.contains("none of its 2 lines"));
    Ok(())
}

#[test]
fn nothing_that_is_read_panics() -> Outcome {
    let whole = writer::install().pml();
    proptest!(|(at in 0..whole.len(), byte in any::<u8>(), noise in proptest::collection::vec(any::<u8>(), 0..400))| {
        let mut damaged = whole.clone();
        damaged[at] = byte;
        let _ = read(&damaged, Some(Format::Pml));
        let _ = read(&noise, Some(Format::Pml));
        let _ = read(&noise, Some(Format::Csv));
        let _ = read(&noise, Some(Format::Strace));
    });
    Ok(())
}
