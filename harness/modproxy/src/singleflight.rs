//! One piece of work for all who want the same: the first one starts it, the others wait.
//!
//! The work runs as a task of its own, so a cancelled waiter does not cancel it for the others.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The work was given up: its task panicked, or the runtime is going down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the fetch was given up")]
pub(crate) struct Abandoned;

/// Work by key.
pub(crate) struct Singleflight<T>(Arc<Mutex<Running<T>>>);

type Running<T> = HashMap<String, watch::Receiver<Option<T>>>;

fn lock<T>(map: &Mutex<Running<T>>) -> MutexGuard<'_, Running<T>> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a key out when its work has ended, whichever way.
struct Landing<T> {
    map: Arc<Mutex<Running<T>>>,
    key: String,
}

impl<T> Drop for Landing<T> {
    fn drop(&mut self) {
        lock(&self.map).remove(&self.key);
    }
}

impl<T: Clone + Send + Sync + 'static> Singleflight<T> {
    pub(crate) fn new() -> Self {
        Self(Arc::default())
    }

    /// The result of the work for `key`, and whether it was under way already. Work that has ended
    /// is forgotten: `work` must look first whether there is anything left to do.
    pub(crate) async fn run<F>(
        &self,
        key: &str,
        work: impl FnOnce() -> F,
    ) -> (Result<T, Abandoned>, bool)
    where
        F: Future<Output = T> + Send + 'static,
    {
        let (mut receiver, joined) = match lock(&self.0).entry(key.to_owned()) {
            Entry::Occupied(running) => (running.get().clone(), true),
            Entry::Vacant(free) => {
                let (sender, receiver) = watch::channel(None);
                free.insert(receiver.clone());
                let landing = Landing { map: Arc::clone(&self.0), key: key.to_owned() };
                let work = work();
                tokio::spawn(async move {
                    let result = work.await;
                    // Whoever comes from here on starts anew, and finds what the work has left.
                    drop(landing);
                    sender.send_replace(Some(result));
                });
                (receiver, false)
            }
        };
        let result = match receiver.wait_for(Option::is_some).await {
            Ok(result) => result.clone().ok_or(Abandoned),
            Err(_) => Err(Abandoned),
        };
        (result, joined)
    }
}
