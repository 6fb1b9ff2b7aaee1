//! A work directory in a container.

use super::flavour::Flavour;
use super::gathered::Gathered;
use crate::driver::{
    Contents, EnvironmentError, Exec, Exited, Put, Sandbox, SnapshotLimits, TreeEntry,
};
use std::cell::RefCell;
use std::sync::{Mutex, PoisonError};
use twinproof_container::{self as container, ArchiveEntry, DownloadLimits, Error, Kind, Session};
use twinproof_model::{EntryKind, EnvironmentName};

/// The size of the files, in bytes, that wait for an upload before one is made.
const MOST_WAITING: usize = 4 << 20;

/// Number of directories that are removed together.
const REMOVED_TOGETHER: usize = 16;

/// Directories of cases that have ended. Each removal is a program that the engine starts, so they are
/// removed some at a time, and the last ones with the container.
#[derive(Default)]
pub(super) struct Ended(Mutex<Vec<String>>);

impl Ended {
    /// Takes a directory, and removes it with the others when they are many.
    fn add(&self, unix: String, session: &Session) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(unix);
        if waiting.len() >= REMOVED_TOGETHER {
            let all = std::mem::take(&mut *waiting);
            drop(waiting);
            // What cannot be removed goes with the container.
            let _ = session.remove(&all);
        }
    }
}

/// A work directory.
///
/// An upload costs the engine a process of its own (0.1 s of a processor). What a case puts therefore
/// waits until something looks at it: a program that runs, or a reading of entries.
pub(super) struct ContainerSandbox<'a> {
    name: &'a EnvironmentName,
    session: &'a Session,
    flavour: Flavour,
    /// Its native path.
    root: String,
    /// What is put and not yet uploaded, in its order, by paths below `/`.
    waiting: RefCell<Gathered>,
    ended: &'a Ended,
}

impl<'a> ContainerSandbox<'a> {
    /// A work directory at a native path, which exists from the first upload on.
    pub(super) fn new(
        name: &'a EnvironmentName,
        session: &'a Session,
        flavour: Flavour,
        root: String,
        ended: &'a Ended,
    ) -> Result<Self, EnvironmentError> {
        let sandbox = Self { name, session, flavour, root, waiting: RefCell::default(), ended };
        sandbox.put(&sandbox.root, &Put::Dir { mode: None })?;
        Ok(sandbox)
    }

    /// Uploads what waits.
    fn settle(&self) -> Result<(), EnvironmentError> {
        let waiting = self.waiting.take();
        waiting.upload(self.session, "/").map_err(|e| {
            let paths: Vec<_> = waiting.paths().map(|path| format!("/{path}")).collect();
            self.failed(format!("putting {}", paths.join(", ")), &e)
        })
    }

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
        self.settle()?;
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
        let below = unix.trim_matches('/');
        let entry = match what {
            Put::File { bytes, mode } => {
                ArchiveEntry::file(below, bytes.clone()).mode(mode.unwrap_or(0o644))
            }
            Put::Dir { mode } => ArchiveEntry::dir(below).mode(mode.unwrap_or(0o755)),
            Put::Symlink { .. } if self.flavour == Flavour::Wine => {
                let what = format!("make the symbolic link {path}: Wine shows none");
                return Err(EnvironmentError::unsupported(self.name, what));
            }
            Put::Symlink { target } => ArchiveEntry::symlink(below, target),
        };
        self.waiting.borrow_mut().add(entry);
        let waiting = self.waiting.borrow().bytes;
        if waiting > MOST_WAITING { self.settle() } else { Ok(()) }
    }

    fn entries(
        &self,
        path: &str,
        contents: Contents,
        limits: SnapshotLimits,
    ) -> Result<Vec<TreeEntry>, EnvironmentError> {
        let unix = self.unix(path)?;
        self.settle()?;
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
    fn shown(&self, entry: ArchiveEntry, contents: Contents) -> TreeEntry {
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
        if let Some(unix) = self.flavour.unix(&self.root) {
            self.ended.add(unix, self.session);
        }
    }
}
