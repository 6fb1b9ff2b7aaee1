//! A temporary directory, and the programs that run in it.

use crate::driver::{
    Contents, EnvironmentError, Exec, Exited, Put, Sandbox, SnapshotLimits, TreeEntry,
};
use crate::files::{self, PutError};
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use twinproof_model::EnvironmentName;
use twinproof_process::{self as process, Start, Stdin, Variables};

/// Exit code of a program that the system refused to start, as in shells.
const REFUSED: i64 = 126;
/// Exit code of a program or an interpreter that does not exist, as with `env`.
const NO_INTERPRETER: i64 = 127;

/// A work directory on this machine.
pub(super) struct HostSandbox<'a> {
    name: &'a EnvironmentName,
    dir: TempDir,
    root: PathBuf,
    native: String,
}

impl<'a> HostSandbox<'a> {
    /// Makes one in `parent`.
    pub(super) fn open(
        name: &'a EnvironmentName,
        parent: &Path,
        label: &str,
    ) -> Result<Self, EnvironmentError> {
        let failed = |e: io::Error| {
            let action = format!("making a work directory in {}", parent.display());
            EnvironmentError::driver(name, action, e)
        };
        std::fs::create_dir_all(parent).map_err(failed)?;
        let prefix = format!("{}-", crate::label::safe(label));
        let dir = tempfile::Builder::new().prefix(&prefix).tempdir_in(parent).map_err(failed)?;
        // Without links: programs report real paths (macOS's `/tmp` is a link), which cases compare
        // with this one.
        let root = dunce::canonicalize(dir.path()).map_err(failed)?;
        let native = root.to_str().map(str::to_owned).ok_or_else(|| {
            EnvironmentError::unsupported(
                name,
                format!("work in {}: the path is no Unicode text", root.display()),
            )
        })?;
        Ok(Self { name, dir, root, native })
    }

    fn start(&self, exec: &Exec, program: &Path) -> io::Result<process::Ended> {
        process::run(Start {
            program,
            args: exec.args.iter().map(Into::into).collect(),
            variables: Variables::Exact(&exec.env),
            cwd: Path::new(&exec.cwd),
            stdin: Stdin::Bytes(exec.stdin.clone()),
            limit: exec.limit,
            output_limit: exec.output_limit,
            grace: None,
        })
    }
}

impl Sandbox for HostSandbox<'_> {
    fn root(&self) -> &str {
        &self.native
    }

    fn exec(&self, exec: &Exec) -> Result<Exited, EnvironmentError> {
        let action = || format!("starting {}", exec.program);
        let cwd = Path::new(&exec.cwd);
        let Some(program) = process::lookup(&exec.program, &exec.env, cwd) else {
            return Ok(Exited { not_found: true, ..Exited::default() });
        };
        match self.start(exec, &program) {
            Ok(ended) => Ok(ended.into()),
            // `NotFound` from the system may mean the program or the work directory; only the first
            // is an observation.
            Err(e) if !cwd.is_dir() => {
                let message = format!("{}: no such directory ({e})", exec.cwd);
                Err(EnvironmentError::driver(self.name, action(), message))
            }
            // The script exists, but the interpreter in its first line does not.
            Err(e) if e.kind() == io::ErrorKind::NotFound && program.exists() => Ok(Exited {
                code: Some(NO_INTERPRETER),
                stderr: format!("{}: {e}\n", exec.program).into_bytes(),
                ..Exited::default()
            }),
            Err(e)
                if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
            {
                Ok(Exited { not_found: true, ..Exited::default() })
            }
            Err(e) if refused(&e) => Ok(Exited {
                code: Some(REFUSED),
                stderr: format!("{}: {e}\n", exec.program).into_bytes(),
                ..Exited::default()
            }),
            Err(e) => Err(EnvironmentError::driver(self.name, action(), e)),
        }
    }

    fn put(&self, path: &str, what: &Put) -> Result<(), EnvironmentError> {
        files::put(&self.root, Path::new(path), what, cfg!(unix)).map_err(|e| match e {
            PutError::Io(e) => EnvironmentError::driver(self.name, format!("putting {path}"), e),
            PutError::Outside => EnvironmentError::unsupported(
                self.name,
                format!("put {path}: it is not in the work directory {}", self.native),
            ),
            PutError::NoLinks(e) => EnvironmentError::unsupported(
                self.name,
                format!("make the symbolic link {path}: {e}"),
            ),
        })
    }

    fn entries(
        &self,
        path: &str,
        contents: Contents,
        limits: SnapshotLimits,
    ) -> Result<Vec<TreeEntry>, EnvironmentError> {
        let path = self.root.join(path);
        files::entries(&path, contents, limits, cfg!(unix)).map_err(|e| e.of(self.name))
    }
}

impl Drop for HostSandbox<'_> {
    fn drop(&mut self) {
        process::kill_escaped(&self.root);
        // Files that cannot be removed stay in the temporary directory, which the system cleans up.
        let _ = files::remove(self.dir.path());
    }
}

/// Whether the system found the program and refused to start it.
fn refused(error: &io::Error) -> bool {
    let unknown_format: &[i32] = if cfg!(windows) { &[193, 216] } else { &[8] };
    matches!(
        error.kind(),
        io::ErrorKind::PermissionDenied
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::ArgumentListTooLong
            | io::ErrorKind::ExecutableFileBusy
    ) || error.raw_os_error().is_some_and(|code| unknown_format.contains(&code))
}
