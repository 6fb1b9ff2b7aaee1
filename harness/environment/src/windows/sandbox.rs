//! A work directory on Windows, seen from inside WSL.

use super::find::Found;
use super::launch::{Answer, SCRIPT, encoded, literal, request};
use crate::driver::{
    Contents, EnvironmentError, Exec, Exited, Put, Sandbox, SnapshotLimits, TreeEntry,
};
use crate::files::{self, PutError};
use crate::probe::join;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use twinproof_model::EnvironmentName;
use twinproof_process::{self as process, Grace, Start, Stdin, Variables};

/// Exit code for a program that Windows refused to start, as in the host driver.
const REFUSED: i64 = 126;
/// Time limit for `taskkill.exe` and for the end of the programs that it kills.
const KILL: Duration = Duration::from_secs(20);

/// A work directory, and beside it one for requests.
pub(super) struct InteropSandbox<'a> {
    name: &'a EnvironmentName,
    found: &'a Found,
    dir: TempDir,
    /// Its native path with the work directory's name.
    native: String,
    /// The work directory here.
    here: PathBuf,
}

impl<'a> InteropSandbox<'a> {
    pub(super) fn open(
        name: &'a EnvironmentName,
        found: &'a Found,
        label: &str,
    ) -> Result<Self, EnvironmentError> {
        let (native, here) = &found.temp;
        let failed = |e: std::io::Error| {
            EnvironmentError::driver(name, format!("making a work directory in {native}"), e)
        };
        let prefix = format!("twinproof-{}-", crate::label::safe(label));
        let dir = tempfile::Builder::new().prefix(&prefix).tempdir_in(here).map_err(failed)?;
        let own = dir.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        // The work directory is one level down, so that requests and answers beside it are never
        // among a case's files.
        let native = join(&join(native, &own), "w");
        let here = dir.path().join("w");
        std::fs::create_dir(&here).map_err(failed)?;
        std::fs::write(dir.path().join("run.ps1"), SCRIPT).map_err(failed)?;
        Ok(Self { name, found, dir, native, here })
    }

    /// The path here of a native one in the work directory.
    fn path(&self, native: &str) -> Result<PathBuf, EnvironmentError> {
        // Programs of Windows may answer with either separator.
        let slashed = native.replace('/', r"\");
        let below = slashed.strip_prefix(&self.native);
        let below = below.filter(|rest| rest.is_empty() || rest.starts_with('\\'));
        let Some(below) = below else {
            let what = format!("reach {native}: it is not in {}", self.native);
            return Err(EnvironmentError::unsupported(self.name, what));
        };
        Ok(below
            .split('\\')
            .filter(|part| !part.is_empty())
            .fold(self.here.clone(), |p, n| p.join(n)))
    }

    /// Ends the tree of the program of a request.
    fn kill(&self, request: &Path) {
        let mut file = request.as_os_str().to_owned();
        file.push(".id");
        let Ok(id) = std::fs::read_to_string(PathBuf::from(file)) else { return };
        let id = id.trim_start_matches('\u{feff}').trim().to_owned();
        // `/T`: a program's children too, which Windows does not end with their parent. The
        // handshake reports a program that could not be ended; it ends with interop's relay.
        let _ = process::run(Start {
            program: &self.found.taskkill,
            args: ["/T", "/F", "/PID", &id].iter().map(OsString::from).collect(),
            variables: Variables::Inherited(&[]),
            cwd: self.dir.path(),
            stdin: Stdin::Null,
            limit: KILL,
            output_limit: 1 << 16,
            grace: None,
        });
    }
}

impl Sandbox for InteropSandbox<'_> {
    fn root(&self) -> &str {
        &self.native
    }

    fn exec(&self, exec: &Exec) -> Result<Exited, EnvironmentError> {
        let action = format!("running {}", exec.program);
        let failed = |message: String| EnvironmentError::driver(self.name, &action, message);
        let requests = tempfile::Builder::new().prefix("request-").tempdir_in(self.dir.path());
        let requests = requests.map_err(|e| failed(e.to_string()))?;
        let file = requests.path().join("r");
        let text = request(exec).map_err(|e| failed(e.to_string()))?;
        std::fs::write(&file, text).map_err(|e| failed(e.to_string()))?;
        let parent = self.native.trim_end_matches(r"\w");
        let own = requests.path().file_name().unwrap_or_default().to_string_lossy();
        let native = join(parent, &format!("{own}/r"));
        let line = format!("& {} {}", literal(&join(parent, "run.ps1")), literal(&native));
        let args = [
            "-NoProfile",
            "-NonInteractive",
            "-ExecutionPolicy",
            // The default policy of clients, `Restricted`, runs no script file at all.
            "Bypass",
            "-EncodedCommand",
            &encoded(&line),
        ];
        let ask = || self.kill(&file);
        let ended = process::run(Start {
            program: &self.found.powershell,
            args: args.iter().map(OsString::from).collect(),
            variables: Variables::Inherited(&[]),
            cwd: self.dir.path(),
            stdin: Stdin::Bytes(exec.stdin.clone()),
            limit: exec.limit,
            output_limit: exec.output_limit,
            grace: Some(Grace { ask: &ask, wait: KILL }),
        })
        .map_err(|e| failed(e.to_string()))?;
        let mut exited = Exited::from(ended);
        // The code is that of the program in between.
        exited.code = None;
        if exited.timed_out {
            return Ok(exited);
        }
        // The program's exit code is in this file, whole: PowerShell itself ends with 0 once it has
        // answered, and interop passes on no more than eight bits of a code.
        let answer = std::fs::read_to_string(requests.path().join("r.answer")).map_err(|_| {
            let said = crate::wsl::decode(&exited.stderr);
            failed(format!("PowerShell gave no answer: {}", said.trim()))
        })?;
        match Answer::parse(&answer) {
            Answer::Code(code) => exited.code = Some(code),
            Answer::NotFound => exited.not_found = true,
            Answer::NoDirectory => {
                return Err(failed(format!("{}: no such directory", exec.cwd)));
            }
            Answer::Refused(why) => {
                exited.code = Some(REFUSED);
                exited.stderr = format!("{}: {why}\n", exec.program).into_bytes();
            }
            Answer::Failed(why) => return Err(failed(why)),
        }
        Ok(exited)
    }

    fn put(&self, path: &str, what: &Put) -> Result<(), EnvironmentError> {
        if matches!(what, Put::Symlink { .. }) {
            let what = format!("make the symbolic link {path}: from WSL it would be WSL's own");
            return Err(EnvironmentError::unsupported(self.name, what));
        }
        files::put(&self.here, &self.path(path)?, what, false).map_err(|e| match e {
            PutError::Io(e) | PutError::NoLinks(e) => {
                EnvironmentError::driver(self.name, format!("putting {path}"), e)
            }
            PutError::Outside => {
                let what = format!("put {path}: it is not in {}", self.native);
                EnvironmentError::unsupported(self.name, what)
            }
        })
    }

    fn entries(
        &self,
        path: &str,
        contents: Contents,
        limits: SnapshotLimits,
    ) -> Result<Vec<TreeEntry>, EnvironmentError> {
        files::entries(&self.path(path)?, contents, limits, false).map_err(|e| e.of(self.name))
    }
}

impl Drop for InteropSandbox<'_> {
    fn drop(&mut self) {
        // A directory that cannot be removed stays in Windows' temporary directory.
        let _ = files::remove(self.dir.path());
    }
}
