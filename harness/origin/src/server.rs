//! A listener on a loopback port: a thread for each connection, and an end that leaves none.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::stop::Stop;

/// The most connections at once; more are closed as they come.
const MAX_CONNECTIONS: usize = 4096;

/// The stack of a connection's thread.
const STACK: usize = 512 << 10;

/// Time limit for connection threads to end after their sockets were shut down. Wine does not wake
/// a blocked read then; such a thread ends when the peer closes.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(2);

/// The handler of connections.
pub(crate) type Handler = dyn Fn(TcpStream, &Arc<Shared>) + Send + Sync;

/// A listener. Dropping it closes its connections and waits for its threads, for a while.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// The state that the threads of a server share.
#[derive(Default)]
pub(crate) struct Shared {
    pub stop: Stop,
    open: Mutex<HashMap<u64, TcpStream>>,
    next: AtomicU64,
}

/// A socket that the end of the server closes.
pub(crate) struct Held<'a> {
    shared: &'a Shared,
    id: u64,
}

impl Shared {
    fn open(&self) -> MutexGuard<'_, HashMap<u64, TcpStream>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the end of the server close this socket, as long as the returned guard lives.
    pub fn hold(&self, stream: &TcpStream) -> io::Result<Held<'_>> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        self.open().insert(id, stream.try_clone()?);
        // The server stopped between accepting and adding; its loop over open sockets has not seen
        // this one.
        if self.stop.asked() {
            let _ = stream.shutdown(Shutdown::Both);
        }
        Ok(Held { shared: self, id })
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.shared.open().remove(&self.id);
    }
}

impl Server {
    pub fn start(handler: Arc<Handler>) -> io::Result<Self> {
        // Port 0: the system chooses a free one, so that any number of runs go side by side.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        let accepting = thread::Builder::new()
            .stack_size(STACK)
            .spawn(move || accept(&listener, &own, &handler))?;
        Ok(Self { address, shared, accepting: Some(accepting) })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.ask();
        // A connection of our own wakes the thread that accepts.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(5));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, handler: &Arc<Handler>) {
    let mut threads: Vec<JoinHandle<()>> = Vec::new();
    while !shared.stop.asked() {
        let Ok((stream, _)) = listener.accept() else {
            // Out of descriptors, or a client that was gone before it was accepted.
            shared.stop.sleep(Duration::from_millis(5));
            continue;
        };
        threads.retain(|thread| !thread.is_finished());
        if shared.stop.asked() || threads.len() >= MAX_CONNECTIONS {
            continue;
        }
        let (own, handler) = (Arc::clone(shared), Arc::clone(handler));
        let spawned = thread::Builder::new().stack_size(STACK).spawn(move || handler(stream, &own));
        threads.extend(spawned.ok());
    }
    for stream in shared.open().values() {
        let _ = stream.shutdown(Shutdown::Both);
    }
    let begun = Instant::now();
    for thread in threads {
        while !thread.is_finished() && begun.elapsed() < SHUTDOWN_LIMIT {
            thread::sleep(Duration::from_millis(1));
        }
        if thread.is_finished() {
            let _ = thread.join();
        }
    }
}
