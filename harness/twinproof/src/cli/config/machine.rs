//! The files of this machine for `config lint --machine` and `config doctor`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use twinproof_configlint::load;
use twinproof_configlint::machine::Places;
use twinproof_configlint::source::Source;
use twinproof_process::{Start, Stdin, Variables, run};

/// Time limit of a program of the system: a distribution may have to start.
const LIMIT: Duration = Duration::from_secs(60);
/// Most bytes of its answer.
const OUTPUT: u64 = 4 << 20;
/// The registry key of Windows with the distributions.
const LXSS: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Lxss";

/// The files that are there and that this user may read; on Windows with the registry's part.
pub fn machine_files() -> Vec<Source> {
    let home = std::env::var_os(if cfg!(windows) { "USERPROFILE" } else { "HOME" });
    let places = Places::of(home.map(PathBuf::from), Path::new("/mnt"), &distributions());
    // Skip files that this user may not read: this user cannot mend them either.
    let mut sources: Vec<Source> =
        places.files().iter().filter_map(|file| load::read(file).ok()).collect();
    sources.extend(registry());
    sources
}

/// The roots of this machine's distributions, as Windows sees them.
fn distributions() -> Vec<PathBuf> {
    let Some(output) = ask_windows("wsl.exe", &["--list", "--quiet"]) else { return Vec::new() };
    // Older releases of wsl.exe answer in UTF-16 whatever the value of WSL_UTF8; names are ASCII as
    // a rule.
    let names = String::from_utf8_lossy(&output).replace('\0', "");
    let names = names.lines().map(str::trim).filter(|name| !name.is_empty());
    names.map(|name| PathBuf::from(format!(r"\\wsl.localhost\{name}\"))).collect()
}

/// The registry's keys of WSL, exported.
fn registry() -> Option<Source> {
    let folder = tempfile::tempdir().ok()?;
    let file = folder.path().join("lxss.reg");
    ask_windows("reg.exe", &["export", LXSS, file.to_str()?, "/y"])?;
    let bytes = std::fs::read(&file).ok()?;
    Some(Source::new("lxss.reg (exported)".to_owned(), None, bytes))
}

/// Output of a Windows program; `None` on other systems.
fn ask_windows(program: &str, args: &[&str]) -> Option<Vec<u8>> {
    if cfg!(windows) { ask(program, args) } else { None }
}

/// Output of a program on PATH; `None` where it is absent or fails.
pub fn ask(program: &str, args: &[&str]) -> Option<Vec<u8>> {
    let program = which::which(program).ok()?;
    let ended = run(Start {
        program: &program,
        args: args.iter().map(OsString::from).collect(),
        variables: Variables::Inherited(&[("WSL_UTF8", "1")]),
        cwd: &std::env::temp_dir(),
        stdin: Stdin::Null,
        limit: LIMIT,
        output_limit: OUTPUT,
        grace: None,
    });
    ended.ok().filter(|ended| ended.code == Some(0)).map(|ended| ended.stdout)
}
