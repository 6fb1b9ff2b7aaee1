//! Requests to the process that holds a lab, and its replies: one line of JSON each.

use crate::HostState;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// An action in a lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// One call of mount(2).
    Mount {
        /// Source of the mount.
        source: String,
        /// The mount point.
        target: String,
        /// The type of its file system; empty where flags say it all.
        fstype: String,
        /// `bind`, `rec`, `ro`, `remount`, `nosuid`, `nodev`, `noexec`.
        flags: Vec<String>,
    },
    /// One write(2) of the whole text into a file that exists.
    Write {
        /// The file.
        path: String,
        /// The text.
        text: String,
    },
    /// Gives the loopback interface an address.
    Address(IpAddr),
    /// Starts a name server.
    Dns {
        /// The address of the name server, UDP and TCP.
        listen: SocketAddr,
        /// Its answers by name, `*` for every other name: an IPv4 address, `NXDOMAIN`, `SERVFAIL`,
        /// `REFUSED`, `NODATA`, or `DROP` for none at all.
        zone: BTreeMap<String, String>,
    },
    /// Passes connections on to a server outside.
    Relay {
        /// The address of the relay in the lab.
        listen: SocketAddr,
        /// The server, as it is reached from the host.
        to: SocketAddr,
    },
    /// Takes the list of queries that the name servers received.
    Asked,
    /// Reads the system's state as a program in the lab sees it; mounts in this folder only.
    State(String),
}

/// A question that a name server of the lab has got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The address of the server that was asked.
    pub server: IpAddr,
    /// `udp` or `tcp`.
    pub transport: String,
    /// The name, without its last dot.
    pub name: String,
    /// The type: `A`, `AAAA`.
    pub kind: String,
    /// Milliseconds since the lab was made.
    pub millis: u64,
}

/// An error that the kernel gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Its name: `EROFS`; `E` with its number where it is none of the common ones.
    pub errno: String,
    /// In the words of the system.
    pub message: String,
}

/// Reply to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// The lab is made, or the thing is done.
    Done,
    /// The kernel refused.
    Refused(Refusal),
    /// The queries that the name servers received.
    Asked(Vec<Asked>),
    /// The system's state.
    State(HostState),
    /// The request cannot be carried out.
    Failed(String),
}
