//! Only so many fetches at the same time: the others wait for their turn, clients taking turns.
//!
//! A request that waits for longer than a client would is answered that the proxy is busy; one whose
//! client goes away while it waits is passed over.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::failure::{Failure, Reason};

/// The client of a fetch: those with one address are one. `None` where there is no address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Client(pub(crate) Option<IpAddr>);

/// Gives leave to fetch.
pub(crate) struct FetchLimiter {
    state: Arc<Mutex<State>>,
    patience: Duration,
}

/// No fetch waits while a place is free.
struct State {
    free: usize,
    /// The clients that wait, in the order of their turns, each once.
    order: VecDeque<Client>,
    waiting: HashMap<Client, VecDeque<oneshot::Sender<Turn>>>,
}

/// Leave to fetch, until it is dropped.
pub(crate) struct Turn(Option<Arc<Mutex<State>>>);

impl FetchLimiter {
    /// For so many fetches at a time, each of which may wait for as long as `patience`.
    pub(crate) fn new(fetches: usize, patience: Duration) -> Self {
        let state = State { free: fetches.max(1), order: VecDeque::new(), waiting: HashMap::new() };
        Self { state: Arc::new(Mutex::new(state)), patience }
    }

    /// Waits for the client's turn.
    pub(crate) async fn enter(&self, client: Client) -> Result<Turn, Failure> {
        let turn = {
            let mut state = lock(&self.state);
            if state.free > 0 {
                state.free -= 1;
                return Ok(Turn(Some(Arc::clone(&self.state))));
            }
            state.wait(client)
        };
        let busy = || {
            let text = "this proxy has too many fetches to do: try again";
            Failure::new(Reason::Busy, text)
        };
        match tokio::time::timeout(self.patience, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn wait(&mut self, client: Client) -> oneshot::Receiver<Turn> {
        let (sender, receiver) = oneshot::channel();
        let queue = self.waiting.entry(client).or_default();
        if queue.is_empty() {
            // Clients take turns, not requests: one that asks for a thousand versions does not keep
            // the others waiting.
            self.order.push_back(client);
        }
        if queue.len().is_power_of_two() {
            // Remove clients that went away; only now and then, because it visits all of them.
            queue.retain(|sender| !sender.is_closed());
        }
        queue.push_back(sender);
        receiver
    }

    /// The next fetch, if one waits.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        while let Some(client) = self.order.pop_front() {
            let Some(queue) = self.waiting.get_mut(&client) else { continue };
            let next = queue.pop_front();
            if queue.is_empty() {
                self.waiting.remove(&client);
            } else {
                self.order.push_back(client);
            }
            if next.as_ref().is_some_and(|sender| !sender.is_closed()) {
                return next;
            }
        }
        None
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(state) = self.0.take() else { return };
        loop {
            let next = {
                let mut state = lock(&state);
                let next = state.next();
                if next.is_none() {
                    state.free += 1;
                }
                next
            };
            let Some(next) = next else { return };
            match next.send(Turn(Some(Arc::clone(&state)))) {
                Ok(()) => return,
                // The waiter has just gone away: the turn goes to another, and is not given back
                // twice.
                Err(mut turn) => turn.0 = None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    fn client(n: u8) -> Client {
        Client(Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, n))))
    }

    /// Enters as the given client, records it, and leaves.
    fn visit(
        limiter: &Arc<FetchLimiter>,
        who: u8,
        said: &Arc<Mutex<Vec<u8>>>,
    ) -> tokio::task::JoinHandle<()> {
        let (limiter, said) = (Arc::clone(limiter), Arc::clone(said));
        tokio::spawn(async move {
            let _turn = limiter.enter(client(who)).await.unwrap();
            said.lock().unwrap().push(who);
        })
    }

    #[tokio::test]
    async fn clients_take_turns() {
        let limiter = Arc::new(FetchLimiter::new(1, Duration::from_secs(60)));
        let said = Arc::default();
        let first = limiter.enter(client(9)).await.unwrap();
        let mut visits = Vec::new();
        for who in [1, 1, 1, 1, 2, 3, 2] {
            visits.push(visit(&limiter, who, &said));
            tokio::task::yield_now().await;
        }
        drop(first);
        for visit in visits {
            visit.await.unwrap();
        }
        assert_eq!(*said.lock().unwrap(), [1, 2, 3, 1, 2, 1, 1]);
        assert_eq!(lock(&limiter.state).free, 1);
    }

    #[tokio::test]
    async fn request_that_left_or_waited_too_long_takes_no_turn() {
        let limiter = Arc::new(FetchLimiter::new(1, Duration::from_millis(50)));
        let said = Arc::default();
        let first = limiter.enter(client(9)).await.unwrap();
        let gone = visit(&limiter, 1, &said);
        tokio::task::yield_now().await;
        gone.abort();
        assert!(gone.await.is_err());
        let late = limiter.enter(client(2)).await;
        assert_eq!(late.err().map(|failure| failure.reason), Some(Reason::Busy));
        let stays = visit(&limiter, 3, &said);
        tokio::task::yield_now().await;
        drop(first);
        stays.await.unwrap();
        assert_eq!(*said.lock().unwrap(), [3]);
        assert_eq!(lock(&limiter.state).free, 1);
        assert!(lock(&limiter.state).waiting.is_empty());
    }
}
