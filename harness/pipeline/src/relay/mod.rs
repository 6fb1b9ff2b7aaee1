//! A relay on a socket before a server. It passes everything on, and puts faults into a binlog
//! stream that no server can be made to send: the same transactions twice, events of unknown kinds,
//! broken ones.

mod shared;
#[cfg(unix)]
mod stream;

use crate::Error;
use shared::{Shared, lock};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tempfile::TempDir;
use twinproof_history::Fault;

/// A relay. It ends, with its connections, when this is dropped.
pub struct Relay {
    shared: Arc<Shared>,
    folder: TempDir,
}

impl Relay {
    /// Begins to relay to a server's socket.
    ///
    /// # Errors
    /// When there can be no socket.
    pub fn start(server: &Path) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("twinproof-relay-")
            .tempdir()
            .map_err(Error::io("a folder"))?;
        let relay = Self { shared: Arc::default(), folder };
        relay.listen(server)?;
        Ok(relay)
    }

    /// The relay's socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("s")
    }

    /// Sets the fault of the next transaction that comes through.
    pub fn order(&self, fault: Fault) {
        *lock(&self.shared.ordered) = Some(fault);
    }

    /// The faults that were done since the last call.
    pub fn done(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.shared.done))
    }

    /// Breaks all connections and refuses new ones, or lets them through again.
    pub fn cut(&self, cut: bool) {
        self.shared.cut.store(cut, Ordering::SeqCst);
        if cut {
            self.shared.close();
        }
    }

    #[cfg(unix)]
    fn listen(&self, server: &Path) -> Result<(), Error> {
        use std::os::unix::net::{UnixListener, UnixStream};
        let listener = UnixListener::bind(self.socket()).map_err(Error::io("a relay's socket"))?;
        let (shared, server) = (Arc::clone(&self.shared), server.to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if shared.has_ended() {
                    return;
                }
                let Ok(client) = client else { continue };
                if shared.is_open()
                    && let Ok(upstream) = UnixStream::connect(&server)
                {
                    // A connection that cannot be relayed is closed, which the client sees.
                    let _ = stream::connection(&shared, client, upstream);
                }
            }
        });
        Ok(())
    }

    #[cfg(not(unix))]
    fn listen(&self, server: &Path) -> Result<(), Error> {
        let _ = server;
        Err(Error::Broken("there are no relays here: they need Unix sockets".to_owned()))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.end();
        // The listener waits for a connection.
        #[cfg(unix)]
        let _ = std::os::unix::net::UnixStream::connect(self.socket());
    }
}
