//! The registry of running processes, so that a signal handler can kill them all.
//!
//! Each child leads its own process group (or job object), so a ^C at the terminal does not reach
//! it by itself: the harness's handler has to call [`kill_all`].

use process_wrap::std::ChildWrapper;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

static RUNNING: Mutex<Registry> =
    Mutex::new(Registry { stopping: false, next: 0, children: BTreeMap::new() });

struct Registry {
    stopping: bool,
    next: u64,
    children: BTreeMap<u64, Shared>,
}

/// A child that both its owner and the signal handler may kill.
pub(super) type Shared = Arc<Mutex<Running>>;

/// A child, and whether it has been reaped: from then on its group's id may be reused.
pub(super) struct Running {
    pub(super) child: Box<dyn ChildWrapper>,
    pub(super) reaped: bool,
}

impl Running {
    /// Kills the whole group or job, unless it is known to be gone.
    pub(super) fn kill(&mut self) {
        if !self.reaped {
            // This fails only when no process is left.
            let _ = self.child.start_kill();
        }
    }
}

/// Takes a lock even if a holder panicked: the guarded map is consistent after every operation.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A child's entry in the registry, removed on drop.
pub(super) struct Registered(u64);

impl Registered {
    /// Adds a child. After [`kill_all`] it is killed at once.
    pub(super) fn enter(child: &Shared) -> Self {
        let mut registry = lock(&RUNNING);
        let id = registry.next;
        registry.next += 1;
        registry.children.insert(id, Arc::clone(child));
        // ^C came between the check at the start of `run` and the spawn.
        if registry.stopping {
            lock(child).kill();
        }
        Self(id)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        lock(&RUNNING).children.remove(&self.0);
    }
}

/// Whether [`kill_all`] was called.
pub(super) fn stopping() -> bool {
    lock(&RUNNING).stopping
}

/// Kills every registered process with its group, and every process that is added later. Called by
/// the handler of ^C before the program exits.
pub fn kill_all() {
    let mut registry = lock(&RUNNING);
    registry.stopping = true;
    for child in registry.children.values() {
        // The lock of the registry is held: no child can be added behind the loop's back.
        lock(child).kill();
    }
}
