//! Removing what killed processes have left: files that never got their names.

use std::fs::File;
use std::time::{Duration, SystemTime};

use super::Store;
use super::write::TEMPORARY;

/// Younger files are left alone: a moment passes between a file's lock and its rename.
const MIN_AGE: Duration = Duration::from_secs(60);

/// The deepest folder that is looked into.
const MAX_DEPTH: usize = 64;

impl Store {
    /// Removes files that no living process is writing, and returns their number.
    pub(crate) fn sweep(&self) -> usize {
        if self.read_only {
            return 0;
        }
        let now = SystemTime::now();
        walkdir::WalkDir::new(self.root())
            .max_depth(MAX_DEPTH)
            .into_iter()
            .filter_map(Result::ok)
            .filter(|entry| {
                entry.file_type().is_file()
                    && entry.file_name().to_string_lossy().starts_with(TEMPORARY)
            })
            .filter(|entry| {
                let modified = entry.metadata().ok().and_then(|m| m.modified().ok());
                modified
                    .and_then(|time| now.duration_since(time).ok())
                    .is_some_and(|age| age >= MIN_AGE)
            })
            .filter(|entry| {
                // Writers lock their file while they live, and a lock ends with its process, so a
                // lock that can be had shows that the writer is dead.
                let orphan = File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
                orphan && std::fs::remove_file(entry.path()).is_ok()
            })
            .count()
    }
}
