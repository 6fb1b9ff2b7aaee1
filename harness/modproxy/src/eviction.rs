//! Eviction: keeps the store within its budget by removing the least recently used versions.
//!
//! A version is removed as a whole (its four files), never while it is being read or fetched. Recency is
//! a counter of uses, not a time. Version lists and answers of checksum databases do not count towards
//! the budget and are not evicted.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::metrics::Metrics;
use crate::store::{Name, SUMS, Store};

/// The files of a version, in the order of their removal. The hash goes first: a zip without it is not
/// served, so a crash in between leaves no version that looks complete.
const FILES: [&str; 5] = ["ziphash", "zip", "mod", "info", SUMS];

/// Every time the table has grown by this many versions, those that were requested and never found are
/// dropped from it.
const PRUNE: usize = 1024;

/// Deepest folder below the store that the scan at the start enters.
const MAX_DEPTH: usize = 64;

/// A version, in escaped form.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Version {
    pub(crate) module: String,
    pub(crate) version: String,
}

/// Held while files of a version are read or written.
#[derive(Debug)]
pub(crate) struct FilePin;

/// The time of a version's last use, set by each use.
#[derive(Clone, Debug)]
pub(crate) struct Used {
    clock: Arc<AtomicU64>,
    last: Arc<AtomicU64>,
}

impl Used {
    /// Marks the version as just used. Mostly that writes nothing.
    pub(crate) fn touch(&self) {
        let now = self.clock.load(Ordering::Relaxed);
        // A load leaves the cache line shared; storing the same value again would move it between
        // cores at each request.
        if self.last.load(Ordering::Relaxed) != now {
            self.last.store(now, Ordering::Relaxed);
        }
    }
}

struct Held {
    bytes: u64,
    last: Arc<AtomicU64>,
    pin: Arc<FilePin>,
}

/// The versions of a store with a budget.
pub(crate) struct Eviction {
    budget: u64,
    clock: Arc<AtomicU64>,
    versions: Mutex<HashMap<Version, Held>>,
}

impl Eviction {
    pub(crate) fn new(budget: u64) -> Self {
        Self { budget, clock: Arc::new(AtomicU64::new(1)), versions: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Version, Held>> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of all versions.
    pub(crate) fn total(&self) -> u64 {
        self.lock().values().map(|held| held.bytes).sum()
    }

    /// A version is used: it stays at least for as long as the pin is held.
    pub(crate) fn hold(&self, version: &Version) -> (Used, Arc<FilePin>) {
        let now = self.clock.fetch_add(1, Ordering::Relaxed) + 1;
        let mut versions = self.lock();
        // Requests for versions that do not exist add entries too. Looking through all of them at
        // each request would be quadratic.
        if versions.len() % PRUNE == PRUNE - 1 && !versions.contains_key(version) {
            versions.retain(|_, held| held.bytes > 0 || Arc::strong_count(&held.pin) > 1);
        }
        let held = match versions.entry(version.clone()) {
            Entry::Occupied(held) => held.into_mut(),
            Entry::Vacant(free) => free.insert(Held {
                bytes: 0,
                last: Arc::new(AtomicU64::new(0)),
                pin: Arc::new(FilePin),
            }),
        };
        held.last.store(now, Ordering::Relaxed);
        let used = Used { clock: Arc::clone(&self.clock), last: Arc::clone(&held.last) };
        (used, Arc::clone(&held.pin))
    }

    /// Scans the store, as after a start. The version that was written last counts as used last.
    pub(crate) fn scan(&self, store: &Store) {
        let mut found: HashMap<Version, (SystemTime, u64)> = HashMap::new();
        let files = walkdir::WalkDir::new(store.root()).max_depth(MAX_DEPTH).into_iter();
        for entry in files.filter_map(Result::ok).filter(|entry| entry.file_type().is_file()) {
            let Ok(path) = entry.path().strip_prefix(store.root()) else { continue };
            let Some(path) = path.to_str().map(|path| path.replace('\\', "/")) else { continue };
            let Some((module, file)) = path.rsplit_once("/@v/") else { continue };
            let Some((version, ext)) = file.rsplit_once('.') else { continue };
            let Some(metadata) = entry.metadata().ok().filter(|_| FILES.contains(&ext)) else {
                continue;
            };
            let version = Version { module: module.to_owned(), version: version.to_owned() };
            let sum = found.entry(version).or_insert((SystemTime::UNIX_EPOCH, 0));
            // Access times are no help: file systems are mounted with noatime or relatime.
            sum.0 = sum.0.max(metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH));
            sum.1 += metadata.len();
        }
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_by(|a, b| a.1.0.cmp(&b.1.0).then_with(|| a.0.cmp(&b.0)));
        // Numbers for all of them at once, below those of any request that comes from now on.
        let start = self.clock.fetch_add(found.len() as u64, Ordering::Relaxed);
        let mut versions = self.lock();
        for (at, (version, (_, bytes))) in (start..).zip(found) {
            // A version that was used since the start is newer, and has been measured.
            versions.entry(version).or_insert_with(|| Held {
                bytes,
                last: Arc::new(AtomicU64::new(at)),
                pin: Arc::new(FilePin),
            });
        }
    }

    /// A version has got a file: it is measured, and others go if there is too much.
    pub(crate) fn grown(
        &self,
        store: &Store,
        metrics: &Metrics,
        closed: &dyn Fn(&Version),
        version: &Version,
    ) {
        let length = |ext: &&str| {
            let name = Name::version(&version.module, &version.version, ext).ok()?;
            Some(store.file(&name).ok()??.length)
        };
        let bytes = FILES.iter().filter_map(length).sum();
        if let Some(held) = self.lock().get_mut(version) {
            held.bytes = bytes;
        }
        self.shrink(store, metrics, closed, Some(version));
    }

    /// Removes the oldest versions until the rest is within the budget, and closes their zips.
    pub(crate) fn shrink(
        &self,
        store: &Store,
        metrics: &Metrics,
        closed: &dyn Fn(&Version),
        keep: Option<&Version>,
    ) {
        for (version, bytes) in self.surplus(keep) {
            if let Err(error) = remove(store, &version) {
                tracing::warn!(%error, "a version cannot be removed");
                return;
            }
            closed(&version);
            metrics.evictions.inc();
            metrics.evicted_bytes.inc_by(bytes);
            tracing::debug!(module = version.module, version = version.version, bytes, "removed");
        }
    }

    /// Takes out of the books what has to go.
    fn surplus(&self, keep: Option<&Version>) -> Vec<(Version, u64)> {
        let mut versions = self.lock();
        let mut total: u64 = versions.values().map(|held| held.bytes).sum();
        if total <= self.budget {
            return Vec::new();
        }
        let mut free: Vec<(u64, Version)> = versions
            .iter()
            // A pin that somebody else holds means that the version is being served or fetched.
            .filter(|(version, held)| Some(*version) != keep && Arc::strong_count(&held.pin) == 1)
            .map(|(version, held)| (held.last.load(Ordering::Relaxed), version.clone()))
            .collect();
        free.sort();
        let mut gone = Vec::new();
        for (_, version) in free {
            if total <= self.budget {
                break;
            }
            if let Some(held) = versions.remove(&version) {
                total = total.saturating_sub(held.bytes);
                gone.push((version, held.bytes));
            }
        }
        gone
    }
}

fn remove(store: &Store, version: &Version) -> Result<(), crate::store::StoreError> {
    let Version { module, version } = version;
    // The list first: a client that reads the list must not be sent after a version that is half
    // removed.
    store.remove_from_list(module, version)?;
    for ext in FILES {
        store.remove(&Name::version(module, version, ext)?)?;
    }
    Ok(())
}
