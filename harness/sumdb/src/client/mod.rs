//! A client of a checksum database that verifies every answer.
//!
//! # A lookup
//!
//! `GET /lookup/PATH@VERSION` answers with a [record](crate::tlog::Record) and the
//! [signed](crate::note) [tree head](crate::tlog::TreeHead) under which it was read:
//!
//! ```text
//! 12
//! example.com/a v1.0.0 h1:…=
//! example.com/a v1.0.0/go.mod h1:…=
//!
//! go.sum database tree
//! 71999284
//! q5+IcsQ9SCXC+pYmNIRIRUbPnH/iVuVw/N2fPtPImqw=
//!
//! — example.com/sumdb Az3grn4G…
//! ```
//!
//! The client then, in this order:
//!
//! 1. verifies the signature by the one key it knows;
//! 2. checks that this tree and the newest it has ever seen ([`Store`]) are one log, the smaller
//!    the beginning of the larger: if not, the database has shown two histories, a [`Fork`];
//! 3. makes the inclusion proof of the record from authenticated [tiles](crate::tile), and checks
//!    it against the newest tree;
//! 4. picks the lines of exactly this module and version, of which there must be one.
//!
//! The newest tree head only ever moves forward. An older one that fits is accepted, since caches
//! on the way may serve it, unless the client is configured to refuse it ([`OlderHead`]).
//!
//! Tiles are hashed, and signatures verified, once for the same bytes as long as the client lives.
//! Whether a tile belongs to a tree is found out anew for each tree head.
//!
//! # Evidence
//!
//! [`Client::lookup_with_proof`] also returns all that a third party needs to check the answer
//! without the database: a [`LookupProof`], which [`check_proof`] judges offline.
//!
//! It does no HTTP ([`Fetch`] is the caller's) and knows no GONOSUMDB: whether to ask is decided
//! before.

mod error;
mod fetch;
mod fork;
mod head;
mod kept;
mod latest;
mod lookup;
mod proof;
mod serve;
mod store;
mod tiles;
mod view;

pub use error::{LookupError, OlderHead};
pub use fetch::{Fetch, FetchError, MAX_RESPONSE};
pub use fork::Fork;
pub use lookup::Client;
pub use proof::{LookupProof, ProofError, check_proof};
pub use store::{DirStore, MemoryStore, Store, StoreError, Swap};
