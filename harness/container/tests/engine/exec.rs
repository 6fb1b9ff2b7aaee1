//! Programs in containers: environment, exit codes, streams, time limits.

use std::thread;
use std::time::Duration;

use rstest::rstest;
use twinproof_testkit::Outcome;

use crate::support::{session, sh};
use twinproof_container::{ArchiveEntry, Error, Exec, SessionOptions};

#[rstest]
#[case("trixie")]
#[case("musl")]
fn a_program_sees_exactly_its_environment(#[case] image: &str) -> Outcome {
    let session = session(image, SessionOptions::default())?;
    let mut exec = Exec::new(["/usr/bin/env"]);
    assert_eq!(session.exec(&exec).unwrap().stdout, b"");
    exec.env = [("B", "2"), ("A", "ü = \" $x"), ("EMPTY", ""), ("LINES", "a\nb")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let done = session.exec(&exec).unwrap();
    assert_eq!(String::from_utf8(done.stdout).unwrap(), "B=2\nA=ü = \" $x\nEMPTY=\nLINES=a\nb\n");
    assert_eq!((done.exit, done.stderr), (Some(0), vec![]));
    Ok(())
}

#[rstest]
#[case("exit 0", 0, None)]
#[case("exit 3", 3, None)]
#[case("exit 127", 127, None)]
#[case("exit 128", 128, None)]
#[case("exit 137", 137, Some(9))]
#[case("kill -9 $$", 137, Some(9))]
#[case("kill -15 $$", 143, Some(15))]
#[case("exit 255", 255, None)]
fn exit_codes_come_through(
    #[case] script: &str,
    #[case] exit: u32,
    #[case] signal: Option<u32>,
    #[values("trixie", "musl")] image: &str,
) -> Outcome {
    let session = session(image, SessionOptions::default())?;
    let done = sh(&session, script);
    assert_eq!((done.exit, done.signal, done.timed_out), (Some(exit), signal, false));
    assert_eq!((done.stdout, done.stderr), (vec![], vec![]));
    Ok(())
}

#[test]
fn program_that_cannot_run_is_reported() -> Outcome {
    let session = session("trixie", SessionOptions::default())?;
    let done = session.exec(&Exec::new(["no-such-program"])).unwrap();
    assert_eq!((done.exit, done.not_found), (Some(127), true));
    let done = session.exec(&Exec::new(["/etc/passwd"])).unwrap();
    assert_eq!((done.exit, done.not_found), (Some(126), false));
    let mut exec = Exec::new(["/bin/true"]);
    exec.cwd = "/no/such".into();
    assert!(matches!(session.exec(&exec), Err(Error::NoDirectory { cwd }) if cwd == "/no/such"));
    exec.cwd = "/usr/share".into();
    exec.argv = vec!["/bin/pwd".into()];
    assert_eq!(session.exec(&exec).unwrap().stdout, b"/usr/share\n");
    Ok(())
}

#[rstest]
#[case(&["no-such-program"], Some("/usr/bin:/bin"), 127, true)]
#[case(&["/no/such/program"], None, 127, true)]
#[case(&["./env"], Some("/usr/bin"), 127, true)]
#[case(&["crlf"], Some("/usr/share:/bin"), 127, true)]
#[case(&["env", "/no/such"], Some("/usr/bin:/bin"), 127, false)]
#[case(&["env", "env: 'x': No such file or directory"], None, 127, false)]
#[case(&["/bin/sh", "-c", "exit 127"], Some(""), 127, false)]
#[case(&["sh", "-c", "exit 126"], None, 126, false)]
#[case(&["/etc/passwd"], None, 126, false)]
#[case(&["/tmp/crlf"], None, 127, false)]
#[case(&["crlf"], Some("/tmp:/bin"), 127, false)]
#[case(&["crlf"], Some("/bin:"), 127, false)]
fn only_a_program_that_is_not_there_is_not_found(
    #[case] argv: &[&str],
    #[case] path: Option<&str>,
    #[case] exit: u32,
    #[case] not_found: bool,
    #[values("bullseye", "bookworm", "trixie", "musl")] image: &str,
) -> Outcome {
    let session = session(image, SessionOptions::default())?;
    session
        .upload("/tmp", &[ArchiveEntry::file("crlf", "#!/bin/sh\r\nexit 0\r\n").mode(0o755)])
        .unwrap();
    let mut exec = Exec::new(argv.iter().copied());
    exec.cwd = "/tmp".into();
    exec.env = path.map(|path| ("PATH".into(), path.into())).into_iter().collect();
    let done = session.exec(&exec).unwrap();
    assert_eq!((done.exit, done.not_found), (Some(exit), not_found));
    Ok(())
}

#[test]
fn streams_are_separate_and_raw() -> Outcome {
    let session = session("trixie", SessionOptions::default())?;
    let done = sh(&session, r"printf '\000\377out'; printf 'err\001\n\n' >&2; printf 'more'");
    assert_eq!(done.stdout, b"\0\xffoutmore");
    assert_eq!(done.stderr, b"err\x01\n\n");
    let odd = ["/bin/echo", "ü", "", "a b", "'\"$x`", "-n", "日本"];
    let done = session.exec(&Exec::new(odd)).unwrap();
    assert_eq!(String::from_utf8(done.stdout).unwrap(), "ü  a b '\"$x` -n 日本\n");
    Ok(())
}

#[test]
fn input_is_binary_and_ends() -> Outcome {
    let session = session("trixie", SessionOptions::default())?;
    let input: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
    let mut exec = Exec::new(["/bin/cat"]);
    exec.stdin = Some(input.clone());
    let done = session.exec(&exec).unwrap();
    assert_eq!(done.exit, Some(0));
    assert!(done.stdout == input, "{} bytes of {}", done.stdout.len(), input.len());
    // A program that does not read its input ends all the same.
    exec.argv = vec!["/bin/true".into()];
    assert_eq!(session.exec(&exec).unwrap().exit, Some(0));
    exec.argv = vec!["/bin/cat".into()];
    exec.stdin = Some(Vec::new());
    assert_eq!(session.exec(&exec).unwrap().stdout, b"");
    exec.stdin = None;
    assert_eq!(session.exec(&exec).unwrap().stdout, b"");
    Ok(())
}

#[test]
fn output_is_kept_up_to_its_limit() -> Outcome {
    let session = session("trixie", SessionOptions::default())?;
    let mut exec = script_of("head -c 20000000 /dev/zero; head -c 5000000 /dev/zero >&2; exit 4");
    exec.output_limit = 1_000_000;
    let done = session.exec(&exec).unwrap();
    assert_eq!((done.exit, done.truncated), (Some(4), true));
    assert_eq!((done.stdout.len(), done.stderr.len()), (1_000_000, 1_000_000));
    exec.output_limit = 20_000_000;
    let done = session.exec(&exec).unwrap();
    assert_eq!((done.exit, done.truncated), (Some(4), false));
    assert_eq!((done.stdout.len(), done.stderr.len()), (20_000_000, 5_000_000));
    Ok(())
}

#[rstest]
#[case("trixie")]
#[case("musl")]
fn a_time_limit_ends_the_whole_tree(#[case] image: &str) -> Outcome {
    let session = session(image, SessionOptions::default())?;
    // A child, a grandchild whose parent is gone, one in a session of its own, and a forker.
    let mut exec = script_of(
        "sleep 700 & (sleep 701 & ) ; setsid sleep 702 & (while :; do sleep 703 & sleep 1; done) & \
         echo started; wait",
    );
    exec.time_limit = Duration::from_secs(2);
    let done = session.exec(&exec).unwrap();
    assert_eq!((done.exit, done.signal, done.timed_out), (None, None, true));
    assert_eq!(done.stdout, b"started\n");
    assert!(done.duration < Duration::from_secs(15), "{:?}", done.duration);
    assert_eq!(sleepers(&session), "");
    Ok(())
}

#[rstest]
#[case("trixie")]
#[case("musl")]
fn processes_left_running_are_killed(#[case] image: &str) -> Outcome {
    let session = session(image, SessionOptions::default())?;
    let done = sh(&session, "setsid sleep 700 & (sleep 701 &); echo done; exit 5");
    assert_eq!((done.exit, done.left_over), (Some(5), 2));
    assert_eq!(done.stdout, b"done\n");
    assert_eq!(sleepers(&session), "");
    Ok(())
}

fn script_of(script: &str) -> Exec {
    let mut exec = Exec::new(["/bin/sh", "-c", script]);
    exec.env = vec![("PATH".into(), "/usr/bin:/bin".into())];
    exec
}

/// The command lines of the sleepers that the tests start, which should have ended.
fn sleepers(session: &twinproof_container::Session) -> String {
    let script = "for c in /proc/[0-9]*/cmdline; do tr '\\0' ' ' <$c 2>/dev/null; echo; done \
                  | grep '^sleep 70' | sort";
    String::from_utf8_lossy(&sh(session, script).stdout).into_owned()
}

#[test]
fn programs_run_at_once_without_mixing() -> Outcome {
    let session = session("trixie", SessionOptions::default())?;
    thread::scope(|scope| {
        let session = &session;
        for n in 0..8_u32 {
            scope.spawn(move || {
                for round in 0..3 {
                    let done = sh(session, &format!("sleep 0.2; echo {n}/{round}; exit {n}"));
                    assert_eq!(done.stdout, format!("{n}/{round}\n").into_bytes());
                    assert_eq!((done.exit, done.left_over), (Some(n), 0));
                }
            });
        }
        // A program that is killed at its limit at the same time must not affect the others.
        scope.spawn(move || {
            let mut exec = script_of("sleep 700");
            exec.time_limit = Duration::from_millis(600);
            assert!(session.exec(&exec).unwrap().timed_out);
        });
    });
    Ok(())
}

#[test]
fn there_is_no_network_unless_asked_for() -> Outcome {
    let session = session("musl", SessionOptions::default())?;
    let done = sh(&session, "ls /sys/class/net");
    assert_eq!(done.stdout, b"lo\n");
    Ok(())
}

#[rstest]
#[case("bullseye", "glibc 2.31")]
#[case("bookworm", "glibc 2.36")]
#[case("trixie", "glibc 2.41")]
#[case("musl", "musl")]
fn images_have_the_c_library_that_they_promise(
    #[case] image: &str,
    #[case] expected: &str,
) -> Outcome {
    let session = session(image, SessionOptions::default())?;
    let facts = session.facts().unwrap();
    let found = match &facts.libc {
        twinproof_container::Libc::Glibc(version) => format!("glibc {version}"),
        twinproof_container::Libc::Musl(_) => "musl".into(),
        twinproof_container::Libc::Unknown => "unknown".into(),
    };
    assert_eq!((found.as_str(), expected), (expected, session.image().definition.libc.as_str()));
    assert!(facts.image_id.starts_with("sha256:"), "{}", facts.image_id);
    assert!(facts.kernel.starts_with("Linux "), "{}", facts.kernel);
    assert!(facts.os_release.contains_key("PRETTY_NAME"), "{:?}", facts.os_release);
    assert_eq!(facts.wine, None);
    if image == "musl" {
        assert_eq!(sh(&session, "ls /lib64 /lib/x86_64-linux-gnu").stdout, b"");
        assert_eq!(sh(&session, "test -s /etc/ssl/certs/ca-certificates.crt").exit, Some(0));
    }
    Ok(())
}
