//! The client at the other end of a connection.

use std::net::SocketAddr;

/// The client of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The client's address.
    pub address: SocketAddr,
    /// Whether it came by TLS.
    pub tls: bool,
    /// The client by its certificate, where one was asked for: the name that let it in, or the
    /// first one if every client with a certificate of the authority is accepted.
    pub identity: Option<String>,
}
