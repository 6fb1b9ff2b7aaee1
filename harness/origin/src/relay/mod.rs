//! A relay in front of a server: it passes the server's answers on, changed as rules say.
//!
//! Each connection to the relay is one to the target. The relay passes a client's bytes on as they
//! come, malformed or not, and the answers to which no rule applies. It picks a rule when the
//! request has arrived, and applies it when the answer has.

mod answers;
mod front;
mod requests;

use std::io;
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use twinproof_model::Rule;

use front::Front;

use crate::record::{Log, Request};
use crate::rules::Rules;
use crate::server::{Server, Shared};

/// An error in starting a relay.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The target is not `http://HOST:PORT`.
    #[error("{0:?} is not a URL of the form http://HOST:PORT")]
    Target(String),
    /// A listener cannot be had.
    #[error("listening on a loopback port")]
    Listen(#[source] io::Error),
}

/// A relay. It works from its start until it is dropped.
pub struct Relay {
    server: Server,
    front: Arc<Front>,
}

impl Relay {
    /// Starts a relay to `target`, an `http://` URL.
    ///
    /// # Errors
    /// When the target is not such a URL, or there is no port.
    pub fn start(target: &str, rules: Vec<Rule>) -> Result<Self, RelayError> {
        let fail = || RelayError::Target(target.to_owned());
        let rest = target.strip_prefix("http://").ok_or_else(fail)?;
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        // Linux resolves an empty host to the loopback address, Windows to an error.
        if authority.is_empty() || authority.starts_with(':') {
            return Err(fail());
        }
        let with_port =
            if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
        let address = with_port.to_socket_addrs().ok().and_then(|mut all| all.next());
        let front = Arc::new(Front {
            target: address.ok_or_else(fail)?,
            base: path.trim_end_matches('/').to_owned(),
            rules: Rules::new(rules),
            log: Log::new(),
        });
        let own = Arc::clone(&front);
        let handler = move |stream: TcpStream, shared: &Arc<Shared>| {
            // A client whose connection to the target fails is closed; nothing was promised.
            let _ = answers::serve(&stream, &own, shared);
        };
        let server = Server::start(Arc::new(handler)).map_err(RelayError::Listen)?;
        Ok(Self { server, front })
    }

    /// Its base URL, which has the path of the target's, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}{}", self.server.address(), self.front.base)
    }

    /// Other rules, whose counters start anew.
    pub fn script(&self, rules: Vec<Rule>) {
        self.front.rules.replace(rules);
    }

    /// The requests so far, in order of arrival. One that was answered before it was whole, or that is
    /// not HTTP, has what could be read of method and target.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.front.log.requests(0)
    }

    /// Waits until `n` requests have arrived since the start or the last clearing, at most for
    /// `limit`; whether they have.
    #[must_use]
    pub fn wait_for(&self, n: u64, limit: Duration) -> bool {
        self.front.log.wait_for(n, limit)
    }

    /// Forgets the requests.
    pub fn clear(&self) {
        self.front.log.clear();
    }
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("url", &self.url()).finish_non_exhaustive()
    }
}
