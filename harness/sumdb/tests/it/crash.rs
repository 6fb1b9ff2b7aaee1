//! A double of a file system that stops at a step, as a machine does that loses its power.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use twinproof_sumdb::server::store::{Disk, OsDisk};

/// The part of the unsynced steps that survives a crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// All of it: the process was killed, the machine went on.
    All,
    /// None of them: only synced bytes are on the medium.
    Nothing,
    /// The names were there before the contents, and half of each content is.
    Half,
}

/// The effect of the step at which the disk stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// All later steps fail too.
    Crash,
    /// Only this step fails, as on a full disk until there is room.
    Once,
}

/// Counts steps, and stops at one.
#[derive(Debug)]
pub struct CrashDouble {
    stop_at: usize,
    stop: Stop,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    steps: Vec<String>,
    /// Bytes of each file that were synced.
    synced: BTreeMap<PathBuf, Vec<u8>>,
    /// Files that were written to and not synced.
    dirty: BTreeSet<PathBuf>,
    /// The previous content under each name, for names that were not synced.
    names: Vec<(PathBuf, Option<Vec<u8>>)>,
}

impl CrashDouble {
    pub fn new(stop_at: usize, stop: Stop) -> Self {
        Self { stop_at, stop, state: Mutex::default() }
    }

    /// The steps so far.
    pub fn steps(&self) -> Vec<String> {
        self.state.lock().unwrap().steps.clone()
    }

    fn step(
        &self,
        what: &str,
        path: &Path,
        work: impl FnOnce(&mut State) -> io::Result<()>,
        torn: impl FnOnce(&mut State),
    ) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        let n = state.steps.len();
        state.steps.push(format!("{what} {}", path.file_name().unwrap().to_string_lossy()));
        if n == self.stop_at {
            torn(&mut state);
        }
        if n == self.stop_at || (n > self.stop_at && self.stop == Stop::Crash) {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "the disk has stopped"));
        }
        work(&mut state)
    }

    /// Leaves on the real file system what would be there after the crash.
    pub fn lose(&self, left: Left) {
        let state = self.state.lock().unwrap();
        if left == Left::All {
            return;
        }
        for path in &state.dirty {
            let synced = state.synced.get(path).cloned().unwrap_or_default();
            let Ok(now) = fs::read(path) else { continue };
            let mut kept = synced.clone();
            if left == Left::Half && now.len() > synced.len() {
                kept = now[..synced.len() + (now.len() - synced.len()) / 2].to_vec();
            }
            fs::write(path, kept).unwrap();
        }
        if left == Left::Nothing {
            for (path, before) in state.names.iter().rev() {
                match before {
                    Some(content) => fs::write(path, content).unwrap(),
                    None => drop(fs::remove_file(path)),
                }
            }
        }
    }
}

impl State {
    /// A file changes. The content at its first change was on the medium.
    fn touch(&mut self, path: &Path) {
        let content = || fs::read(path).unwrap_or_default();
        self.synced.entry(path.to_path_buf()).or_insert_with(content);
        self.dirty.insert(path.to_path_buf());
    }

    fn remember(&mut self, path: &Path) {
        self.names.push((path.to_path_buf(), fs::read(path).ok()));
    }
}

impl Disk for CrashDouble {
    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.step("mkdir", path, |_| OsDisk.create_dir(path), |_| ())
    }

    fn write(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let write = |state: &mut State, bytes: &[u8]| {
            if !path.exists() {
                state.remember(path);
            }
            state.touch(path);
            OsDisk.write(path, offset, bytes)
        };
        self.step(
            "write",
            path,
            |state| write(state, bytes),
            |state| write(state, &bytes[..bytes.len() / 2]).unwrap(),
        )
    }

    fn set_len(&self, path: &Path, length: u64) -> io::Result<()> {
        let cut = |state: &mut State| {
            state.touch(path);
            OsDisk.set_len(path, length)
        };
        self.step("cut", path, cut, |_| ())
    }

    fn sync(&self, path: &Path) -> io::Result<()> {
        let sync = |state: &mut State| {
            state.dirty.remove(path);
            state.synced.insert(path.to_path_buf(), fs::read(path)?);
            Ok(())
        };
        self.step("sync", path, sync, |_| ())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let rename = |state: &mut State| {
            state.remember(from);
            state.remember(to);
            assert!(!state.dirty.contains(from), "{} is renamed unsynced", from.display());
            let content = state.synced.remove(from).unwrap_or_default();
            state.synced.insert(to.to_path_buf(), content);
            OsDisk.rename(from, to)
        };
        self.step("rename", to, rename, |_| ())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let remove = |state: &mut State| {
            state.remember(path);
            state.dirty.remove(path);
            OsDisk.remove(path)
        };
        self.step("remove", path, remove, |_| ())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        let sync = |state: &mut State| {
            state.names.retain(|(name, _)| name.parent() != Some(path));
            Ok(())
        };
        self.step("sync_dir", path, sync, |_| ())
    }
}
