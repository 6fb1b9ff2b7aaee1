//! The server: accepting, and ending in order.

use crate::connection::{LINGER, Shared, lingering_close};
use crate::counters::Counters;
use crate::handler::Handler;
use crate::listener::{BindError, listen};
use crate::memory::{self, Taken};
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::signal::Hangup;
use crate::stream::Stream;
use crate::tls::{Terminator, TlsError};
use bytes::Bytes;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

/// The most clients over the connection limit that get a 503 at the same time; further ones are
/// closed without an answer.
// A refusal costs a task and a socket for up to two seconds; a flood gets a plain close instead.
const MAX_REFUSALS: usize = 64;

/// The pause when no connection can be accepted, for want of descriptors as a rule.
const PAUSE: Duration = Duration::from_millis(50);

/// Time after a stop in which connections are still accepted: those that clients had already made.
const LAST: Duration = Duration::from_millis(10);

/// Time that cut connections have to end.
const CUT: Duration = Duration::from_secs(2);

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    settings: Settings,
    listener: TcpListener,
    address: SocketAddr,
    terminator: Option<Arc<Terminator>>,
    counters: Arc<Counters>,
}

/// The outcome of a server's stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections that were open when its stop was asked for.
    pub open: usize,
    /// Of those, the ones that had to be cut off.
    pub cut: usize,
}

/// Makes a server read its TLS files again.
#[derive(Clone, Debug)]
pub struct Reload(Option<Arc<Terminator>>);

impl Reload {
    /// Reads the files. The old certificates stay where the new ones will not do.
    ///
    /// # Errors
    /// When they will not do.
    pub fn now(&self) -> Result<(), TlsError> {
        match &self.0 {
            Some(terminator) => terminator.reload(),
            None => Ok(()),
        }
    }
}

impl Server {
    /// Listens. Must be called inside a tokio runtime. Connections wait until it runs.
    ///
    /// # Errors
    /// When the address cannot be had, or the TLS files will not do.
    pub fn bind(settings: Settings) -> Result<Self, BindError> {
        Self::bind_or_take(settings, None)
    }

    /// The same, on a socket that listens already ([`handed_over`](crate::handed_over)) where there
    /// is one.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn bind_or_take(
        settings: Settings,
        socket: Option<std::net::TcpListener>,
    ) -> Result<Self, BindError> {
        let counters = Arc::new(Counters::default());
        let terminator = match &settings.tls {
            Some(tls) => Some(Arc::new(Terminator::new(tls, Arc::clone(&counters))?)),
            None => None,
        };
        let listener = match socket {
            Some(socket) => TcpListener::from_std(socket).map_err(BindError::HandedOver)?,
            None => listen(&settings.listen)?,
        };
        let address = listener
            .local_addr()
            .map_err(|error| BindError::Address { listen: settings.listen.clone(), error })?;
        Ok(Self { settings, listener, address, terminator, counters })
    }

    /// The address it listens at, with the port chosen by the system where 0 was given.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.terminator.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    /// The server's counters.
    #[must_use]
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Has it read its TLS files again, whenever wanted. It does so by itself too: after
    /// [`crate::Tls::poll`], and on SIGHUP.
    #[must_use]
    pub fn reload(&self) -> Reload {
        Reload(self.terminator.clone())
    }

    /// Serves until `stop` returns. Then it accepts no more, lets what is under way end within
    /// [`crate::HttpLimits::drain_time`], and cuts off the rest.
    pub async fn run<H: Handler>(self, handler: Arc<H>, stop: impl Future<Output = ()>) -> Drained {
        let limits = Arc::new(self.settings.limits);
        let log = self.settings.access_log;
        let (counters, terminator) = (self.counters, self.terminator);
        let shared =
            Arc::new(Shared::new(handler, Arc::clone(&limits), counters, terminator.clone(), log));
        let reloading = terminator.map(|terminator| tokio::spawn(reload(terminator)));
        let tracker = TaskTracker::new();
        tokio::select! {
            () = stop => {}
            () = accept(&self.listener, &shared, &tracker) => {}
        }
        // Clients that wait to be accepted would be reset.
        let _ = timeout(LAST, accept(&self.listener, &shared, &tracker)).await;
        // First, so that new clients go to another process while this one ends.
        drop(self.listener);
        if let Some(reloading) = reloading {
            reloading.abort();
        }
        let open = tracker.len();
        shared.stop.drain();
        tracker.close();
        if timeout(limits.drain_time, tracker.wait()).await.is_ok() {
            return Drained { open, cut: 0 };
        }
        let cut = tracker.len();
        shared.stop.cut();
        if timeout(CUT, tracker.wait()).await.is_err() {
            tracing::warn!(connections = tracker.len(), "connections did not end");
        }
        Drained { open, cut }
    }
}

/// Accepts connections for ever.
async fn accept<H: Handler>(
    listener: &TcpListener,
    shared: &Arc<Shared<H>>,
    tracker: &TaskTracker,
) {
    let (open, refusals) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut failing = false;
    loop {
        let (tcp, from) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) if of_one_connection(&error) => continue,
            Err(error) => {
                if !failing {
                    tracing::error!(%error, "no connection can be accepted");
                }
                failing = true;
                sleep(PAUSE).await;
                continue;
            }
        };
        failing = false;
        let number = shared.counters.accepted();
        let guard = Guard { shared: Arc::clone(shared), open: Arc::clone(&open) };
        let taken = shared.budget.try_take(memory::CONNECTION);
        let full = open.fetch_add(1, Ordering::Relaxed) >= shared.limits.connections;
        let Some(taken) = taken.filter(|_| !full) else {
            shared.counters.turned_away();
            if refusals.fetch_add(1, Ordering::Relaxed) < MAX_REFUSALS {
                tracker.spawn(turn_away(tcp, Arc::clone(&refusals), guard));
            } else {
                refusals.fetch_sub(1, Ordering::Relaxed);
            }
            continue;
        };
        tracker.spawn(serve(tcp, from, number, guard, taken));
    }
}

async fn serve<H: Handler>(
    tcp: TcpStream,
    from: SocketAddr,
    number: u64,
    guard: Guard<H>,
    taken: Taken,
) {
    // Without it small answers may wait for acknowledgements; with it off they are only slower.
    let _ = tcp.set_nodelay(true);
    Arc::clone(&guard.shared).connection(tcp, from, number, taken).await;
    drop(guard);
}

/// Says that there are too many connections, where the client would understand it.
async fn turn_away<H: Handler>(tcp: TcpStream, refusals: Arc<AtomicUsize>, guard: Guard<H>) {
    let shared = Arc::clone(&guard.shared);
    drop(guard);
    let text = match shared.terminator {
        // A client that begins a handshake does not read plain text; for it the close is the
        // answer.
        Some(_) => Bytes::new(),
        None => Refusal::Busy.raw(&shared.limits),
    };
    lingering_close(Stream::Plain(tcp), text, LINGER).await;
    refusals.fetch_sub(1, Ordering::Relaxed);
}

/// Counts a connection out.
struct Guard<H: Handler> {
    shared: Arc<Shared<H>>,
    open: Arc<AtomicUsize>,
}

impl<H: Handler> Drop for Guard<H> {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.shared.counters.closed();
    }
}

/// Whether only the connection that was to be accepted is to blame.
fn of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    // accept(2) reports errors of the connection that waited in the queue. A pause would delay all
    // others.
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// Reads the TLS files again for ever.
async fn reload(terminator: Arc<Terminator>) {
    let mut hangup = Hangup::new();
    loop {
        tokio::select! {
            () = hangup.recv() => {}
            () = sleep(terminator.poll_time()) => {}
        }
        let terminator = Arc::clone(&terminator);
        // `reload` logs errors of the files.
        let _ = tokio::task::spawn_blocking(move || terminator.reload()).await;
    }
}
