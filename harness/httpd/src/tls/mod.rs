//! TLS and mutual TLS, with files that may change.
//!
//! `files` reads them, `client` decides whether a client is let in, `identity` reads a certificate's names.

mod client;
mod failure;
mod files;
mod identity;
mod pem;

pub use identity::identities;
pub use pem::TlsError;

use crate::counters::{Counters, Handshake};
use crate::settings::Tls;
use arc_swap::ArcSwap;
use client::Clients;
use files::Files;
use rustls::ServerConfig;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use twinproof_base::file::exposure;

/// Bytes of an answer that wait encrypted for a client that does not take them.
const AHEAD: usize = 32 << 10;

/// The client by its certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// The server asks for no certificate.
    Anybody,
    /// A client that is let in.
    Known(Option<String>),
    /// A client that is not, and why.
    Forbidden(&'static str),
}

/// Takes connections by TLS.
#[derive(Debug)]
pub(crate) struct Terminator {
    settings: Tls,
    counters: Arc<Counters>,
    current: ArcSwap<Current>,
    /// The files looked at last, which may be of no use.
    seen: Mutex<Files>,
}

#[derive(Debug)]
struct Current {
    config: Arc<ServerConfig>,
    clients: Option<Arc<Clients>>,
}

impl Terminator {
    pub(crate) fn new(settings: &Tls, counters: Arc<Counters>) -> Result<Self, TlsError> {
        let files = Files::read(settings)?;
        let current = current(settings, &files)?;
        if let Some(why) = exposure(&settings.key) {
            tracing::warn!(file = %settings.key.display(), why, "the private key is not safe");
        }
        Ok(Self {
            settings: settings.clone(),
            counters,
            current: ArcSwap::from_pointee(current),
            seen: Mutex::new(files),
        })
    }

    pub(crate) fn poll_time(&self) -> Duration {
        self.settings.poll
    }

    /// Takes up the files if they have changed and will do.
    pub(crate) fn reload(&self) -> Result<(), TlsError> {
        // A panic of the holder leaves the guarded value whole.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = Files::read(&self.settings).and_then(|files| {
            if files == *seen {
                return Ok(None);
            }
            let current = current(&self.settings, &files);
            // Also where the new files will not do: they are reported once, not every ten seconds.
            *seen = files;
            current.map(Some)
        });
        match changed {
            Ok(None) => Ok(()),
            Ok(Some(current)) => {
                self.current.store(Arc::new(current));
                self.counters.reloaded(true);
                tracing::info!(cert = %self.settings.cert.display(), "new TLS files are in use");
                Ok(())
            }
            Err(error) => {
                self.counters.reloaded(false);
                tracing::error!(%error, "the new TLS files will not do; the old ones stay in use");
                Err(error)
            }
        }
    }

    /// Makes a handshake. Where it fails, the client has been sent an alert, and the socket is handed
    /// back so that it can be read there.
    pub(crate) async fn accept(
        &self,
        tcp: TcpStream,
    ) -> Result<(Box<TlsStream<TcpStream>>, Admission), (Handshake, TcpStream)> {
        let current = self.current.load_full();
        let accepting = TlsAcceptor::from(Arc::clone(&current.config)).accept(tcp).into_fallible();
        let mut stream = accepting.await.map_err(|(error, tcp)| (failure::of(&error), tcp))?;
        // rustls would buffer an answer of any length for a client that does not read.
        stream.get_mut().1.set_buffer_limit(Some(AHEAD));
        let admission = match &current.clients {
            None => Admission::Anybody,
            Some(clients) => match clients.admit(stream.get_ref().1.peer_certificates()) {
                Ok(identity) => Admission::Known(identity),
                Err(reason) => Admission::Forbidden(reason),
            },
        };
        Ok((Box::new(stream), admission))
    }
}

fn current(settings: &Tls, files: &Files) -> Result<Current, TlsError> {
    let clients = match (&settings.client, &files.ca) {
        (Some(client), Some(ca)) => Some(Arc::new(Clients::new(client, ca)?)),
        _ => None,
    };
    let config = files.config(settings, clients.as_ref())?;
    Ok(Current { config: Arc::new(config), clients })
}
