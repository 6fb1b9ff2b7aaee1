//! A build cache that cases share, so that none of them compiles the standard library first.

use crate::board::Board;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use twinproof_environment::Sdk;
use twinproof_toolchain::{Cache, Platform};

/// Where it is: in the per-user cache.
///
/// # Errors
/// When there is none.
pub fn folder() -> Result<PathBuf, twinproof_toolchain::Error> {
    Ok(Cache::of_user()?.root().join("gocache"))
}

/// What cases build with: as little as shows the point.
const PROGRAM: &str = "package main\n\nimport (\n\t_ \"embed\"\n\t\"fmt\"\n\t\"os\"\n)\n\n\
    func main() { fmt.Println(os.Args[0]) }\n";

/// Builds a small program with every SDK of this machine, once for each SDK and cache: for this
/// system as cases build, for the other one as those do that cross, and where there is Wine, whose
/// cache begins with this one, for Windows in every way. A build that fails is left to the cases,
/// which say why.
///
/// # Errors
/// When the folder cannot be written.
pub fn warm(
    folder: &Path,
    sdks: &[Sdk],
    host: Platform,
    wine: bool,
    board: &Board,
) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for sdk in sdks.iter().filter(|s| s.os == host.os() && s.arch == host.arch()) {
        for goos in ["linux", "windows"] {
            let whole = goos == host.os() || (wine && goos == "windows");
            let ways: &[&str] = if whole { &["false", "true"] } else { &["true"] };
            let mark = format!("warm-{}-{goos}-{}", sdk.version, ways.join("-"));
            let mark = folder.join(mark);
            if mark.exists() {
                continue;
            }
            board.say("cache", &format!("compiling Go {}'s library for {goos}", sdk.version), None);
            let work = tempfile::tempdir()?;
            std::fs::write(work.path().join("main.go"), PROGRAM)?;
            std::fs::write(work.path().join("go.mod"), "module warm\n\ngo 1.22\n")?;
            let mut built = true;
            for trim in ways {
                let status = Command::new(sdk.goroot.join("bin").join(format!("go{}", host.exe())))
                    .args(["build", &format!("-trimpath={trim}"), "-o"])
                    .arg(work.path().join("warm.out"))
                    .arg(".")
                    .current_dir(work.path())
                    .env_clear()
                    .envs(std::env::vars_os().filter(|(k, _)| kept(&k.to_string_lossy())))
                    .env("HOME", work.path())
                    .env("USERPROFILE", work.path())
                    .env("LOCALAPPDATA", work.path())
                    .env("APPDATA", work.path())
                    .env("GOCACHE", folder)
                    .envs(twinproof_base::go_env::HERMETIC)
                    .env("GOPROXY", "off")
                    .env("CGO_ENABLED", "0")
                    .env("GOOS", goos)
                    .stdin(Stdio::null())
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status()?;
                built &= status.success();
            }
            if built {
                std::fs::write(&mark, "")?;
            }
        }
    }
    board.done("cache", "");
    Ok(())
}

/// What a program of the system needs to start at all.
fn kept(name: &str) -> bool {
    let names = ["PATH", "SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "TEMP", "TMP", "TMPDIR"];
    names.iter().any(|n| name.eq_ignore_ascii_case(n))
}
