//! A work directory in a container.

use super::flavour::Flavour;
use crate::driver::{
    Contents, EnvironmentError, Exec, Exited, Put, Sandbox, SnapshotLimits, TreeEntry,
};
use twinproof_container::{self as container, DownloadLimits, Error, Kind, Session};
use twinproof_model::{EntryKind, EnvironmentName};

/// A work directory.
pub(super) struct ContainerSandbox<'a> {
    pub(super) name: &'a EnvironmentName,
    pub(super) session: &'a Session,
    pub(super) flavour: Flavour,
    /// Its native path.
    pub(super) root: String,
}

impl ContainerSandbox<'_> {
    fn unix(&self, native: &str) -> Result<String, EnvironmentError> {
        self.flavour.unix(native).ok_or_else(|| {
            EnvironmentError::unsupported(self.name, format!("reach {native}: no such drive"))
        })
    }

    fn failed(&self, action: String, error: &Error) -> EnvironmentError {
        EnvironmentError::driver(self.name, action, error)
    }
}

impl Sandbox for ContainerSandbox<'_> {
    fn root(&self) -> &str {
        &self.root
    }

    fn exec(&self, exec: &Exec) -> Result<Exited, EnvironmentError> {
        let mut argv = vec![exec.program.clone()];
        argv.extend(exec.args.iter().cloned());
        let result = self
            .session
            .exec(&container::Exec {
                argv,
                env: exec.env.clone().into_iter().collect(),
                cwd: exec.cwd.clone(),
                stdin: (!exec.stdin.is_empty()).then(|| exec.stdin.clone()),
                time_limit: exec.limit,
                output_limit: usize::try_from(exec.output_limit).unwrap_or(usize::MAX),
            })
            .map_err(|e| {
                let words = exec.args.iter().fold(exec.program.clone(), |all, a| all + " " + a);
                self.failed(format!("running `{words}`"), &e)
            })?;
        if result.not_found {
            return Ok(Exited { not_found: true, duration: result.duration, ..Exited::default() });
        }
        // Exit codes of 32 bits are signed, as in the driver for native Windows.
        let code = result.exit.map(|code| i64::from(code.cast_signed()));
        Ok(Exited {
            code,
            not_found: false,
            timed_out: result.timed_out,
            stdout: result.stdout,
            stderr: result.stderr,
            truncated: result.truncated,
            duration: result.duration,
        })
    }

    fn put(&self, path: &str, what: &Put) -> Result<(), EnvironmentError> {
        let unix = self.unix(path)?;
        let (dir, name) = unix.trim_end_matches('/').rsplit_once('/').unwrap_or(("", &unix));
        let entry = match what {
            Put::File { bytes, mode } => {
                container::ArchiveEntry::file(name, bytes.clone()).mode(mode.unwrap_or(0o644))
            }
            Put::Dir { mode } => container::ArchiveEntry::dir(name).mode(mode.unwrap_or(0o755)),
            Put::Symlink { .. } if self.flavour == Flavour::Wine => {
                let what = format!("make the symbolic link {path}: Wine shows none");
                return Err(EnvironmentError::unsupported(self.name, what));
            }
            Put::Symlink { target } => container::ArchiveEntry::symlink(name, target),
        };
        let dir = if dir.is_empty() { "/" } else { dir };
        self.session.upload(dir, &[entry]).map_err(|e| self.failed(format!("putting {path}"), &e))
    }

    fn entries(
        &self,
        path: &str,
        contents: Contents,
        limits: SnapshotLimits,
    ) -> Result<Vec<TreeEntry>, EnvironmentError> {
        let unix = self.unix(path)?;
        let SnapshotLimits { depth, entries, bytes } = limits;
        let found = match self.session.snapshot(&unix, DownloadLimits { bytes, entries, depth }) {
            Ok(found) => found,
            Err(Error::NotFound { .. }) => return Ok(Vec::new()),
            Err(Error::TooLarge { what, .. }) => {
                return Err(EnvironmentError::limit(
                    self.name,
                    format!("the size of {path}"),
                    what,
                ));
            }
            Err(e) => return Err(self.failed(format!("reading {path}"), &e)),
        };
        Ok(found.into_iter().map(|entry| self.shown(entry, contents)).collect())
    }
}

impl ContainerSandbox<'_> {
    fn shown(&self, entry: container::ArchiveEntry, contents: Contents) -> TreeEntry {
        let mut shown = TreeEntry {
            path: entry.path,
            kind: EntryKind::Other,
            mode: (self.flavour == Flavour::Linux).then_some(entry.mode),
            target: None,
            size: 0,
            sha256: None,
            bytes: None,
        };
        match entry.kind {
            Kind::File(bytes) => shown.file(bytes, contents),
            Kind::Dir => shown.kind = EntryKind::Dir,
            Kind::Symlink(target) => {
                shown.kind = EntryKind::Symlink;
                shown.target = Some(target);
            }
            Kind::Other(_) => {}
        }
        shown
    }
}

impl Drop for ContainerSandbox<'_> {
    fn drop(&mut self) {
        // Files that are left are removed with the container.
        if let Some(unix) = self.flavour.unix(&self.root) {
            let _ = self.session.remove(&unix);
        }
    }
}
