//! An HTTP server with limits: connections, TLS and mutual TLS, reload, drain. It knows no path.
//!
//! [`Server::bind`] takes the address, [`Server::run`] serves a [`Handler`] until it is asked to stop
//! and then drains. HTTP/1.1 and HTTP/2 are spoken on the same port, with TLS (ALPN) and without
//! (prior knowledge).
//!
//! # What the server answers by itself
//!
//! | status | when |
//! | --- | --- |
//! | 400 | the request is malformed, or has no `Host`; plain HTTP came to a TLS port |
//! | 403 | a client certificate is asked for ([`Mode::Forbid`]) and there is none that will do |
//! | 408 | the head of a request took too long |
//! | 411, 413 | the request has a body of unknown length, or one longer than allowed |
//! | 414 | the target is too long |
//! | 431 | the head is too long, or has too many fields |
//! | 503 | there are too many connections |
//!
//! Each has a line of `text/plain`. HTTP/2 has a 431 without text, since it is made below us, and
//! ends what is malformed with a stream error.
//!
//! # What a request costs
//!
//! A handler that answers at once ([`Answer::Now`]) costs no future, no allocation and no span
//! beyond hyper's own; what is counted is counted per connection. Only a connection on which
//! something was late pays for a timer. What the handler has ready as bytes ([`Handler::at_hand`]) is
//! sent without hyper.
//!
//! # Memory
//!
//! A connection without a request under way for a second is taken apart: only the socket and its
//! timer remain. It is put together again when bytes arrive.

mod access;
mod activity;
mod connection;
mod counters;
mod fast_path;
mod frames;
mod handler;
mod listener;
mod memory;
mod metrics;
mod peer;
mod refusal;
mod request_id;
mod server;
mod service;
mod settings;
mod signal;
mod stop;
mod stream;
mod streams;
mod tls;
mod tracked;

pub use counters::{Count, Counters, Handshake, Late, Snapshot};
pub use fast_path::mapped::file_bytes;
pub use fast_path::prepared::Prepared;
pub use handler::{Answer, Boxed, Handler};
pub use listener::{BindError, handed_over};
pub use peer::Peer;
pub use request_id::RequestId;
pub use server::{Drained, Reload, Server};
pub use settings::{ClientAuth, HttpLimits, Mode, Settings, Tls};
pub use signal::{Hangup, stop_signal};
pub use tls::{TlsError, identities};
