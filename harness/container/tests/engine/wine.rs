//! Windows programs through Wine.

use std::thread;
use std::time::Duration;

use crate::support::session;
use twinproof_container::{
    ArchiveEntry, DownloadLimits, Error, Exec, Kind, Session, SessionOptions, wine,
};
use twinproof_testkit::{Outcome, Unavailable, go};

fn start() -> Result<Session, Unavailable> {
    let go = go()?;
    let cache = std::env::temp_dir().join("twinproof-launcher");
    let launcher = wine::build_launcher(&go, &cache).unwrap();
    session("wine", SessionOptions { launcher: Some(launcher), ..Default::default() })
}

fn cmd(command: &str) -> Exec {
    let mut exec = Exec::new(["cmd.exe", "/d", "/c", command]);
    exec.env = wine::base_environment();
    exec
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n")
}

#[test]
fn a_windows_program_runs_as_on_windows() -> Outcome {
    let session = start()?;

    // Exit codes keep their 32 bits.
    for (code, expected) in [("0", 0), ("3", 3), ("256", 256), ("-1073741510", 0xC000_013A)] {
        let done = session.exec(&cmd(&format!("exit {code}"))).unwrap();
        assert_eq!((done.exit, done.signal), (Some(expected), None), "{}", text(&done.stderr));
    }

    // The environment is exact, the directory too.
    session.upload("/opt/wine/drive_c/work/ü", &[ArchiveEntry::file("in.txt", "hi")]).unwrap();
    let mut exec = cmd("set& cd& type in.txt");
    exec.cwd = r"C:\work\ü".into();
    exec.env = [
        ("USERPROFILE", r"C:\users\x"),
        ("APPDATA", r"D:\a"),
        ("TEMP", r"C:\t"),
        ("HOME", r"C:\h"),
        ("PATH", r"C:\windows\system32;C:\only"),
        ("GOPATH", r"C:\a;D:\b"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let done = session.exec(&exec).unwrap();
    let shown = text(&done.stdout);
    // cmd.exe itself adds three where they are missing.
    let added: Vec<&str> =
        wine::ADDED.iter().copied().chain(["COMSPEC", "PATHEXT", "PROMPT"]).collect();
    let mut lines: Vec<&str> = shown
        .lines()
        .filter(|line| !line.split_once('=').is_some_and(|(name, _)| added.contains(&name)))
        .collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            r"APPDATA=D:\a",
            // In the console's code page.
            "C:\\work\\\u{fffd}",
            r"GOPATH=C:\a;D:\b",
            r"HOME=C:\h",
            r"PATH=C:\windows\system32;C:\only",
            r"TEMP=C:\t",
            r"USERPROFILE=C:\users\x",
            "hi",
        ]
    );

    // Errors.
    exec.cwd = r"C:\no such".into();
    assert!(matches!(session.exec(&exec), Err(Error::NoDirectory { .. })));
    exec.cwd = r"C:\".into();
    exec.argv = vec!["no-such-program".into()];
    let done = session.exec(&exec).unwrap();
    assert_eq!((done.exit, done.not_found), (Some(127), true));
    let done = session.exec(&cmd("exit 127")).unwrap();
    assert_eq!((done.exit, done.not_found), (Some(127), false));

    // Input, output, files.
    let mut exec = cmd("more");
    exec.argv = vec!["findstr.exe".into(), "b".into()];
    exec.stdin = Some(b"abc\r\nxyz\r\n".to_vec());
    assert_eq!(text(&session.exec(&exec).unwrap().stdout), "abc\n");
    session.exec(&cmd(r"echo made> C:\work\日本.txt")).unwrap();
    let made =
        session.snapshot("/opt/wine/drive_c/work/日本.txt", DownloadLimits::default()).unwrap();
    assert_eq!(made[0].kind, Kind::File(b"made\r\n".to_vec()));

    // A time limit takes children with it.
    let mut exec = cmd("start /b ping -n 700 127.0.0.1 & ping -n 700 127.0.0.1");
    exec.time_limit = Duration::from_secs(2);
    let done = session.exec(&exec).unwrap();
    assert_eq!((done.exit, done.timed_out), (None, true));
    assert!(done.duration < Duration::from_secs(15), "{:?}", done.duration);

    // Several at once.
    thread::scope(|scope| {
        for n in 0..4_u32 {
            let session = &session;
            scope.spawn(move || {
                let done = session.exec(&cmd(&format!("echo {n}& exit {n}"))).unwrap();
                assert_eq!((done.exit, text(&done.stdout)), (Some(n), format!("{n}\n")));
            });
        }
    });

    let facts = session.facts().unwrap();
    assert!(facts.wine.as_deref().is_some_and(|wine| wine.starts_with("wine-10.")), "{facts:?}");
    Ok(())
}
