//! Requests from the harness: over HTTP as a client makes them, and byte by byte.
//!
//! Nothing is made easy for a server here: a target goes out as it is written, nothing is decoded,
//! followed or tried again, and whatever comes is kept as it came.

mod body;
mod http;
mod raw;
mod responses;
mod tls;

pub use http::{Ask, exchange};
pub use raw::{Send, send};
pub use tls::Credentials;
