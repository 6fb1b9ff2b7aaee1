//! The one asynchronous runtime behind the blocking calls. Not public: callers never see a future.

use std::future::Future;
use std::sync::OnceLock;

use tokio::runtime::{Builder, Runtime};

use crate::Error;

/// Runs a future to its end on the crate's runtime.
pub(crate) fn block_on<F: Future>(future: F) -> Result<F::Output, Error> {
    static RUNTIME: OnceLock<Option<Runtime>> = OnceLock::new();
    // tokio panics where a runtime's thread blocks on another one.
    if tokio::runtime::Handle::try_current().is_ok() {
        return Err(Error::Invalid(
            "a container was used from inside an asynchronous runtime: call from a thread".into(),
        ));
    }
    let runtime = RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            // One connection at a time is the rule; the second thread serves the guard of the
            // session.
            .worker_threads(2)
            .thread_name("twinproof-container")
            .enable_all()
            .build()
            .ok()
    });
    match runtime {
        Some(runtime) => Ok(runtime.block_on(future)),
        None => Err(Error::Invalid("no threads for the container client can be started".into())),
    }
}
