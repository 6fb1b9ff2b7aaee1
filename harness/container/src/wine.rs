//! Windows programs through Wine: the launcher, paths, and what keeps a program fast.
//!
//! # What Wine 10 does to an environment (measured)
//! A program started from Unix with `env -i … wine PROGRAM` sees about fifty variables. Its own
//! get through, but PATH, TEMP, TMP, USERPROFILE, APPDATA, LOCALAPPDATA, HOMEDRIVE, HOMEPATH,
//! USERNAME, ComSpec, windir and the like have the registry's values whatever was given; HOME is
//! renamed to WINEHOMEDIR; without a UTF-8 locale `ü` arrives as `C<`. What a Windows program gives
//! to a Windows program arrives as given, HOME too; only the few names of [`ADDED`] come on top in
//! every process, and nothing can be done about them. So the launcher is started by Wine, and starts the
//! program. It reads the program's arguments, environment and directory from a file, looks the
//! program up in the *given* PATH and PATHEXT, and writes the exit code to a file.
//!
//! # Speed
//! `wineserver -p` and one sleeping program (`launch hold`) keep the server and the services
//! (`services.exe`, `rpcss.exe`, …) up between programs; without them each program starts them
//! anew, which takes two seconds. They are started outside of any program's tree.
//!
//! # SDKs
//! Bind-mount them at [`to_unix`] of a path on drive C:. Wine knows no volume for a
//! device that no drive letter's root is on, and then Windows Go 1.22 cannot read a directory
//! (`readdir …: Invalid function`; 1.27 can). So every mount of a session gets a letter as well,
//! from Y: downwards; the path on drive C: is the one to use. Drive Z:, the container's root, has
//! the same trouble: keep what Go reads on C:.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::supervise::{Program, check_name, command as supervised};
use crate::{Entry, Error, Exec, Mount, Session, command as host};
use twinproof_base::{go_env, hex};

/// `WINEPREFIX` in the image.
pub const PREFIX: &str = "/opt/wine";
/// Variables that Wine 10 puts into every Windows process, whatever its parent gave it.
pub const ADDED: [&str; 10] = [
    "PROCESSOR_ARCHITECTURE",
    "SystemDrive",
    "SystemRoot",
    "WINECONFIGDIR",
    "WINEDATADIR",
    "WINEDLLDIR0",
    "WINEHOMEDIR",
    "WINELOADER",
    "WINEUSERLOCALE",
    "WINEUSERNAME",
];
/// Directory of the launcher and its files on drive C:.
const OWN: &str = "twinproof";
/// The longest that Wine's services may take to come up.
const WARM: Duration = Duration::from_secs(120);
/// The longest build of the launcher.
const BUILD: Duration = Duration::from_secs(600);

const MAIN: &str = include_str!("../../../containers/wine/launch/main.go");
const MODULE: &str = include_str!("../../../containers/wine/launch/go.mod");

/// The container's path of an absolute Windows path on drive C: or Z:; `None` for any other.
///
/// `C:\sdk\go` is `/opt/wine/drive_c/sdk/go`, `Z:\tmp` is `/tmp`. Nothing is looked up: letters
/// keep their case.
pub fn to_unix(windows: &str) -> Option<String> {
    let mut chars = windows.chars();
    let drive = chars.next()?.to_ascii_lowercase();
    let rest = chars.as_str().strip_prefix(':')?;
    if !rest.starts_with(['\\', '/']) {
        return None;
    }
    let rest = rest.replace('\\', "/");
    let rest = rest.trim_end_matches('/');
    match drive {
        'c' => Some(format!("{PREFIX}/drive_c{rest}")),
        'z' if rest.is_empty() => Some("/".into()),
        'z' => Some(rest.to_owned()),
        _ => None,
    }
}

/// The Windows path of an absolute path in the container: on drive C: below the prefix, else on
/// drive Z:. `None` for a relative path or one with a `\` in it.
pub fn to_windows(unix: &str) -> Option<String> {
    if !unix.starts_with('/') || unix.contains('\\') {
        return None;
    }
    let trimmed = unix.trim_end_matches('/');
    let drive_c = format!("{PREFIX}/drive_c");
    let (drive, rest) = match trimmed.strip_prefix(&drive_c) {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => ("C:", rest),
        _ => ("Z:", trimmed),
    };
    let rest = if rest.is_empty() { "/" } else { rest };
    Some(format!("{drive}{}", rest.replace('/', "\\")))
}

/// What Windows gives to every program and many cannot do without (`SystemRoot`, `PATH` with the
/// system's directories, `TEMP`, the profile of `root`, …): to be put into [`Exec::env`] by whoever
/// wants an ordinary environment.
pub fn base_environment() -> Vec<(String, String)> {
    [
        ("APPDATA", r"C:\users\root\AppData\Roaming"),
        ("ComSpec", r"C:\windows\system32\cmd.exe"),
        ("HOMEDRIVE", "C:"),
        ("HOMEPATH", r"\users\root"),
        ("LOCALAPPDATA", r"C:\users\root\AppData\Local"),
        ("OS", "Windows_NT"),
        ("PATH", r"C:\windows\system32;C:\windows"),
        ("PATHEXT", ".COM;.EXE;.BAT;.CMD"),
        ("PROCESSOR_ARCHITECTURE", "AMD64"),
        ("ProgramData", r"C:\ProgramData"),
        ("ProgramFiles", r"C:\Program Files"),
        ("SystemDrive", "C:"),
        ("SystemRoot", r"C:\windows"),
        ("TEMP", r"C:\users\root\AppData\Local\Temp"),
        ("TMP", r"C:\users\root\AppData\Local\Temp"),
        ("USERNAME", "root"),
        ("USERPROFILE", r"C:\users\root"),
        ("windir", r"C:\windows"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// Builds the launcher with the host's Go (any from 1.21, any host), once for each source and Go
/// version, into `cache`.
///
/// # Errors
/// [`Error::Program`] with the compiler's words, [`Error::File`].
pub fn build_launcher(go: &Path, cache: &Path) -> Result<PathBuf, Error> {
    let version = Command::new(go)
        .arg("version")
        .env("GOTOOLCHAIN", "local")
        .output()
        .map_err(Error::file(go))?;
    let mut hash = Sha256::new();
    hash.update(MAIN);
    hash.update(MODULE);
    hash.update(&version.stdout);
    let hex = hex::encode(&hash.finalize()[..8]);
    let path = cache.join(format!("twinproof-launch-{hex}.exe"));
    if path.is_file() {
        return Ok(path);
    }
    fs::create_dir_all(cache).map_err(Error::file(cache))?;
    let scratch = tempfile::tempdir_in(cache).map_err(Error::file(cache))?;
    for (name, text) in [("main.go", MAIN), ("go.mod", MODULE)] {
        let file = scratch.path().join(name);
        fs::write(&file, text).map_err(Error::file(&file))?;
    }
    let built = scratch.path().join("launch.exe");
    let mut command = Command::new(go);
    command
        .current_dir(scratch.path())
        .args(["build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o"])
        .arg(&built)
        .arg(".");
    command.envs(go_env::HERMETIC).envs([
        ("GOOS", "windows"),
        ("GOARCH", "amd64"),
        ("CGO_ENABLED", "0"),
    ]);
    host::run("go build", command, BUILD, |_| {})?;
    twinproof_base::file::publish(&built, &path).map_err(Error::file(&path))?;
    Ok(path)
}

#[derive(Serialize)]
struct Spec<'a> {
    argv: &'a [String],
    env: Vec<String>,
    cwd: &'a str,
}

/// The supervisor's command line for a Windows program.
pub(crate) fn command(exec: &Exec, token: &str) -> Result<Vec<String>, Error> {
    for (name, _) in &exec.env {
        // Windows itself has names like `=C:`.
        check_name(name.strip_prefix('=').unwrap_or(name))?;
    }
    let cwd = if exec.cwd == "/" { r"C:\" } else { &exec.cwd };
    let spec = Spec {
        argv: &exec.argv,
        env: exec.env.iter().map(|(name, value)| format!("{name}={value}")).collect(),
        cwd,
    };
    let nul = |text: &String| text.contains('\0');
    if exec.argv.is_empty() || exec.argv.iter().any(nul) || spec.env.iter().any(nul) {
        return Err(Error::Invalid("a command is empty or has a NUL character in it".into()));
    }
    let spec = serde_json::to_string(&spec).map_err(|e| Error::Invalid(e.to_string()))?;
    let file = |extension: &str| format!("{PREFIX}/drive_c/{OWN}/{token}.{extension}");
    let windows = |extension: &str| format!(r"C:\{OWN}\{token}.{extension}");
    let argv = vec![
        "wine".into(),
        format!(r"C:\{OWN}\launch.exe"),
        "run".into(),
        windows("json"),
        windows("txt"),
    ];
    supervised(
        &Program {
            argv: &argv,
            env: &unix_environment(),
            cwd: "/",
            stdin: exec.stdin.as_ref().map(Vec::len),
            spec: Some((file("json"), file("txt"), spec)),
        },
        token,
    )
}

/// The environment of `wine` itself.
fn unix_environment() -> Vec<(String, String)> {
    [
        ("HOME", "/root"),
        ("LC_ALL", "C.UTF-8"),
        ("PATH", "/usr/bin:/bin"),
        ("WINEDEBUG", "-all"),
        ("WINEPREFIX", PREFIX),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// Puts the launcher in, starts what stays up, and waits until a program runs.
pub(crate) fn warm_up(session: &Session, launcher: Vec<u8>, mounts: &[Mount]) -> Result<(), Error> {
    let own = format!("{PREFIX}/drive_c/{OWN}");
    let drives = drive_links(mounts)?;
    if !drives.is_empty() {
        session.upload(&format!("{PREFIX}/dosdevices"), &drives)?;
    }
    session.upload(&own, &[Entry::file("launch.exe", launcher).mode(0o755)])?;
    session.detached(&["wineserver", "--persistent", "--foreground"])?;
    let hold = [format!(r"C:\{OWN}\launch.exe"), format!(r"C:\{OWN}\ready.txt")];
    session.detached(&["wine", &hold[0], "hold", &hold[1]])?;
    // Not before the services are up: a program that started them would take them with it when it
    // ends.
    let script = format!("until test -e {own}/ready.txt; do sleep 0.05; done");
    let mut ready = Exec::new(["/bin/sh", "-c", &script]);
    ready.env = unix_environment();
    ready.time_limit = WARM;
    if session.exec_unix(&ready)?.timed_out {
        return Err(Error::TimedOut { what: "starting Wine's services".into(), limit: WARM });
    }
    let mut first = Exec::new([r"C:\windows\system32\cmd.exe", "/c", "exit 7"]);
    first.env = base_environment();
    first.time_limit = WARM;
    let start = Instant::now();
    let done = session.exec(&first)?;
    if done.exit == Some(7) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    Err(Error::Invalid(format!(
        "Wine did not come up in {:?}: exit {:?}, {said}",
        start.elapsed(),
        done.exit
    )))
}

/// A drive letter for each mount, from Y: downwards.
fn drive_links(mounts: &[Mount]) -> Result<Vec<Entry>, Error> {
    let letters = ('d'..='y').rev();
    if mounts.len() > letters.clone().count() {
        return Err(Error::Invalid(format!(
            "{} mounts are more than Wine has drives",
            mounts.len()
        )));
    }
    let link =
        |(letter, mount): (char, &Mount)| Entry::symlink(format!("{letter}:"), &mount.container);
    Ok(letters.zip(mounts).map(link).collect())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(r"C:\sdk\go1.27.3", Some("/opt/wine/drive_c/sdk/go1.27.3"))]
    #[case("c:/x/", Some("/opt/wine/drive_c/x"))]
    #[case(r"C:\", Some("/opt/wine/drive_c"))]
    #[case(r"Z:\tmp\a b", Some("/tmp/a b"))]
    #[case(r"Z:\", Some("/"))]
    #[case(r"D:\x", None)]
    #[case("C:x", None)]
    #[case(r"\\server\share", None)]
    #[case("", None)]
    fn windows_to_unix(#[case] windows: &str, #[case] unix: Option<&str>) {
        assert_eq!(to_unix(windows).as_deref(), unix);
    }

    #[rstest]
    #[case("/opt/wine/drive_c/sdk/go", Some(r"C:\sdk\go"))]
    #[case("/opt/wine/drive_c", Some(r"C:\"))]
    #[case("/opt/wine/drive_cc/x", Some(r"Z:\opt\wine\drive_cc\x"))]
    #[case("/tmp/", Some(r"Z:\tmp"))]
    #[case("/", Some(r"Z:\"))]
    #[case("tmp", None)]
    #[case(r"/a\b", None)]
    fn unix_to_windows(#[case] unix: &str, #[case] windows: Option<&str>) {
        assert_eq!(to_windows(unix).as_deref(), windows);
    }

    #[test]
    fn every_mount_has_a_drive() {
        let mount = |n: usize| Mount { host: "/h".into(), container: format!("/m{n}") };
        let mounts: Vec<Mount> = (0..22).map(mount).collect();
        let links = drive_links(&mounts).unwrap();
        assert_eq!(links[0], Entry::symlink("y:", "/m0"));
        assert_eq!(links[21], Entry::symlink("d:", "/m21"));
        let mounts: Vec<Mount> = (0..23).map(mount).collect();
        assert!(matches!(drive_links(&mounts), Err(Error::Invalid(_))));
    }

    #[test]
    fn a_windows_program_is_started_by_the_launcher() {
        let mut exec = Exec::new(["prog=1.exe", "ü"]);
        exec.env = vec![("PATH".into(), r"C:\x;D:\y".into()), ("=C:".into(), r"C:\".into())];
        let command = command(&exec, "tok").unwrap();
        assert_eq!(
            command[7..13],
            [
                "tok",
                "-",
                "/",
                "/opt/wine/drive_c/twinproof/tok.json",
                "/opt/wine/drive_c/twinproof/tok.txt",
                r#"{"argv":["prog=1.exe","ü"],"env":["PATH=C:\\x;D:\\y","=C:=C:\\"],"cwd":"C:\\"}"#,
            ]
        );
        assert_eq!(
            command[command.len() - 5..],
            [
                "wine",
                r"C:\twinproof\launch.exe",
                "run",
                r"C:\twinproof\tok.json",
                r"C:\twinproof\tok.txt"
            ]
        );
    }
}
