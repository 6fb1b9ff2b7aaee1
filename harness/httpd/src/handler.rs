//! The handler of a server's requests.

use crate::fast_path::prepared::Prepared;
use crate::peer::Peer;
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;

/// Answers requests.
pub trait Handler: Send + Sync + 'static {
    /// The body of its answers.
    type Body: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>
        + Send
        + Unpin
        + 'static;
    /// An answer that takes time. Room for one is kept in every connection, so it should be small:
    /// [`Boxed`] is.
    type Later: Future<Output = Response<Self::Body>> + Send + Unpin + 'static;

    /// Answers a request.
    ///
    /// Must not block.
    fn handle(
        &self,
        request: Request<Incoming>,
        peer: &Arc<Peer>,
    ) -> Answer<Self::Body, Self::Later>;

    /// Bytes of memory that a body holds now. Every byte it has, unless the handler overrides it.
    fn held(body: &Self::Body) -> usize {
        usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX)
    }

    /// The most bytes of memory that the next piece of a body will take; 0 where it is there.
    fn next_piece(body: &Self::Body) -> usize {
        let _ = body;
        0
    }

    /// The answer to a plain GET of this path, the same for every client, if it is at hand.
    /// [`Handler::handle`] would give the same.
    ///
    /// Must not block. The path is as it came, a query with it. Such a request has no header fields
    /// that matter, and costs a fraction of any other.
    fn at_hand(&self, path: &str) -> Option<Prepared> {
        let _ = path;
        None
    }
}

/// An answer.
#[derive(Debug)]
pub enum Answer<B, F = Boxed<B>> {
    /// The response is ready.
    Now(Response<B>),
    /// The future resolves to the response.
    Later(F),
}

/// An answer that takes time, on the heap.
pub type Boxed<B> = Pin<Box<dyn Future<Output = Response<B>> + Send>>;
