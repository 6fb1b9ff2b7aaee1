//! The server's signal to its connections to end: first to drain, then at once.

use std::sync::atomic::{AtomicU8, Ordering};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

const RUNNING: u8 = 0;
const DRAINING: u8 = 1;
const CUT: u8 = 2;

/// The end of a server. The stage is an atomic that costs nothing to look at; the tokens wake those
/// who wait.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    stage: AtomicU8,
    drain: CancellationToken,
    cut: CancellationToken,
}

impl Stop {
    /// Connections are to end what they are doing, and then themselves.
    pub(crate) fn drain(&self) {
        // fetch_max: a drain that is asked for after the cut must not take the server back.
        self.stage.fetch_max(DRAINING, Ordering::Release);
        self.drain.cancel();
    }

    /// Connections are to end at once.
    pub(crate) fn cut(&self) {
        self.stage.fetch_max(CUT, Ordering::Release);
        self.drain.cancel();
        self.cut.cancel();
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.stage.load(Ordering::Acquire) != RUNNING
    }

    pub(crate) fn is_cut(&self) -> bool {
        self.stage.load(Ordering::Acquire) == CUT
    }

    pub(crate) fn draining(&self) -> WaitForCancellationFuture<'_> {
        self.drain.cancelled()
    }

    pub(crate) fn cutting(&self) -> WaitForCancellationFuture<'_> {
        self.cut.cancelled()
    }
}
