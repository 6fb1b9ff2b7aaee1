//! Labs as their users have them. This program plays the roles of a lab itself.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that panics fails")]

#[macro_use]
extern crate twinproof_testkit;

use std::collections::BTreeMap;
use std::process::{Command, ExitCode, Output};
use twinproof_lab::{HostState, Lab, LabError, Reply, Request};
use twinproof_testkit::{Outcome, Requirement};

fn main() -> ExitCode {
    // The same program is the test and the helper that the lab starts again inside its namespaces.
    match twinproof_lab::helper() {
        Some(code) => ExitCode::from(code),
        None => twinproof_testkit::main(),
    }
}

/// A lab, or why there is none.
fn lab() -> Result<Lab, twinproof_testkit::Unavailable> {
    match Lab::open() {
        Ok(lab) => Ok(lab),
        Err(LabError::Unavailable(why)) => Err(Requirement::Lab.unavailable(why)),
        Err(other) => panic!("{other}"),
    }
}

fn run(lab: &Lab, program: &str, args: &[&str]) -> Output {
    let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
    let entry = lab.entry(program, &args, "/").unwrap();
    Command::new(entry.program).args(entry.args).output().unwrap()
}

fn mount(source: &str, target: &str, fstype: &str, flags: &[&str]) -> Request {
    let flags = flags.iter().map(|&flag| flag.to_owned()).collect();
    Request::Mount { source: source.into(), target: target.into(), fstype: fstype.into(), flags }
}

#[test]
fn mount_is_seen_in_the_lab_and_nowhere_else() -> Outcome {
    let mut lab = lab()?;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    // Taken before and after: a mount that leaks would change the tables of the host.
    let before = HostState::of(path);
    assert_eq!(lab.ask(&mount("tmpfs", path, "tmpfs", &[])).unwrap(), Reply::Done);
    let made = run(&lab, "touch", &[&format!("{path}/inside")]);
    assert_eq!(made.status.code(), Some(0), "{made:?}");
    assert!(!folder.path().join("inside").exists());
    let Reply::State(inside) = lab.ask(&Request::State(path.to_owned())).unwrap() else { panic!() };
    // Once: a mount that propagated from another namespace would be listed twice.
    assert_eq!(inside.mounts.iter().filter(|line| line.contains(path)).count(), 1);
    assert_eq!(HostState::of(path), before);
    // The namespaces end with their last process, so nothing has to be unmounted.
    drop(lab);
    assert_eq!(HostState::of(path), before);
    Ok(())
}

#[test]
fn kernel_refusals_have_their_names() -> Outcome {
    let mut lab = lab()?;
    let Reply::Refused(refusal) = lab.ask(&mount("/", "/no/such", "", &["bind"])).unwrap() else {
        panic!()
    };
    assert_eq!(refusal.errno, "ENOENT");
    // An unknown flag is the caller's mistake, found before the kernel is asked.
    let failed = lab.ask(&mount("/", "/", "", &["up"])).unwrap();
    assert_eq!(failed, Reply::Failed("mount has no flag `up`".to_owned()));
    Ok(())
}

#[test]
fn programs_that_cannot_start_have_the_exit_codes_of_shells() -> Outcome {
    let lab = lab()?;
    assert_eq!(run(&lab, "sh", &["-c", "exit 42"]).status.code(), Some(42));
    // 127 and 126 are those of POSIX, 2.8.2: not found, and found but not executable.
    assert_eq!(run(&lab, "no-such-program", &[]).status.code(), Some(127));
    assert_eq!(run(&lab, "/etc/hostname", &[]).status.code(), Some(126));
    Ok(())
}

#[test]
fn name_server_answers_and_remembers() -> Outcome {
    let mut lab = lab()?;
    // The address that WSL's DNS tunnel gives its name server.
    let address = "10.255.255.254".parse().unwrap();
    assert_eq!(lab.ask(&Request::Address(address)).unwrap(), Reply::Done);
    let zone = BTreeMap::from([("a.test".to_owned(), "192.0.2.7".to_owned())]);
    let listen = "10.255.255.254:53".parse().unwrap();
    assert_eq!(lab.ask(&Request::Dns { listen, zone }).unwrap(), Reply::Done);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("resolv.conf");
    std::fs::write(&file, "nameserver 10.255.255.254\n").unwrap();
    // Bound over the file, since the lab shares the root file system of the host.
    let bind = mount(file.to_str().unwrap(), "/etc/resolv.conf", "", &["bind"]);
    assert_eq!(lab.ask(&bind).unwrap(), Reply::Done);
    // `getent` asks by way of the C library, as programs of a distribution do.
    let found = run(&lab, "getent", &["ahostsv4", "a.test"]);
    assert!(String::from_utf8_lossy(&found.stdout).starts_with("192.0.2.7 "), "{found:?}");
    let Reply::Asked(asked) = lab.ask(&Request::Asked).unwrap() else { panic!() };
    let asked: Vec<_> = asked
        .iter()
        .map(|a| format!("{} {} {} {}", a.server, a.transport, a.name, a.kind))
        .collect();
    // IPv4 alone was asked for, so a query for AAAA would be one too many.
    assert_eq!(asked, ["10.255.255.254 udp a.test A"]);
    Ok(())
}
