//! Only so many fetches at the same time, and only so many that wait for their turn.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::failure::{Failure, Reason};

/// Gives leave to fetch.
pub(crate) struct FetchLimiter {
    running: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl FetchLimiter {
    pub(crate) fn new(fetches: usize, queue: usize) -> Self {
        let room = |n: usize| Arc::new(Semaphore::new(n.clamp(1, Semaphore::MAX_PERMITS)));
        Self { running: room(fetches), queue: room(queue) }
    }

    /// Waits for its turn. Leave ends when the permit is dropped.
    pub(crate) async fn enter(&self) -> Result<OwnedSemaphorePermit, Failure> {
        if let Ok(permit) = Arc::clone(&self.running).try_acquire_owned() {
            return Ok(permit);
        }
        let busy =
            || Failure::new(Reason::Busy, "this proxy has too many fetches to do: try again");
        let _place = self.queue.try_acquire().map_err(|_| busy())?;
        Arc::clone(&self.running).acquire_owned().await.map_err(|_| busy())
    }
}
