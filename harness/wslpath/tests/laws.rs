//! Laws for every path and every machine.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails its test")]

use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use twinproof_wslpath::{MemoryWorld, run};

fn machine(mountinfo: &[u8]) -> MemoryWorld {
    let environment = BTreeMap::from([(b"WSL_DISTRO_NAME".to_vec(), b"Ubuntu".to_vec())]);
    let mut world = MemoryWorld::new(environment);
    world.add_directory(b"/mnt/c/here").unwrap();
    world.add_link(b"/link", b"/mnt/c/here").unwrap();
    world.set_mountinfo(mountinfo);
    world
}

fn drives() -> MemoryWorld {
    machine(b"1 0 0:1 / /mnt/c rw - drvfs C: rw\n2 0 0:1 / /mnt/d rw - drvfs D:/data/ rw\n")
}

fn wslpath(world: &MemoryWorld, directory: &str, arguments: &[&str]) -> Option<Vec<u8>> {
    run(&world.at(directory.as_bytes()).unwrap(), arguments).ok()
}

/// A path from pieces that mean something to the rules.
fn path() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("/"),
        Just("\\"),
        Just("."),
        Just(".."),
        Just(":"),
        Just("C"),
        Just("mnt"),
        Just("c"),
        Just("?"),
        Just("wsl$"),
        Just("wsl.localhost"),
        Just("Ubuntu"),
        Just("-"),
        Just("here"),
        Just("link"),
        Just("\u{F03A}"),
        Just("\u{F000}"),
        Just("\u{FF1A}"),
        Just("é"),
    ];
    vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

fn line() -> impl Strategy<Value = String> {
    let kind = prop_oneof![Just("drvfs"), Just("9p"), Just("virtiofs"), Just("tmpfs")];
    let options =
        prop_oneof![Just("rw".to_owned()), path().prop_map(|p| format!("aname=drvfs;path={p}"))];
    (path(), path(), kind, path(), options).prop_map(|(root, point, kind, source, options)| {
        format!("1 0 0:1 {root} {point} rw - {kind} {source} {options}")
    })
}

proptest! {
    #[test]
    fn a_plain_path_on_a_drive_comes_back(names in vec("[a-zA-Z0-9é_~ -]{1,8}", 1..6)) {
        let linux = format!("/mnt/c/{}", names.join("/"));
        let world = drives();
        let windows = wslpath(&world, "/", &["-w", &linux]).unwrap();
        let windows = String::from_utf8(windows).unwrap();
        prop_assert_eq!(wslpath(&world, "/", &["-u", &windows]), Some(linux.into_bytes()));
    }

    #[test]
    fn any_name_off_the_drives_comes_back(names in vec("[\\x01-\\x2E\\x30-\\x7F]{3,8}", 1..4)) {
        let linux = format!("/srv/{}", names.join("/"));
        prop_assume!(!linux.contains("/../") && !linux.contains("/./"));
        let world = drives();
        let windows = wslpath(&world, "/", &["-w", &linux]).unwrap();
        let windows = String::from_utf8(windows).unwrap();
        prop_assert_eq!(wslpath(&world, "/", &["-u", &windows]), Some(linux.into_bytes()));
    }

    #[test]
    fn mixed_is_windows_with_slashes(path in path()) {
        let world = drives();
        let windows = wslpath(&world, "/mnt/c/here", &["-aw", "--", &path]);
        let mixed = wslpath(&world, "/mnt/c/here", &["-am", "--", &path]);
        let has_two = |text: &[u8]| text.iter().skip(1).collect::<Vec<_>>().windows(2)
            .any(|pair| matches!(pair, [b'\\', b'\\']));
        if let (Some(windows), Some(mixed)) = (&windows, &mixed) && !has_two(windows) {
            let slashed: Vec<u8> =
                windows.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect();
            prop_assert_eq!(&slashed, mixed);
        }
        prop_assert_eq!(windows.is_some(), mixed.is_some());
    }

    #[test]
    fn the_drive_letter_has_no_case(path in path()) {
        let world = drives();
        let upper = wslpath(&world, "/", &["-u", &format!("C:\\{path}")]);
        prop_assert_eq!(upper, wslpath(&world, "/", &["-u", &format!("c:\\{path}")]));
    }

    #[test]
    fn nothing_makes_it_panic(
        lines in vec(prop_oneof![line(), ".*"], 0..6),
        arguments in vec(prop_oneof![path(), "-[uwma-]{1,2}", ".*"], 0..4),
        cwd in prop_oneof![Just("/"), Just("/mnt/c/here"), Just("/link")],
    ) {
        let world = machine(lines.join("\n").as_bytes());
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        if let Some(output) = wslpath(&world, cwd, &arguments) {
            prop_assert!(!output.contains(&0));
        }
    }

    #[test]
    fn unicode_stays_unicode(path in path(), mode in "-[uwm]") {
        if let Some(output) = wslpath(&drives(), "/mnt/c/here", &[&mode, "--", &path]) {
            prop_assert!(String::from_utf8(output).is_ok());
        }
    }
}
