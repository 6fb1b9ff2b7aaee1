//! Stops from a handler of ^C: every wait for a container returns at once.

use std::sync::LazyLock;

use tokio::sync::watch;

use crate::Error;

static STOPPING: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::Sender::new(false));

/// Ends the wait for every program that runs in a container of this process with
/// [`Error::Stopped`], and lets no further program or container start. The programs themselves end
/// with their containers, when the sessions are dropped.
pub fn stop_all() {
    STOPPING.send_replace(true);
}

/// An error when everything is being stopped.
pub(crate) fn check() -> Result<(), Error> {
    if *STOPPING.borrow() { Err(Error::Stopped) } else { Ok(()) }
}

/// Ends when everything is to be stopped.
pub(crate) async fn asked() {
    // The sender lives as long as the process: it fails never.
    let _ = STOPPING.subscribe().wait_for(|stopping| *stopping).await;
}
