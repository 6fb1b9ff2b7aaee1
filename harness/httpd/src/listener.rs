//! Opens the socket that a server listens on.

use crate::tls::TlsError;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use tokio::net::TcpListener;

/// Number of connections that may wait to be accepted.
// The kernel cuts it to net.core.somaxconn. With too short a queue, clients of a burst wait a
// second for their next SYN.
const BACKLOG: i32 = 4096;

/// A server cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// The address is no `host:port`, or the host has no address.
    #[error("{listen}: {error}")]
    Address {
        /// The address.
        listen: String,
        /// The mistake in it.
        error: io::Error,
    },
    /// The port cannot be had.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The I/O error.
        error: io::Error,
    },
    /// A socket that was handed over is of no use.
    #[error("the socket that was handed over: {0}")]
    HandedOver(io::Error),
    /// The TLS files will not do.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// The sockets that were opened for this process before it started, as systemd does
/// (`LISTEN_FDS`, `LISTEN_PID`), in their order. They are given out once.
///
/// A server that is started anew on a socket that stays open refuses no connection meanwhile.
///
/// # Errors
/// When what was handed over is no TCP socket that listens.
pub fn handed_over() -> io::Result<Vec<std::net::TcpListener>> {
    let mut found = listenfd::ListenFd::from_env();
    let sockets: io::Result<Vec<_>> =
        (0..found.len()).filter_map(|at| found.take_tcp_listener(at).transpose()).collect();
    let sockets = sockets?;
    sockets.iter().try_for_each(|socket| socket.set_nonblocking(true))?;
    Ok(sockets)
}

/// Listens on the first address of `listen` that can be had.
pub(crate) fn listen(listen: &str) -> Result<TcpListener, BindError> {
    let wrong = |error| BindError::Address { listen: listen.to_owned(), error };
    let mut failure = wrong(io::Error::new(io::ErrorKind::NotFound, "no such host"));
    for address in listen.to_socket_addrs().map_err(wrong)? {
        match open(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = BindError::Listen { address, error },
        }
    }
    Err(failure)
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Elsewhere it would let another program take the port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
