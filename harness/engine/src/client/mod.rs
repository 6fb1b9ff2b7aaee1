//! Requests from the harness: over HTTP as a client makes them, and byte by byte.
//!
//! The client repairs nothing: it sends a target as it is written, decodes nothing, follows no
//! redirect, tries nothing again, and keeps each answer as it came.

mod body;
mod http;
mod raw;
mod responses;
mod tls;

pub use http::{Ask, exchange};
pub use raw::{Send, send};
pub use tls::Credentials;
