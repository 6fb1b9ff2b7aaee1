//! Asks a go command about itself, independent of its folder, environment and settings.
//!
//! Even `go version` can download a toolchain that a go.mod above the current directory names;
//! `GOFLAGS="-ldflags=-s -w"` turns `go env X` into a write, and `GOENV=off go env -w` still writes.
//! So every question is asked in a directory of its own with a go.mod that names nothing, with
//! GOTOOLCHAIN=local, GOWORK=off, a GOENV file that is ours, and no inherited Go settings at all.
//! The user's configuration directory is out of reach too: go keeps counters there.
//!
//! Callers judge the answers.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::error::Error;
use crate::platform::Platform;
use crate::run::Run;
use crate::version::Version;
use twinproof_base::go_env;

/// Time limit of a question to the go command.
const LIMIT: Duration = Duration::from_secs(30);

/// Answers of a go command about itself with default settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoFacts {
    /// GOVERSION, such as `go1.22.5`; development builds and forks have other forms.
    pub go_version: String,
    /// GOVERSION parsed, when it is a release.
    pub version: Option<Version>,
    /// GOROOT.
    pub goroot: PathBuf,
    /// GOHOSTOS and GOHOSTARCH.
    pub platform: Platform,
    /// All of `go env -json`.
    pub env: BTreeMap<String, String>,
}

/// The GOENV file of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Settings {
    /// An empty one.
    None,
    /// A copy of the user's, without the settings that would change how go runs.
    User,
}

/// Asks the go command at `go` for its settings, without the user's GOENV file.
///
/// # Errors
/// When it does not run, takes longer than 30 s, or answers something else than `go env -json`.
pub fn probe(go: &Path) -> Result<GoFacts, Error> {
    let bad = |reason: String| Error::Program { program: go.to_path_buf(), reason };
    let answer = ask(go, &["env", "-json"], Settings::None)?;
    let env: BTreeMap<String, String> = serde_json::from_slice(&answer)
        .map_err(|error| bad(format!("`go env -json` gave no map of strings: {error}")))?;
    let value = |name: &str| env.get(name).cloned().unwrap_or_default();
    let platform = Platform::new(&value("GOHOSTOS"), &value("GOHOSTARCH"))?;
    let go_version = value("GOVERSION");
    let version = go_version.parse().ok();
    Ok(GoFacts { version, go_version, goroot: PathBuf::from(value("GOROOT")), platform, env })
}

/// The GOPROXY that the user has set for the go command at `go`, if it has one at all.
#[must_use]
pub fn goproxy(go: &Path) -> Option<String> {
    let answer = ask(go, &["env", "GOPROXY"], Settings::User).ok()?;
    Some(String::from_utf8(answer).ok()?.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The build information of an executable: the lines of `go version -m` after the first, which
/// names the file. It runs `go`, never the executable.
///
/// # Errors
/// When go does not run or finds no build information.
pub(crate) fn build_info(go: &Path, executable: &Path) -> Result<Vec<String>, Error> {
    let args = [OsString::from("version"), "-m".into(), executable.as_os_str().to_owned()];
    let answer = ask(go, &args, Settings::None)?;
    let text = String::from_utf8_lossy(&answer).into_owned();
    Ok(text.lines().skip(1).map(|line| line.trim().to_owned()).collect())
}

fn ask<A: Clone + Into<OsString>>(
    go: &Path,
    args: &[A],
    settings: Settings,
) -> Result<Vec<u8>, Error> {
    let dir = tempfile::Builder::new()
        .prefix("twinproof-probe-")
        .tempdir()
        .map_err(Error::io("create a directory in", &std::env::temp_dir()))?;
    let env = isolated(&dir, settings)?;
    let args = args.iter().cloned().map(Into::into).collect();
    Ok(Run { program: go, args, cwd: dir.path(), env, limit: LIMIT }.run(|_| true)?.stdout)
}

/// The environment of a question asked in `dir`, whose go.mod it writes.
fn isolated(dir: &TempDir, settings: Settings) -> Result<Vec<(&'static str, OsString)>, Error> {
    let write = |name: &str, content: &str| {
        let path = dir.path().join(name);
        fs::write(&path, content).map_err(Error::io("write", &path)).map(|()| path)
    };
    // A go.mod of its own: otherwise go looks for one in the folders above and may obey its
    // `toolchain` line.
    write("go.mod", "module probe\n")?;
    let user = match settings {
        Settings::None => String::new(),
        Settings::User => user_settings(),
    };
    let goenv = write("goenv", &user)?;
    let mut env: Vec<(&'static str, OsString)> =
        go_env::PLAIN.map(|(name, value)| (name, value.into())).into();
    env.extend([
        ("GOENV", goenv.into()),
        ("XDG_CONFIG_HOME", dir.path().into()),
        ("APPDATA", dir.path().into()),
    ]);
    Ok(env)
}

/// The lines of the user's GOENV file that say where things are fetched from.
fn user_settings() -> String {
    let path = match std::env::var_os("GOENV").filter(|value| !value.is_empty()) {
        Some(off) if off == "off" => return String::new(),
        Some(path) => PathBuf::from(path),
        None => match directories::BaseDirs::new() {
            Some(dirs) => dirs.config_dir().join("go").join("env"),
            None => return String::new(),
        },
    };
    let text = fs::read_to_string(path).unwrap_or_default();
    // Of the user's settings the one that says where to download; anything else could change the
    // answer.
    let wanted = text.lines().filter(|line| line.trim_start().starts_with("GOPROXY="));
    wanted.map(|line| format!("{line}\n")).collect()
}
