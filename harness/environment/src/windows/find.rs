//! Finds Windows from inside a distribution of WSL.

use super::launch::encoded;
use crate::absent::Absent;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use twinproof_process::{self as process, Start, Stdin, Variables};

/// Programs and facts of the Windows that this distribution runs on.
#[derive(Clone, Debug)]
pub struct Found {
    pub(super) powershell: PathBuf,
    pub(super) taskkill: PathBuf,
    /// Windows' temporary directory: its own name, and the one here.
    pub(super) temp: (String, PathBuf),
    pub(super) system_root: String,
    pub(super) processors: String,
    pub(super) architecture: String,
    /// GOROOT and version of each `go.exe` on Windows' PATH.
    pub(super) go: Vec<(String, String)>,
}

/// Prints one fact a line, in UTF-8.
const FACTS: &str = r#"
[Console]::OutputEncoding = New-Object Text.UTF8Encoding $false
[IO.Path]::GetTempPath().TrimEnd('\')
$env:SystemRoot
$env:NUMBER_OF_PROCESSORS
$env:PROCESSOR_ARCHITECTURE
Set-Location $env:SystemRoot
$env:GOTOOLCHAIN = 'local'
$env:GOENV = 'off'
$env:GOFLAGS = ''
foreach ($go in @(Get-Command go.exe -All -ErrorAction SilentlyContinue)) {
    & $go.Source env GOROOT GOVERSION
}
"#;

/// Looks for Windows.
///
/// # Errors
/// When this machine is neither Windows nor inside WSL, or interop does not work.
pub fn find() -> Result<Found, Absent> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    if !is_wsl(&release) {
        return Err(Absent {
            detail: "this is no Windows machine, and not inside WSL".to_owned(),
            remedy: "run it on Windows, or in a distribution of WSL".to_owned(),
        });
    }
    let broken = |detail: String| Absent {
        detail,
        remedy: "set `[interop] enabled=true` in /etc/wsl.conf, then: wsl.exe --shutdown"
            .to_owned(),
    };
    let powershell = program("powershell.exe", "WindowsPowerShell/v1.0").map_err(broken)?;
    let taskkill = program("taskkill.exe", "").map_err(broken)?;
    let args = ["-NoProfile", "-NonInteractive", "-EncodedCommand", &encoded(FACTS)];
    let facts = output_of(&powershell, &args).map_err(broken)?;
    let mut lines = facts.lines().map(str::trim_end);
    let mut next = || lines.next().unwrap_or_default().to_owned();
    let (temp, system_root, processors, architecture) = (next(), next(), next(), next());
    let here = output_of(Path::new("wslpath"), &["-u", &temp]).map_err(broken)?;
    let rest: Vec<_> = lines.collect();
    let go = rest.chunks_exact(2).filter_map(|pair| match pair {
        [goroot, version] => Some(((*goroot).to_owned(), version.strip_prefix("go")?.to_owned())),
        _ => None,
    });
    Ok(Found {
        powershell,
        taskkill,
        temp: (temp, PathBuf::from(here.trim())),
        system_root,
        processors,
        architecture,
        go: go.collect(),
    })
}

/// Whether a kernel's release is that of WSL, 1 or 2.
fn is_wsl(release: &str) -> bool {
    release.to_ascii_lowercase().contains("microsoft")
}

/// A program of Windows: on PATH, or where it always is when Windows' PATH is not appended.
fn program(name: &str, below_system32: &str) -> Result<PathBuf, String> {
    if let Ok(found) = which::which(name) {
        return Ok(found);
    }
    let system32 = output_of(Path::new("wslpath"), &["-u", r"C:\Windows\System32"])?;
    // `appendWindowsPath=false` takes Windows' folders off PATH, while interop itself works.
    let path = Path::new(system32.trim()).join(below_system32).join(name);
    if path.is_file() { Ok(path) } else { Err(format!("{} is not there", path.display())) }
}

/// Standard output of a program that ended well.
fn output_of(program: &Path, args: &[&str]) -> Result<String, String> {
    let failed = |what: String| format!("`{}` {what}", program.display());
    let ended = process::run(Start {
        program,
        args: args.iter().map(OsString::from).collect(),
        variables: Variables::Inherited(&[]),
        cwd: Path::new("/"),
        stdin: Stdin::Null,
        limit: Duration::from_secs(60),
        output_limit: 1 << 20,
        grace: None,
    })
    .map_err(|e| failed(format!("cannot be started: {e}")))?;
    if ended.code != Some(0) {
        let stderr = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
        let code = ended.code.map_or("nothing".to_owned(), |c| c.to_string());
        return Err(failed(format!("ended with {code}: {stderr}")));
    }
    Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::is_wsl;
    use rstest::rstest;

    #[rstest]
    #[case("4.4.0-26100-Microsoft\n", true)]
    #[case("6.6.87.2-microsoft-standard-WSL2\n", true)]
    #[case("6.1.0-28-amd64\n", false)]
    #[case("", false)]
    fn wsl_is_known_by_its_kernels_release(#[case] release: &str, #[case] want: bool) {
        assert_eq!(is_wsl(release), want);
    }
}
