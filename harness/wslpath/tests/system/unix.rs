//! The rules over the running machine, and beside its own `wslpath` where it has one.

use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use twinproof_testkit::{Outcome, Requirement, Unavailable};
use twinproof_wslpath::{Errno, SystemWorld, World, run};

#[test]
fn links_are_read_as_the_system_does() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| [directory.path().to_str().unwrap(), name].join("/").into_bytes();
    symlink("target", directory.path().join("link")).unwrap();
    std::fs::write(directory.path().join("file"), "").unwrap();
    let world = SystemWorld::current().unwrap();
    assert_eq!(world.read_link(&path("link")), Ok(b"target".to_vec()));
    assert_eq!(world.read_link(&path("none")), Err(Errno::NoEntry));
    assert_eq!(world.read_link(&path("file")), Err(Errno::Invalid));
    assert_eq!(world.read_link(&path("file/x")), Err(Errno::NotDirectory));
    assert_eq!(world.read_link(&path(&"x".repeat(256))), Err(Errno::NameTooLong));
    assert_eq!(world.mounts().is_some(), cfg!(target_os = "linux"));
}

/// Runs the machine's own program.
fn real(arguments: &[&str]) -> Result<Option<Vec<u8>>, Unavailable> {
    let output = Command::new("wslpath").args(arguments).stdin(Stdio::null()).output();
    if output.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        let reason = "it is not on PATH, as this is not WSL";
        return Err(Requirement::Wslpath.unavailable(reason));
    }
    let output = output.unwrap();
    let line = || output.stdout.strip_suffix(b"\n").unwrap().to_vec();
    Ok(output.status.success().then(line))
}

#[test]
fn the_machines_own_wslpath_agrees() -> Outcome {
    let world = SystemWorld::current().unwrap();
    let inputs =
        ["/", "/etc/", ".", "..", "nofile", "/mnt/c", "/mnt/c/a:b", "C:\\", "c:/x//y", "C:"];
    for mode in ["-u", "-w", "-m", "-a", "-aw"] {
        for input in inputs {
            let arguments = [mode, input];
            let expected = real(&arguments)?;
            assert_eq!(run(&world, &arguments).ok(), expected, "{arguments:?}");
        }
    }
    Ok(())
}
