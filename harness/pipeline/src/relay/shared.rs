//! The state that the connections of a relay share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use twinproof_history::Fault;

/// The state that the connections of a relay share.
#[derive(Default)]
pub(super) struct Shared {
    /// The fault of the next transaction.
    pub(super) ordered: Mutex<Option<Fault>>,
    /// The faults that were done.
    pub(super) done: Mutex<Vec<String>>,
    /// Whether connections are broken and refused.
    pub(super) cut: AtomicBool,
    ended: AtomicBool,
    #[cfg(unix)]
    pub(super) open: Mutex<Vec<std::os::unix::net::UnixStream>>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    /// Breaks all connections.
    pub(super) fn close(&self) {
        #[cfg(unix)]
        for stream in lock(&self.open).drain(..) {
            // The stream may be closed already.
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }

    /// Ends everything.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::SeqCst);
        self.close();
    }

    #[cfg(unix)]
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    /// Whether a new connection is let through.
    #[cfg(unix)]
    pub(super) fn is_open(&self) -> bool {
        !self.cut.load(Ordering::SeqCst)
    }
}
