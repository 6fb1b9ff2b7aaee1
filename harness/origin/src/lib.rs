//! A scriptable upstream for module proxies and their clients, and a relay.
//!
//! - [`Origin`] serves modules by the GOPROXY protocol (folders of txtar archives such as every Go
//!   distribution has, modules given inline, and the [`crafted`] ones) and their checksum database.
//!   It writes down every request, and does wrong what its rules say.
//! - [`Relay`] stands in front of another server, passes requests on as they are, and applies the
//!   same rules to the answers.
//! - [`Authority`] issues certificates for tests.
//!
//! Both speak HTTP/1.1 from threads on raw sockets, so that what is below HTTP can go wrong too:
//! lengths that lie, connections cut or reset, answers by the drop. This is no proxy to run: it
//! caches nothing, verifies nothing, and is meant for loopback only.

mod answer;
mod authority;
mod catalogue;
mod connection;
mod content;
mod control;
mod corpus;
pub mod crafted;
mod database;
mod origin;
mod protocol;
mod record;
mod relay;
mod release;
mod rules;
mod server;
mod stop;
mod sum;
mod target;
mod tls;
mod wire;
mod zipfile;

pub use authority::{Authority, CertificateError, CertificateSpec, Identity, Usage};
pub use corpus::CorpusError;
pub use origin::{Origin, OriginError, Setup};
pub use record::{Header, Request};
pub use relay::{Relay, RelayError};
pub use release::Module;
pub use tls::{BadTls, ClientCertificate, TlsError};
