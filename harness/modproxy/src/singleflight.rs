//! One piece of work for all requests that need the same: the first one starts it, the others wait.
//!
//! The work runs as a task of its own, so a cancelled waiter does not cancel it for the others; when the
//! last waiter is cancelled, so is the work. It may show what it has so far ([`Publisher`]) to waiters that
//! can use a part.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;
use tokio::task::AbortHandle;

/// The work was given up: its task panicked, or the runtime is going down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the fetch was given up")]
pub(crate) struct Abandoned;

/// The progress of work.
#[derive(Clone, Debug)]
pub(crate) enum Progress<P, T> {
    Nothing,
    /// The partial result, so far.
    Part(P),
    Whole(T),
}

/// Work by key.
pub(crate) struct Singleflight<P, T> {
    running: Arc<Mutex<Running<P, T>>>,
    number: AtomicU64,
}

type Running<P, T> = HashMap<String, (u64, Weak<Flight<P, T>>)>;

/// Work that requests wait for.
struct Flight<P, T> {
    progress: watch::Receiver<Progress<P, T>>,
    task: AbortHandle,
}

impl<P, T> Drop for Flight<P, T> {
    fn drop(&mut self) {
        // The last request that waited has gone: the result is not needed, and the upstream connection
        // is given back.
        self.task.abort();
    }
}

/// Keeps work going of which a request has only a part.
#[derive(Clone)]
pub(crate) struct Interest(#[expect(dead_code, reason = "held")] Arc<dyn Send + Sync>);

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interest")
    }
}

/// The result of work for a request that waits.
pub(crate) enum Given<P, T> {
    Part(P, Interest),
    Whole(T),
}

/// Publishes the part that work has so far.
pub(crate) struct Publisher<P, T>(Arc<watch::Sender<Progress<P, T>>>);

impl<P, T> Clone for Publisher<P, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P, T> Publisher<P, T> {
    /// There is a part.
    pub(crate) fn show(&self, part: P) {
        self.0.send_replace(Progress::Part(part));
    }

    /// A part was of no use; there may be another. Whether there was one.
    pub(crate) fn take_back(&self) -> bool {
        matches!(self.0.send_replace(Progress::Nothing), Progress::Part(_))
    }
}

fn lock<P, T>(running: &Mutex<Running<P, T>>) -> MutexGuard<'_, Running<P, T>> {
    running.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a key out when its work has ended, whichever way.
struct Landing<P, T> {
    running: Arc<Mutex<Running<P, T>>>,
    key: String,
    number: u64,
}

impl<P, T> Drop for Landing<P, T> {
    fn drop(&mut self) {
        let mut running = lock(&self.running);
        // The key may belong to newer work already, which began when no request waited for this one.
        if running.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            running.remove(&self.key);
        }
    }
}

impl<P, T> Singleflight<P, T>
where
    P: Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
{
    pub(crate) fn new() -> Self {
        Self { running: Arc::default(), number: AtomicU64::new(0) }
    }

    /// The work for `key` and whether it was under way already. Work that has ended is forgotten:
    /// `work` must look first whether there is anything left to do.
    fn join<F>(
        &self,
        key: &str,
        work: impl FnOnce(Publisher<P, T>) -> F,
    ) -> (Arc<Flight<P, T>>, bool)
    where
        F: Future<Output = T> + Send + 'static,
    {
        let mut running = lock(&self.running);
        if let Some(flight) = running.get(key).and_then(|(_, flight)| flight.upgrade()) {
            return (flight, true);
        }
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let (sender, progress) = watch::channel(Progress::Nothing);
        let sender = Arc::new(sender);
        let landing = Landing { running: Arc::clone(&self.running), key: key.to_owned(), number };
        let work = work(Publisher(Arc::clone(&sender)));
        let task = tokio::spawn(async move {
            let result = work.await;
            // Before the result is shown: a request between the two would otherwise get a result that
            // was made before a change it has just seen. Later requests start anew, and find what the
            // work has left.
            drop(landing);
            sender.send_replace(Progress::Whole(result));
        });
        let flight = Arc::new(Flight { progress, task: task.abort_handle() });
        running.insert(key.to_owned(), (number, Arc::downgrade(&flight)));
        (flight, false)
    }

    /// The result of the work for `key`, or a part of it where `part` says that one will do; and
    /// whether it was under way already.
    pub(crate) async fn run<F>(
        &self,
        key: &str,
        part: bool,
        work: impl FnOnce(Publisher<P, T>) -> F,
    ) -> (Result<Given<P, T>, Abandoned>, bool)
    where
        F: Future<Output = T> + Send + 'static,
    {
        let (flight, joined) = self.join(key, work);
        let mut progress = flight.progress.clone();
        let there = |progress: &Progress<P, T>| match progress {
            Progress::Nothing => false,
            Progress::Part(_) => part,
            Progress::Whole(_) => true,
        };
        let given = match progress.wait_for(there).await.map(|progress| progress.clone()) {
            Ok(Progress::Part(part)) => Ok(Given::Part(part, Interest(flight))),
            Ok(Progress::Whole(whole)) => Ok(Given::Whole(whole)),
            Ok(Progress::Nothing) | Err(_) => Err(Abandoned),
        };
        (given, joined)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn work_is_given_up_when_all_who_wait_have_left() {
        struct Ended(Arc<AtomicU64>);
        impl Drop for Ended {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }

        let flights = Arc::new(Singleflight::<(), u8>::new());
        let ended = Arc::new(AtomicU64::new(0));
        let hang = |ended: &Arc<AtomicU64>| {
            let (flights, ended) = (Arc::clone(&flights), Ended(Arc::clone(ended)));
            tokio::spawn(async move {
                let work = |_| async move {
                    let _ended = ended;
                    std::future::pending::<u8>().await
                };
                flights.run("key", true, work).await.0.is_ok()
            })
        };
        let (first, second) = (hang(&ended), hang(&ended));
        tokio::time::sleep(Duration::from_millis(10)).await;
        first.abort();
        assert!(first.await.is_err());
        // The second one's own was never begun.
        assert_eq!(ended.load(Ordering::SeqCst), 1);
        second.abort();
        assert!(second.await.is_err());
        while ended.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        let (given, joined) = flights.run("key", false, |_| async { 7 }).await;
        assert!(matches!((given, joined), (Ok(Given::Whole(7)), false)));
        assert!(lock(&flights.running).is_empty());
    }

    #[tokio::test]
    async fn a_part_is_for_those_who_can_do_with_it() {
        let flights = Arc::new(Singleflight::<&str, u8>::new());
        let (go_on, gone_on) = tokio::sync::oneshot::channel::<()>();
        let work = |publisher: Publisher<_, _>| async move {
            publisher.show("part");
            let _ = gone_on.await;
            8
        };
        let (part, _) = flights.run("key", true, work).await;
        let Ok(Given::Part("part", interest)) = part else { panic!("no part") };
        let whole = {
            let flights = Arc::clone(&flights);
            tokio::spawn(async move { flights.run("key", false, |_| async { 9 }).await })
        };
        tokio::task::yield_now().await;
        drop(interest);
        go_on.send(()).unwrap();
        let (whole, joined) = whole.await.unwrap();
        assert!(matches!((whole, joined), (Ok(Given::Whole(8)), true)));
    }
}
